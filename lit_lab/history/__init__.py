"""Stores finished runs in SQLite: prompts, answers and maps.

`history.py` stores and finds runs, `rows.py` converts them to rows, `migrations.py` has the tables, and `database.py` opens,
locks, shrinks and replaces the file.
"""

from lit_lab.history.history import NO_ROOM_FOR_OWNER, History, Settings
from lit_lab.history.migrations import SCHEMA
from lit_lab.history.rows import sequence_of

__all__ = ["NO_ROOM_FOR_OWNER", "SCHEMA", "History", "Settings", "sequence_of"]
