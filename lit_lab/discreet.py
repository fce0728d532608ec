"""Logs that say where something failed, and never with what: what exceptions and libraries say may hold prompts."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from types import FrameType
from typing import Any, TextIO

LEFT_OUT = "…"
"""Stands in a log for a value."""

_OURS = "lit_lab"  # what these loggers say is written with this in mind
_MAX_LINKS = 20  # of a chain of exceptions, and of a group's


def trace(error: BaseException) -> str:
    """Return where an exception was raised, and its type: a traceback without any value.

    Left out are the texts of the exception, of those that it was raised from or beside, of a group's, and their notes.

    Args:
        error: What was raised.
    """
    return "\n".join(_links(error, set()))


def _links(error: BaseException, seen: set[int]) -> list[str]:
    """Return a chain of exceptions in lines, the first cause first."""
    if id(error) in seen or len(seen) >= _MAX_LINKS:
        return []
    seen.add(id(error))
    lines: list[str] = []
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        lines += _links(before, seen)
        lines.append("then:" if error.__cause__ is None else "from which came:")
    if error.__traceback__ is not None:
        lines.append("Traceback (most recent call last):")
        lines += "".join(traceback.format_tb(error.__traceback__)).splitlines()
    kind = type(error)
    lines.append(kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}")
    parts = getattr(error, "exceptions", None)  # a group's; Python 3.10 has no such type
    for part in parts if isinstance(parts, tuple) else ():
        if isinstance(part, BaseException):
            lines += [f"  {line}" for line in _links(part, seen)]
    return lines


def install() -> None:
    """Have nothing that this process logs hold a value that isn't LIT Lab's own, from now on.

    Records lose the texts of their exceptions. Those of other packages, such as LIT, lose the texts among their values, too, and a
    message that isn't written in the source as it is. Warnings and exceptions that end a thread are logged by place and type. Whichever handlers
    packages add, they get no more than that.
    """
    logging.setLogRecordFactory(_record)
    warnings.showwarning = _show_warning
    threading.excepthook = _end_of_thread
    sys.unraisablehook = _unraisable


def _record(
    name: str,
    level: int,
    path: str,
    line: int,
    message: object,
    args: Any,
    exc_info: Any = None,
    function: str | None = None,
    stack: str | None = None,
    **others: Any,
) -> logging.LogRecord:
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info if isinstance(exc_info, BaseException) else None
    if name.partition(".")[0] != _OURS:
        if not isinstance(message, str) or not _is_written(message, path, function):
            message, args = f"{LEFT_OUT} ({path}:{line})", ()
        if isinstance(args, tuple) and len(args) == 1 and isinstance(args[0], Mapping) and "%(" in message:
            args = ({key: _plain(value) for key, value in args[0].items()},)  # whose values the message names
        else:
            args = tuple(map(_plain, args or ()))
        if error is None and level >= logging.ERROR:
            # LIT puts a traceback among the values.
            error = sys.exc_info()[1]
    else:
        args = tuple(_named(value) for value in args) if isinstance(args, tuple) else args
    record = logging.LogRecord(name, level, path, line, message, args, None, function, stack, **others)
    if error is not None:
        record.exc_text = trace(error)  # formatters write it as it is, and make none of their own
    return record


def _is_written(message: str, path: str, function: str | None) -> bool:
    """Tell whether a message stands in the source that logs it: what is put together there may hold anything."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == path and frame.f_code.co_name == function:
            return message in frame.f_code.co_consts
        frame = frame.f_back
    return False


def _plain(value: object) -> object:
    """Return a value that another package logs, if it can't hold a text."""
    return value if value is None or isinstance(value, (bool, int, float)) else _Hidden()


def _named(value: object) -> object:
    """Return a value that LIT Lab logs; of an exception its type, but for the system's, which name a file."""
    return type(value).__name__ if isinstance(value, BaseException) and not isinstance(value, OSError) else value


class _Hidden:
    """Stands for a value in a record; a number, too, where the message's format wants one."""

    def __str__(self) -> str:
        return LEFT_OUT

    __repr__ = __str__

    def __int__(self) -> int:
        return 0

    def __float__(self) -> float:
        return 0.0


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    with contextlib.suppress(OSError):  # as Python's own does
        print(f"{filename}:{lineno}: {category.__name__}", file=file or sys.stderr)


def _end_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        name = args.thread.name if args.thread else "?"
        print(f"Exception in thread {name}:\n{trace(args.exc_value)}", file=sys.stderr)


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    if args.exc_value is not None:
        print(f"Exception ignored:\n{trace(args.exc_value)}", file=sys.stderr)
