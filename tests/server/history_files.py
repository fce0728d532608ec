"""Helpers for the history's file, of this version or an earlier one."""

import asyncio
import os
import sqlite3

import pytest
from sample_runs import record
from waiting import PATIENCE

from lit_lab.history import SCHEMA, History, Settings, database
from lit_lab.history.migrations import MIGRATIONS
from lit_lab.history.rows import row_of


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "history.sqlite"


@pytest.fixture
def open_history(path):
    """Open the history as a starting server does, and close it after the test."""
    made = []

    def open_it(**settings):
        made.append(History(Settings(path, **settings)))
        return made[-1]

    yield open_it
    loop = asyncio.new_event_loop()
    for history in made:
        loop.run_until_complete(history.close())
    loop.close()


@pytest.fixture
def history(open_history):
    return open_history()


def make_file_of_an_earlier_version(path, number=10):
    """Make a file of an earlier version, which doesn't release the space of deleted runs."""
    path.parent.mkdir(exist_ok=True)
    made = sqlite3.connect(path)
    made.executescript("".join(migration.sql for migration in MIGRATIONS) + f"PRAGMA user_version = {SCHEMA};")
    for n in range(number):
        row = row_of("me", record(f"r{n}", prompt=secret(n), created=1.0 + n))
        made.execute(f"INSERT INTO runs VALUES ({', '.join('?' * len(row))})", row)
    made.commit()
    made.close()


def secret(n):
    return f"secret {n} " + os.urandom(4_000).hex()


@pytest.fixture
def impatient(monkeypatch):
    """Fail at once if the file is locked."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)


@pytest.fixture
def patient(monkeypatch):
    """Wait for a lock for as long as it takes."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", PATIENCE)
