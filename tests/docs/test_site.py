"""The site: it is built without a warning, and whoever reads it asks no other host for anything."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ELSEWHERE = re.compile(r"\s*(?:[a-z]+:)?//", re.IGNORECASE)


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """As `make docs` does it. With --quiet warnings would be no errors."""
    return subprocess.run(
        [Path(sys.executable).parent / "mkdocs", "build", "--strict", "--site-dir", site],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT, folder)
    assert (built.returncode, re.sub(r"^INFO .*\n", "", built.stdout, flags=re.MULTILINE)) == (0, "")
    return folder


class Loads(HTMLParser):
    """What a browser fetches for a page without being asked to, and what makes the theme's script fetch more."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.classes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.classes.update(given.get("class", "").split())
        self.found += [given[name] for name in ("src", "srcset", "data", "poster") if name in given]
        if tag == "link" and given.get("rel") not in ("canonical", "next", "prev"):
            self.found.append(given.get("href", ""))
        if tag == "meta":
            self.found += re.findall(r"url=(.*)", given.get("content", ""))


def loaded_by(page: Path) -> Iterator[str]:
    loads = Loads()
    loads.feed(page.read_text())
    yield from loads.found
    # Diagrams and a repository's figures: the script would get them from unpkg.com, api.github.com.
    yield from ("//unpkg.com" for name in loads.classes & {"mermaid"})
    yield from ("//api.github.com" for name in loads.classes & {"md-source"})


def test_nothing_comes_from_another_host(site: Path) -> None:
    pages, sheets = sorted(site.rglob("*.html")), sorted(site.rglob("*.css"))
    loaded = [(page.name, each) for page in pages for each in loaded_by(page)]
    loaded += [
        (file.name, each.strip("'\""))
        for file in (*pages, *sheets)
        for each in re.findall(r"(?:url\(|@import )([^);]+)", file.read_text())
    ]
    assert pages
    assert sheets
    assert {name for name, _ in loaded} >= {"index.html", "404.html"}
    assert [each for each in loaded if ELSEWHERE.match(each[1])] == []


def test_every_page_is_to_be_found(site: Path) -> None:
    searched = json.loads((site / "search" / "search_index.json").read_text())["docs"]
    navigation = (site / "index.html").read_text()
    pages = {page.stem for page in ROOT.glob("docs/*.md")} - {"index"}
    assert {f"{page}/" for page in pages} <= {each["location"] for each in searched}
    assert {page for page in pages if f'href="{page}/"' not in navigation} == set()


@pytest.mark.parametrize(
    ("page", "text", "told"),
    [
        ("faults.md", "[x](nowhere.md)", "nowhere.md"),
        ("faults.md", "[x](accounts.md#nowhere)", "#nowhere"),
        ("faults.md", "[x](/accounts)", "/accounts"),
        ("orphan.md", "# Nobody leads here", "orphan.md"),
    ],
)
def test_what_leads_nowhere_is_an_error(page: str, text: str, told: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    with (tmp_path / "docs" / page).open("a") as file:
        file.write(f"\n{text}\n")
    built = build(tmp_path, tmp_path / "site")
    assert built.returncode == 1
    assert told in built.stdout
