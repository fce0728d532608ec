"""How the model service's process ended, or how an import in it failed, with its last output."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

_QUOTED_LINES = 3

_TRACEBACK = "Traceback (most recent call last)"
_FATAL = re.compile(
    r"^F\d{4} |^Fatal Python error|^Fatal: |terminate called|what\(\):|symbol lookup error|^ERROR: ld\.so|Check failed|"
    r"Unknown flags? in |error while loading shared libraries|pthread_create failed|Memory allocation (?:still )?failed|"
    r"compiled to use .* instructions"
)
_PYTHON_ERROR = re.compile(
    r"^[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning)\b(?::|$)|^\S+: No module named "
)
_PREFIX = re.compile(r"^[FEWI]\d{4} [\d:.]+\s+\d+\s+\S+\] ")
# What Python's faulthandler writes after a library's own message.
_BARE_SIGNAL = re.compile(r"^Fatal Python error: (Aborted|Segmentation fault|Illegal instruction|Bus error|Floating)")
_NOISE = re.compile(
    r"^(?:WARNING: All log messages before absl|[IW]\d{4} |Extension modules: |Current thread |Thread 0x|File \"|\*\*\* |"
    r"<no Python frame>|Binary file \")"
)


@dataclass(frozen=True)
class Ended:
    """How a start went wrong.

    Attributes:
        code: Exit status; negative: the signal; None: the process still runs, and an import in it failed.
        lines: The last lines of its output, including a Python error's traceback.
        environment: Its environment variables.
        limits: The system's limits on it, by the names in `LIMITS`, in bytes, seconds or numbers; without unlimited ones.
        foreign: Modules that the service needs and that PYTHONPATH has, too: folder by name.
        memory_limit: The configured limit, in bytes.
    """

    code: int | None
    lines: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: Mapping[str, int] = field(default_factory=dict)
    foreign: Mapping[str, str] = field(default_factory=dict)
    memory_limit: int | None = None

    @property
    def how(self) -> str:
        """In a few words, such as `killed by SIGKILL`; empty while the process runs."""
        if self.code is None:
            return ""
        if self.code >= 0:
            return f"exit code {self.code}"
        return f"killed by {signal_name(self.code)}"

    @property
    def cause(self) -> str:
        """Its output about the failure: a Python error's traceback, or everything from the first fatal line; else its last line.

        The log may also contain errors that the process handled. They don't count if a signal ended it.
        """
        lines = list(self.lines)
        begins = [number for number, line in enumerate(lines) if line.startswith(_TRACEBACK)]
        if begins and not self._killed:
            return "\n".join(lines[begins[-1] :])
        fatal = next((number for number, line in enumerate(lines) if _FATAL.search(line)), None)
        if fatal is not None:
            return "\n".join(lines[fatal:])
        return "" if self._killed else self.last_word

    @property
    def last_word(self) -> str:
        """The most informative line: a fatal one, else a Python error, else the last one."""
        lines = self._messages
        informative = [line for line in lines if self._is_informative(line)]
        specific = [line for line in informative if not _BARE_SIGNAL.match(line)]
        return next(iter([*specific[-1:], *informative[-1:], *lines[-1:]]), "")

    @property
    def quoted(self) -> str:
        """Its last output, for a message about an end without a known reason: a Python error, or the last lines."""
        last = self.last_word
        return last if _PYTHON_ERROR.match(last) else " | ".join(self._messages[-_QUOTED_LINES:])

    @property
    def _killed(self) -> bool:
        return self.code is not None and self.code < 0

    @property
    def _messages(self) -> list[str]:
        lines = (line.strip() for line in self.lines)
        return [_PREFIX.sub("", line) for line in lines if line and not _NOISE.match(line)]

    def _is_informative(self, line: str) -> bool:
        return bool(_FATAL.search(line) or (not self._killed and _PYTHON_ERROR.match(line)))


@dataclass(frozen=True)
class Limit:
    """A limit of the system: the attribute of `resource`, how a shell sets it, and how an amount of it is written."""

    attribute: str
    option: str
    words: Callable[[int], str]


LIMITS: Mapping[str, Limit] = {
    "memory": Limit("RLIMIT_AS", "ulimit -v", lambda amount: f"{amount / 2**20:,.0f} MiB of address space"),
    "data": Limit("RLIMIT_DATA", "ulimit -d", lambda amount: f"{amount / 2**20:,.0f} MiB of data"),
    "files": Limit("RLIMIT_NOFILE", "ulimit -n", lambda amount: f"{amount:,} open files"),
    "processes": Limit("RLIMIT_NPROC", "ulimit -u", lambda amount: f"{amount:,} processes and threads"),
    "processor": Limit("RLIMIT_CPU", "ulimit -t", lambda amount: f"{amount:,} seconds of processor time"),
    "file size": Limit("RLIMIT_FSIZE", "ulimit -f", lambda amount: f"{amount:,} bytes a file"),
}
"""The names in `Ended.limits`, besides `container`: the bytes of memory that a container has."""


def signal_name(code: int) -> str:
    """Return the name of a negative exit status."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
