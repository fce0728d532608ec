"""Which of several processes does something: the one that holds a file, and renews it.

No clocks are compared, for those of several machines differ. A holder writes its file anew from time to time; who sees the same file for
longer than the lease lasts, by its own clock, may take it. Taking is a rename, which succeeds for one process only.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from lit_lab.shared_files import open_regular, replace

MAX_BYTES = 4096


class Lease:
    """A lease. Its methods wait for a disk, so they are for threads.

    Args:
        file: The file. Its folder is there.
        seconds: How long a holder may not renew it before it is somebody else's. Renew it at least four times as often.
        clock: Returns seconds.
    """

    def __init__(self, file: Path, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._seconds = seconds
        self._clock = clock
        self._mark = secrets.token_hex(16)
        self._count = 0
        self._seen: tuple[bytes, float] | None = None

    def hold(self) -> bool:
        """Take the lease, or renew it. Returns whether this process holds it. Raises `OSError`."""
        found = self._read()
        if found is None:
            return self._make()
        if self._is_own(found):
            self._count += 1
            replace(self._file, self._content(), 0o600)
            return True
        now = self._clock()
        if self._seen is None or self._seen[0] != found:
            self._seen = found, now
        if now - self._seen[1] < self._seconds and not _is_dead(found):
            return False
        # Of several that see it, one can rename it. It may have been renewed just now, which the content says.
        old = self._file.with_name(f"{self._file.name}.{self._mark}.old")
        with contextlib.suppress(FileNotFoundError):
            self._file.rename(old)
            is_same = old.read_bytes() == found
            if not is_same:
                with contextlib.suppress(FileExistsError):
                    os.link(old, self._file)
            old.unlink()
            return is_same and self._make()
        return False

    def release(self) -> None:
        """Let another process have it at once. Raises `OSError`."""
        found = self._read()
        if found is not None and self._is_own(found):
            self._file.unlink(missing_ok=True)

    def _make(self) -> bool:
        """Make the file, unless another process is faster."""
        new = self._file.with_name(f"{self._file.name}.{self._mark}.new")
        try:
            replace(new, self._content(), 0o600)
            os.link(new, self._file)
        except FileExistsError:
            return False
        finally:
            new.unlink(missing_ok=True)
        return True

    def _read(self) -> bytes | None:
        try:
            with open_regular(self._file, may_be_link=False) as stream:
                return stream.read(MAX_BYTES)
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise OSError(f"{self._file} isn't a file") from error

    def _content(self) -> str:
        return json.dumps({"mark": self._mark, "count": self._count, "host": platform.node(), "process": os.getpid()})

    def _is_own(self, content: bytes) -> bool:
        return self._mark.encode() in content


def _is_dead(content: bytes) -> bool:
    """Whether a lease's holder was a process of this machine that has ended: then nobody has to wait."""
    try:
        values = json.loads(content)
        if values["host"] != platform.node():
            return False
        process = int(values["process"])
    except (ValueError, TypeError, KeyError):
        return False
    if process == os.getpid():
        return False  # another lease of this process; or a container's number again, whose lease ends by itself
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return os.name == "posix"
    except OSError:
        pass
    return False
