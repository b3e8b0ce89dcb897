"""Progress of long work, shown where somebody looks on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Moved = Callable[[int, int], None]
"""Is told how much is done, and of how much; 0 where that is not known."""


@contextmanager
def progress(what: str, *, of_bytes: bool = False) -> Iterator[Moved]:
    """A line on the terminal while the work goes on, with a bar from when it is known how much there is."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    # Imported here, since few commands take long.
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    counted = DownloadColumn() if of_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), counted, TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total or None)
