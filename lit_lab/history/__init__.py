"""Finished runs, in SQLite: what was asked and answered, and every map that was computed of it.

`history.py` says what is stored and found, `rows.py` how it lies in the tables, `migrations.py` which tables there are, and
`database.py` how the file is opened, locked, shrunk and replaced.
"""

from lit_lab.history.history import NO_ROOM_FOR_OWNER, History, Settings
from lit_lab.history.migrations import SCHEMA
from lit_lab.history.rows import sequence_of

__all__ = ["NO_ROOM_FOR_OWNER", "SCHEMA", "History", "Settings", "sequence_of"]
