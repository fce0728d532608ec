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
from .folders import About, why


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
        raise Problem(
            507,
            "not_exported",
            f"The file can't be written to the Jupyter server's folder for temporary files: {why(error)}.",
            "Free some space there, or start the server with TMPDIR set to another folder.",
        ) from error
    return _file_name(about, kind), file


def _file_name(about: About, kind: str) -> str:
    stem = f"{Path(about.name).stem}-{about.plan.model}"
    safe = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "_" for letter in stem)
    return f"{safe[:80].strip('_') or 'batch'}.{kind}"
