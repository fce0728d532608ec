"""The files that hold a batch's records: Parquet, or JSON lines where there is no pyarrow."""

from __future__ import annotations

import io
import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

from lit_lab.batches.record import Record
from lit_lab.problem import Problem
from lit_lab.shared_files import keep_name, open_regular

Format = Literal["parquet", "jsonl"]

MAX_LINE = 64 * 2**20
"""Maximum characters of a line that is read."""

_ROWS = 64  # of a Parquet file that are in memory at one time

_ALONE = {"use_threads": False, "pre_buffer": False}
"""How tables are read. Files are small. Where threads of pyarrow's have read a Python stream, its pools may abort or block the process as it ends:
"terminate called without an active exception" (apache/arrow#34314, #50482)."""


def best_format() -> Format:
    """Return the format of a new batch."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return "jsonl"
    return "parquet"


def write(path: Path, records: Iterable[Record], kind: Format) -> None:
    """Write a file as a whole or not at all, even if the machine stops in the middle. Raises `OSError`."""

    def content(stream: IO[bytes]) -> None:
        if kind == "parquet":
            write_parquet(stream, records)
        else:
            stream.writelines(
                (json.dumps(record.as_json(), ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
                for record in records
            )

    write_whole(path, content)


def write_whole(path: Path, content: Callable[[IO[bytes]], object]) -> None:
    """Write a file as a whole or not at all. Its permissions are those of any new file.

    Args:
        path: The file.
        content: Writes the content to a stream.

    Raises:
        OSError: It can't be written. What was there stays.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    try:
        with half.open("wb") as stream:
            content(stream)
            stream.flush()
            os.fsync(stream.fileno())
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    keep_name(path.parent)


def read(path: Path, first: int = 0, most: int | None = None) -> Iterator[Record]:
    """Yield a file's records.

    Args:
        path: The file.
        first: How many are left out at its beginning, which takes little time.
        most: How many are yielded at most; None: all.

    Raises:
        ValueError: It isn't such a file.
        OSError: It can't be read.
    """
    stop = None if most is None else first + most
    if path.suffix == ".parquet":
        yield from itertools.islice(_read_parquet(path, first), most)
        return
    with io.TextIOWrapper(open_regular(path), encoding="utf-8") as stream:
        for number, line in enumerate(_lines(stream)):
            if number < first:
                continue
            if stop is not None and number >= stop:
                return
            try:
                values = json.loads(line)
            except RecursionError as error:
                raise ValueError("a line is nested too deep") from error
            if not isinstance(values, dict):
                raise ValueError("a line isn't a record of a batch")
            yield Record.of_json(values)


def _lines(stream: IO[str]) -> Iterator[str]:
    while line := stream.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise ValueError(f"a line has more than {MAX_LINE:,} characters")
        yield line


def read_rows(path: Path) -> list[tuple[int, bool]]:
    """Return the row of each record, and whether it failed. Raises as `read`."""
    if path.suffix != ".parquet":
        return [(record.row, record.error != "") for record in read(path)]
    return [(_row(values), values["error"] != "") for values in _columns(path, ["row", "error"])]


def read_results(path: Path) -> list[tuple[int, str, str, list[tuple[str, bool]]]]:
    """Return the row, the error, the answer and what came out of the checks of each record. Raises as `read`."""
    if path.suffix != ".parquet":
        return [
            (record.row, record.error, record.answer, [(check.name, check.passed) for check in record.checks])
            for record in read(path)
        ]
    return [
        (
            _row(values),
            str(values["error"]),
            str(values["answer"]),
            [(str(check["name"]), bool(check["passed"])) for check in values["checks"] or ()],
        )
        for values in _columns(path, ["row", "error", "answer", "checks"])
    ]


def _row(values: dict[str, Any]) -> int:
    try:
        return int(values["row"])
    except (TypeError, OverflowError) as error:
        raise ValueError("its rows have no numbers") from error


def _columns(path: Path, names: list[str]) -> list[dict[str, Any]]:
    parquet = _parquet()
    import pyarrow

    try:
        with open_regular(path) as stream:
            found: list[dict[str, Any]] = parquet.read_table(stream, columns=names, **_ALONE).to_pylist()
    except pyarrow.ArrowException as error:
        raise ValueError(str(error)) from error
    if found and len(found[0]) != len(names):
        raise ValueError("it isn't a file of a batch's records")
    return found


def parquet_schema() -> Any:
    """Return the columns of records in Parquet. Raises `Problem` where there is no pyarrow."""
    _parquet()
    import pyarrow

    part = pyarrow.struct(
        [
            ("id", pyarrow.string()),
            ("text", pyarrow.string()),
            ("start", pyarrow.int64()),
            ("share", pyarrow.float64()),
            ("effect", pyarrow.float64()),
        ]
    )
    check = pyarrow.struct([("name", pyarrow.string()), ("passed", pyarrow.bool_()), ("message", pyarrow.string())])
    return pyarrow.schema(
        [
            ("row", pyarrow.int64()),
            ("line", pyarrow.int64()),
            *((name, pyarrow.string()) for name in ("prompt", "target", "answer", "reason")),
            ("num_tokens", pyarrow.int64()),
            ("logprob", pyarrow.float64()),
            ("parts", pyarrow.list_(part)),
            ("checks", pyarrow.list_(check)),
            ("error", pyarrow.string()),
        ]
    )


def write_parquet(stream: IO[bytes], records: Iterable[Record], size: int = _ROWS) -> None:
    """Write records to a stream, a bounded number of them in memory. Raises `Problem` where there is no pyarrow."""
    schema = parquet_schema()
    import pyarrow

    with _parquet().ParquetWriter(stream, schema, compression="zstd") as writer:
        left = iter(records)
        while some := list(itertools.islice(left, size)):
            writer.write_table(pyarrow.Table.from_pylist([record.as_json() for record in some], schema=schema))


def _read_parquet(path: Path, first: int) -> Iterator[Record]:
    parquet = _parquet()
    import pyarrow

    try:
        with open_regular(path) as stream, parquet.ParquetFile(stream, pre_buffer=False) as file:
            # Its rows are in groups, of which those before the first one aren't read.
            groups = list(range(file.num_row_groups))
            while groups and first >= (size := file.metadata.row_group(groups[0]).num_rows):
                first -= size
                groups.pop(0)
            for batch in file.iter_batches(_ROWS, row_groups=groups, use_threads=False) if groups else ():
                for values in batch.slice(min(first, batch.num_rows)).to_pylist():
                    yield Record.of_json(values)
                first -= min(first, batch.num_rows)
    except pyarrow.ArrowException as error:
        raise ValueError(str(error)) from error


def _parquet() -> Any:
    try:
        from pyarrow import parquet
    except ImportError:
        raise Problem(
            422,
            "no_pyarrow",
            "This batch is stored in Parquet files, which need pyarrow.",
            "Install it: pip install lit_lab[parquet]",
        ) from None
    return parquet
