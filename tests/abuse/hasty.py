"""Atoll with a shorter patience, for tests that wait for the end of it: `python -m tests.abuse.hasty up …`."""

from __future__ import annotations

from functools import partial

from atoll.cli import main
from atoll.gateway import embedded
from atoll.gateway.server import Limits

HASTE = {"head_time": 2.0, "body_time": 3.0, "write_time": 3.0, "linger_time": 1.0}
"""Seconds."""

if __name__ == "__main__":
    embedded.Limits = partial(Limits, **HASTE)  # type: ignore[assignment, misc]
    main()
