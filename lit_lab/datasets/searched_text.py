"""The searched text of a table's rows, case-folded.

It is in large pieces, because searching one piece is many times as fast as searching each row.
"""

from __future__ import annotations

import array
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

TABLE = "CREATE TABLE pieces (id INTEGER PRIMARY KEY, rows BLOB, ends BLOB, folded BLOB) STRICT;\n"

_PIECE = 1 << 20  # bytes of text that are searched at once


def add(database: sqlite3.Connection, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
    """Add rows with their ids and texts."""
    ids, ends, folded = array.array("q"), array.array("q"), bytearray()

    def write() -> None:
        database.execute(
            "INSERT INTO pieces (rows, ends, folded) VALUES (?, ?, ?)",
            (ids.tobytes(), ends.tobytes(), bytes(folded)),
        )

    for number, texts in rows:
        folded += "\n".join(texts).casefold().encode(errors="replace") + b"\n"
        ids.append(number)
        ends.append(len(folded))
        if len(folded) >= _PIECE:
            write()
            ids, ends, folded = array.array("q"), array.array("q"), bytearray()
    if ids:
        write()


def remove(database: sqlite3.Connection, row_id: int) -> None:
    """Remove a row by overwriting its text with blanks."""
    # A changed row is also in a later piece, so search from the end.
    pieces = database.execute("SELECT id, rows FROM pieces ORDER BY id DESC").fetchall()
    found = ((piece, array.array("q", ids)) for piece, ids in pieces)
    piece, numbers = next((piece, numbers) for piece, numbers in found if row_id in numbers)
    ends, folded = database.execute("SELECT ends, folded FROM pieces WHERE id = ?", (piece,)).fetchone()
    index, bounds = numbers.index(row_id), array.array("q", ends)
    start, end = bounds[index - 1] if index else 0, bounds[index]
    blank = folded[:start] + b" " * (end - start) + folded[end:]
    database.execute("UPDATE pieces SET folded = ? WHERE id = ?", (blank, piece))


def search(database: sqlite3.Connection, words: Sequence[str], num_rows: int, check: Callable[[], None]) -> bytearray:
    """Mark the rows that contain all words: 1 at their ids, 0 at others.

    Args:
        database: The database.
        words: Case-folded words, the longest first.
        num_rows: The largest id.
        check: Called before each piece. May raise an exception to cancel the search.
    """
    first, *others = (word.encode(errors="replace") for word in words)
    marks = bytearray(num_rows + 1)
    for ids, bounds, folded in database.execute("SELECT rows, ends, folded FROM pieces"):
        check()
        if any(folded.find(needle) < 0 for needle in others):
            continue
        ends = array.array("q", bounds)
        hits = _hits(first, folded, ends)
        for needle in others:
            hits = [at for at in hits if folded.find(needle, ends[at - 1] if at else 0, ends[at]) >= 0]
        if hits:
            numbers = array.array("q", ids)
            for at in hits:
                marks[numbers[at]] = 1
    return marks


def _hits(needle: bytes, folded: bytes, ends: array.array[int]) -> list[int]:
    """Return the indices of the rows that contain the needle. `ends` has the end of each row's text."""
    hits = []
    row = 0
    at = folded.find(needle)
    while at >= 0:
        # A frequent word is in the next row; a rare one is far away.
        if at >= ends[row]:
            row = bisect_right(ends, at, row)
        hits.append(row)
        at = folded.find(needle, ends[row])
        row += 1
    return hits
