"""Decodes a Parquet file and writes its rows as JSON, a line each: `python parquet_child.py PATH MEMORY LONGEST`.

`parquet_rows.py` runs this as a script, without the rest of this package. The first line has the columns and the number of rows,
the next ones each have a row's list of values, and the last one marks the end, or an error.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

_ROWS = 256  # rows to decode at once
_MAX_COLUMNS = 10_000


def main(path: str, memory: int, longest: int) -> None:
    """Write a file's rows to standard output.

    Args:
        path: The file.
        memory: Maximum address space in bytes, if the system can limit it.
        longest: Maximum length of a row in characters.
    """
    _bound(memory)
    # When standard input ends, the process that reads the rows has ended.
    threading.Thread(target=_leave_with, args=(sys.stdin.buffer,), daemon=True).start()
    say = _Voice()
    try:
        _read(path, longest, say)
    except MemoryError as error:
        say({"error": "memory", "reason": str(error)})
    except RecursionError:
        say({"error": "deep", "reason": ""})
    say.flush()
    os._exit(0)  # skip the library's cleanup


def _read(path: str, longest: int, say: _Voice) -> None:
    import pyarrow
    from pyarrow import ArrowException, parquet

    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    state = "open"
    try:
        file = parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
        names = [str(name) for name in file.schema_arrow.names]
        if len(names) > _MAX_COLUMNS:
            say({"error": "wide", "reason": f"{len(names):,} columns; {_MAX_COLUMNS:,}"})
            return
        say({"columns": names, "rows": file.metadata.num_rows})
        state = "damaged"
        has_bytes = "binary" in str(file.schema_arrow)
        for batch in file.iter_batches(batch_size=max(1, min(_ROWS, 100_000 // max(1, len(names)))), use_threads=False):
            columns = [batch.column(index) for index in range(batch.num_columns)]
            is_large = batch.nbytes > longest
            for row in range(batch.num_rows):
                # As Python objects and as JSON, the row would take several times its size.
                if is_large and batch.slice(row, 1).nbytes > 4 * longest:
                    say({"long": batch.slice(row, 1).nbytes})
                    continue
                values = [column[row].as_py() for column in columns]
                line = json.dumps(
                    [_plain(value) for value in values] if has_bytes else values, ensure_ascii=False, default=str
                )
                if len(line) > longest:
                    say({"long": len(line)})
                else:
                    say.line(line)
    except MemoryError:  # including the library's own
        raise
    except (ArrowException, OSError, ValueError, NotImplementedError) as error:
        say({"error": state, "reason": str(error)[:1000].rstrip(".")})
        return
    say({"end": True})


class _Voice:
    """Writes messages, one per line."""

    def __init__(self) -> None:
        self._file = sys.stdout.buffer

    def __call__(self, what: dict[str, Any]) -> None:
        self.line(json.dumps(what))
        self.flush()

    def line(self, line: str) -> None:
        self._file.write(line.encode(errors="replace") + b"\n")

    def flush(self) -> None:
        self._file.flush()


def _plain(value: Any) -> Any:
    """Return a value with its bytes decoded as text. Bytes that aren't text become a note with their number."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"bytes": len(value)}
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _bound(memory: int) -> None:
    """Limit the address space, and disable core files, which would contain the user's texts."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, memory)):
        hard = resource.getrlimit(what)[1]
        try:
            resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
        except (ValueError, OSError):  # macOS has the second limit, and refuses to set it
            continue


def _leave_with(pipe: Any) -> None:
    pipe.read()
    os._exit(1)


if __name__ == "__main__":
    # Modules beside the script must not replace libraries. Python 3.10 has no option for that.
    if Path(sys.path[0]).resolve() == Path(__file__).resolve().parent:
        del sys.path[0]
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
