"""A batch's records as a file, to be sent."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO

from lit_lab.batches import export
from lit_lab.batches.index import UnreadableError
from lit_lab.problem import Problem

from . import pages
from .batch import StoredBatch, damaged_part
from .folders import why


def exported(batch: StoredBatch, kind: export.Kind) -> tuple[str, IO[bytes]]:
    """Return all records as a file without a name, and a name for it; the caller closes it. Raises `Problem`."""
    about, index = batch.about, batch.index
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        try:
            export.write(file, kind, index, bool(about.plan.template), pages.line_of(batch))
            file.seek(0)
        except BaseException:
            file.close()
            raise
    except UnreadableError as error:
        raise damaged_part(error) from error
    except OSError as error:
        raise not_exported(error) from error
    return file_name(about.name, about.plan.model, kind), file


def not_exported(error: OSError) -> Problem:
    """Return the problem of a file that can't be written."""
    return Problem(
        507,
        "not_exported",
        f"The file can't be written to the server's folder for temporary files: {why(error)}.",
        "Free some space there, or start the server with TMPDIR set to another folder.",
    )


def known_kind(kind: str) -> export.Kind:
    """Return the kind of a file that somebody names. Raises `Problem`."""
    known = next((each for each in export.KINDS if each == kind), None)
    if known is None:
        raise Problem(404, "unknown_format", "There is no such format.", "Use csv, jsonl or parquet.")
    return known


def file_name(name: str, model: str, kind: str) -> str:
    """Return a file's name for the records of a dataset's batch."""
    stem = f"{Path(name).stem}-{model}"
    safe = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "_" for letter in stem)
    return f"{safe[:80].strip('_') or 'batch'}.{kind}"
