"""Every page of the documentation holds: its commands run, and print what it says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from pages import LeftOut, Run, read
from play import play

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("docs/**/*.md")))]

NOT_RUN = {
    ("README.md", "make test"): "this page is part of it",
    ("docs/getting-started.md", "make setup"): "it installs what runs this page",
    ("docs/performance.md", "make bench"): "it takes minutes, and is no check",
}
"""All that the pages leave out, and why; what is not here, is run."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_holds(page: str) -> None:
    commands = [command.text for step in read(ROOT / page, page) if isinstance(step, Run) for command in step.commands]
    if not shutil.which("curl") and any("curl " in text for text in commands):
        pytest.skip("this machine has no curl")
    # What is printed pytest shows where the page does not hold.
    play(ROOT / page, print)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_pages_that_are_not_of_the_site(page: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_what_is_not_run() -> None:
    left_out = {
        (page, step.text.splitlines()[0].partition("#")[0].strip()): step.reason
        for page in PAGES
        for step in read(ROOT / page, page)
        if isinstance(step, LeftOut)
    }
    assert left_out == NOT_RUN, "a page leaves out something else than what is listed here"
