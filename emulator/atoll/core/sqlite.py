"""SQLite, set up for the whole process, which has to be done before the first connection is made: `apsw` is imported
from here."""

from __future__ import annotations

import apsw

__all__ = ["apsw"]

_IN_MEMORY = -1

apsw.shutdown()
# Of calls that share a transaction each has a savepoint. What undoes it is written to a file by default, and a file
# costs more than all else that such a call does.
apsw.config(apsw.SQLITE_CONFIG_STMTJRNL_SPILL, _IN_MEMORY)
apsw.initialize()
