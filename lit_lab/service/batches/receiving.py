"""Rows that a Jupyter server sends: within bounds on the disk first, then checked one by one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from lit_lab.batch_store.copied_rows import Copied, RowsWriter, size_of
from lit_lab.batch_store.folders import BatchFolder, not_stored
from lit_lab.datasets import json_rows
from lit_lab.problem import Problem
from lit_lab.protocol import BatchOrder, describe_validation
from lit_lab.surrogates import check_texts, replaced
from lit_lab.timeouts import within

MAX_ORDER = 2 * 2**20
"""Maximum bytes of the first line."""

MAX_ROW = 16 * 2**20
"""Maximum bytes of a row."""

MAX_SECONDS = 900.0
"""Maximum seconds that a request's rows may take to come."""

DRAIN_SECONDS = 60.0  # for the rest of a body that is refused

_BUFFER = 2**20


@asynccontextmanager
async def received(chunks: AsyncIterator[bytes], root: Path, max_bytes: int) -> AsyncIterator[IO[bytes]]:
    """Yield a request's body as a file without a name, which is gone however the process ends.

    Raises:
        Problem: The body is larger, takes too long, or can't be stored.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = tempfile.TemporaryFile(dir=root)  # noqa: SIM115 - closed below
    except OSError as error:
        raise not_stored(error) from error

    async def receive() -> None:
        size, waiting = 0, bytearray()
        async for chunk in chunks:
            size += len(chunk)
            if size > max_bytes:
                raise Problem(
                    413,
                    "too_large",
                    f"The rows are larger than {size_of(max_bytes)}, which is what you may still store in the shared service.",
                    "Choose fewer rows, or delete batches that you no longer need.",
                )
            waiting += chunk
            if len(waiting) >= _BUFFER:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(file.write, bytes(waiting))

    with file:
        try:
            await within(MAX_SECONDS, receive())
            file.seek(0)
        except asyncio.TimeoutError:
            raise Problem(
                408, "too_slow", "The rows took too long to come.", "Try again, or choose fewer rows."
            ) from None
        except OSError as error:
            raise not_stored(error) from error
        yield file


async def drained(chunks: AsyncIterator[bytes]) -> None:
    """Read the rest of a request's body, and drop it; not for ever."""

    async def drain() -> None:
        async for _ in chunks:
            pass

    with contextlib.suppress(asyncio.TimeoutError):
        await within(DRAIN_SECONDS, drain())


def order_of(file: IO[bytes]) -> BatchOrder:
    """Return what is ordered: the first line. Raises `Problem`."""
    line = file.readline(MAX_ORDER + 1)
    if len(line) > MAX_ORDER:
        raise Problem(413, "too_large", "What is to be computed is described at too great a length.", "Shorten it.")
    content = _loaded(line, "The first line")
    check_texts(content)
    try:
        return BatchOrder.model_validate(content)
    except ValidationError as error:
        raise Problem(422, "bad_request", describe_validation(error)) from error


def write_rows(file: IO[bytes], order: BatchOrder, folder: BatchFolder, max_rows: int, max_bytes: int) -> Copied:
    """Write the rows, which follow the first line, to a batch's folder. Raises `Problem` and `OSError`."""
    with RowsWriter(folder, max_rows, max_bytes) as writer:
        for line, fields in _rows(file):
            writer.add(line, fields)
        total, digest = writer.finish()
    return Copied(total, digest, order.used_prompt or "", order.used_target or "", order.used_template or "")


def _rows(file: IO[bytes]) -> Iterator[tuple[int, dict[str, object]]]:
    number = 0
    while content := file.readline(MAX_ROW + 1):
        number += 1
        if len(content) > MAX_ROW:
            raise Problem(413, "too_large", f"Row {number:,} is larger than {size_of(MAX_ROW)}.", "Leave it out.")
        row = _loaded(content, f"Row {number:,}")
        if not isinstance(row, list) or len(row) != 2 or type(row[0]) is not int or not 0 <= row[0] < 2**62:
            raise Problem(422, "bad_request", f"Row {number:,} isn't a line's number and its columns.")
        if not isinstance(row[1], dict):
            raise Problem(422, "bad_request", f"The columns of row {number:,} aren't an object.")
        yield row[0], row[1]


def _loaded(content: bytes, what: str) -> object:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(422, "bad_request", f"{what} isn't text in UTF-8.") from None
    found = json_rows.load(text)
    if isinstance(found, json_rows.Wrong):
        raise Problem(422, "bad_request", f"{what} can't be used. {found}")
    if b"\\ud" in content.lower():  # half of a surrogate pair couldn't be sent back
        found = json.loads(replaced(json.dumps(found, ensure_ascii=False)))
    return found
