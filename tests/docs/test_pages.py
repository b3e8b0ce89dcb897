"""Every page of the documentation holds: its commands run, and print what it says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pages import LeftOut, Run, read
from play import play

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("docs/**/*.md")))]

NOT_RUN = {
    ("README.md", "make test"): "this page is part of it",
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


def test_what_is_not_run() -> None:
    left_out = {
        (page, step.text.partition("#")[0].strip()): step.reason
        for page in PAGES
        for step in read(ROOT / page, page)
        if isinstance(step, LeftOut)
    }
    assert left_out == NOT_RUN, "a page leaves out something else than what is listed here"
