"""Why the model service's process ended, or why its libraries can't be imported, and what the user can do about it.

`explain` is a pure function; `lit_lab.supervision.surroundings` gathers its input. The Jupyter server uses it for a process that
died, the service itself for an import that failed.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from lit_lab.supervision.ended import LIMITS, Ended

Again = Literal["never", "once", "always"]
"""Whether another start can succeed. `never`: no. `once`: perhaps, unless it ends in the same way. `always`: yes, as when
memory was short."""

AMPLE = 64 * 2**30
"""Bytes of address space above which a limit can't be the reason: TensorFlow reserves about 10 GiB."""

_OUT_OF_MEMORY = re.compile(
    r"MemoryError|ResourceExhausted|std::bad_alloc|Cannot allocate memory|Memory allocation (?:still )?failed|"
    r"failed to map segment|[Uu]nable to mmap|out of memory",
)
_PATH = re.compile(r"/[^\s'\"()]+\.(?:pyc?|pyd|so)\b")
_NAME = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_AFTER = "Then restart the Jupyter server."


@dataclass(frozen=True)
class Diagnosis:
    """What ended a process, or what stops an import.

    `error` is a short stable code. `message` says what happened, `hint` what the user can do.
    """

    error: str
    message: str
    hint: str
    again: Again = "never"


def explain(ended: Ended) -> Diagnosis | None:
    """Return why a process ended or an import failed; None: the reason is unknown."""
    for rule in _RULES:
        if found := rule(ended):
            return found
    return None


def unforeseen(ended: Ended) -> Diagnosis:
    """Return the diagnosis of an end that `explain` has no reason for: how it ended, and its last output."""
    detail = f": {ended.quoted}" if ended.quoted else "."
    return Diagnosis(
        "service_died",
        f"The model service ended unexpectedly ({ended.how}){detail}",
        "See its log for details.",
        "once",
    )


# --- Reasons, the most certain first ---


def _flags(ended: Ended) -> Diagnosis | None:
    text = "\n".join(ended.lines)
    match = re.search(r"Unknown flags? in (\w+): *(.*)", text) or re.search(
        r"(?:[Cc]ouldn't interpret|Invalid) value .*? for flag '?-{0,2}((?:tf_)?xla_\w+)", text
    )
    if match is None:
        return None
    if match.re.groups == 1:
        name = "TF_XLA_FLAGS" if match[1].startswith("tf_") else "XLA_FLAGS"
        what = f"has an invalid value: {match[0]}"
    else:
        name, what = match[1], f"has an unknown flag: {match[2].strip()}"
    return _variable(name, what)


def _interpreter(ended: Ended) -> Diagnosis | None:
    text = "\n".join(ended.lines)
    if not re.search(r"init_fs_encoding|No module named 'encodings'|init_import_site|SRE module mismatch", text):
        return None
    if name := next((name for name in ("PYTHONHOME", "PYTHONPATH") if ended.environment.get(name)), ""):
        return _variable(name, f"makes Python use another installation's libraries: {ended.last_word}")
    return Diagnosis(
        "service_python",
        f"The model service's Python is incomplete: {ended.last_word}",
        "Install that Python again, or give the service a separate environment: lit-lab setup-service.",
    )


def _foreign(ended: Ended) -> Diagnosis | None:
    """A module on PYTHONPATH that the error names, or that raised it."""
    if ended.code is not None and ended.code < 0:
        return None
    line = ended.last_word
    name, folder = _from_pythonpath(ended) or next(
        (
            (name, where)
            for name, where in ended.foreign.items()
            if re.search(rf"['\"` ]{re.escape(name)}['\"`.]", line)
        ),
        ("", ""),
    )
    if not name:
        return None
    return Diagnosis(
        "foreign_libraries",
        f"The folder {folder} on PYTHONPATH has its own {name}, which hides the model service's: {line}",
        "Remove that folder from the environment variable PYTHONPATH and restart the Jupyter server. Or give the "
        "service a separate environment, which ignores PYTHONPATH: lit-lab setup-service.",
    )


def _from_pythonpath(ended: Ended) -> tuple[str, str] | None:
    """Return the module and the folder on PYTHONPATH that the error's last frame or last line leads to."""
    frames = [line for line in ended.cause.splitlines() if line.lstrip().startswith('File "')]
    for path in _PATH.findall("\n".join([ended.last_word, *frames[-1:]])):
        for folder in ended.environment.get("PYTHONPATH", "").split(os.pathsep):
            inside = path.removeprefix(folder.rstrip("/") + "/") if folder else path
            name = inside.partition("/")[0].removesuffix(".py")
            # A whole Python may be somewhere below such a folder, as in a home folder, and so may LIT Lab itself.
            installed = "/site-packages/" in inside or "/lib/python" in f"/{inside}"
            if inside != path and name.isidentifier() and name != "lit_lab" and not installed:
                return name, folder
    return None


def _processor(ended: Ended) -> Diagnosis | None:
    text = "\n".join(ended.lines)
    lacks = re.search(r"compiled to use ([\w. ,]+?) instructions, but these aren't available", text)
    if ended.code != -getattr(signal, "SIGILL", 4) and lacks is None:
        return None
    what = f": {lacks[1]}" if lacks else ""
    return Diagnosis(
        "service_processor",
        f"This machine's processor lacks instructions that the model service's libraries use{what}.",
        "Run Jupyter, or the service alone (c.LitLab.service_url), on a machine with a newer processor; or try another "
        "c.LitLab.backend.",
    )


def _limits(ended: Ended) -> Diagnosis | None:
    """Limits of the system other than memory."""
    text = ended.cause
    killed = -(ended.code or 0)
    if killed == getattr(signal, "SIGXCPU", -1):
        return _limit(ended, "processor", "used up its processor time")
    if killed == getattr(signal, "SIGXFSZ", -1) or "File too large" in text:
        return _limit(ended, "file size", "wrote a file that is too large")
    if re.search(r"Too many open files", text):
        return _limit(ended, "files", "has too many open files")
    # A process without memory can't start threads either; `_memory` recognizes that.
    if "memory" not in ended.limits and re.search(
        r"can't start new thread|pthread_create|[Tt]hread .*creation.* failed|Resource temporarily unavailable|"
        r"BlockingIOError: \[Errno 11\]",
        text,
    ):
        return _limit(ended, "processes", "can't start a thread")
    return None


def _memory(ended: Ended) -> Diagnosis | None:
    limited = next((name for name in ("memory", "data") if ended.limits.get(name, AMPLE) < AMPLE), "")
    short = any(_OUT_OF_MEMORY.search(line) for line in ended.lines[-60:])
    crashed = ended.code is not None and -ended.code in (signal.SIGSEGV, signal.SIGABRT, getattr(signal, "SIGBUS", -1))
    thread = "can't start new thread" in ended.cause or "pthread_create" in ended.cause
    if limited and (short or crashed or thread):
        return _limit(ended, limited, "ran out of memory")
    if ended.code == -getattr(signal, "SIGKILL", 9):
        return _killed(ended)
    if not short:
        return None
    how = f" ({ended.how})" if ended.how else ""
    return Diagnosis(
        "service_died",
        f"The model service ran out of memory{how}.{_known_limits(ended)}",
        "Close other programs that use memory, choose a smaller model or a lower c.LitLab.max_length"
        + (", or raise c.LitLab.memory_limit." if ended.memory_limit else "."),
        "always",
    )


def _killed(ended: Ended) -> Diagnosis:
    processor = ""
    if "processor" in ended.limits:  # where soft and hard limit are the same, Linux sends SIGKILL
        words = LIMITS["processor"]
        processor = f", or because it may use {words.words(ended.limits['processor'])} at most ({words.option})"
    return Diagnosis(
        "service_died",
        f"The model service was {ended.how}, most likely because memory ran out{processor}.{_known_limits(ended)}",
        "Close other programs that use memory, or choose a smaller model or a lower c.LitLab.max_length."
        + (f" Or raise the limit that {LIMITS['processor'].option} shows." if processor else ""),
        "never" if processor and _is_start(ended) else "always",
    )


def _is_start(ended: Ended) -> bool:
    """Whether a start alone can use up the limit of processor time."""
    return ended.limits["processor"] < 120


def _known_limits(ended: Ended) -> str:
    limits = ""
    if ended.memory_limit:
        limits += f" The limit is {ended.memory_limit:,} bytes (c.LitLab.memory_limit)."
    if container := ended.limits.get("container"):
        limits += f" The container has {container / 2**20:,.0f} MiB."
    return limits


def _disk(ended: Ended) -> Diagnosis | None:
    full = re.search(r"(?:No space left on device|Disk quota exceeded)(?:: *'([^']+)')?", ended.cause)
    if full:
        where = full[1] or ended.environment.get("TMPDIR") or "the folder for temporary files, or the home folder"
        return Diagnosis(
            "service_no_room",
            f"The model service can't write, because the disk is full: {full[0]}",
            f"Free some space in {where}; the service starts when it is next needed or started in the panel.",
        )
    none = re.search(r"No usable temporary directory found in (\[.*?\])", ended.cause)
    denied = re.search(r"(Read-only file system|Permission denied|Operation not permitted): *'([^']+)'", ended.cause)
    if none is None and denied is None:
        return None
    file = f"{denied[2]}: {denied[1]}" if denied else none[0] if none else ""
    return Diagnosis(
        "service_denied",
        f"The model service can't read or write a file that it needs: {file}",
        "Give your user permission for that file."
        if denied
        else "Make one of these folders writable, or set the environment variable TMPDIR to one that is. " + _AFTER,
    )


def _linking(ended: Ended) -> Diagnosis | None:
    text = ended.cause
    sign = re.search(
        r"symbol lookup error.*|undefined symbol: \S+|version `[\w.]+' not found.*|cannot open shared object file.*|"
        r"wrong ELF class.*|invalid ELF header|cannot enable executable stack.*",
        text,
    )
    if sign is None:
        return None
    names = [name for name in _LOADER if ended.environment.get(name)]
    # Where LD_PRELOAD names a missing file, ld.so reports that for every process, and continues.
    if "LD_PRELOAD" in names and re.search(r"from LD_PRELOAD cannot be preloaded", text) and ended.code is None:
        names = [name for name in names if name != "LD_PRELOAD"]
    if names:
        listed = " and ".join(names)
        return _variable(listed, f"loads system libraries that don't seem to match the service's: {sign[0]}")
    if "GLIBC" in sign[0]:
        return Diagnosis(
            "service_system",
            f"The model service's libraries need a newer system than this one: {sign[0]}",
            "Run the service on a newer system (c.LitLab.service_url), or in a container or conda environment.",
        )
    return None


def _named(ended: Ended) -> Diagnosis | None:
    """A variable that the error names, or that the failing line of code names."""
    lines = ended.cause.splitlines()
    # The last frame's two lines, its marks, and what follows them.
    start = max((number for number, line in enumerate(lines) if line.lstrip().startswith('File "')), default=None)
    last = lines[start:] if start is not None else [ended.last_word]
    names = [name for name in _NAME.findall("\n".join(last)) if ended.environment.get(name)]
    return _variable(names[0], f"is set, and the error names it: {ended.last_word}") if names else None


def _python_variables(ended: Ended) -> Diagnosis | None:
    """A variable that the error doesn't name, but whose effect its message shows."""
    for name, sign in _SIGNS:
        if ended.environment.get(name) and re.search(sign, ended.cause):
            return _variable(name, f"has a value that the service's libraries can't use: {ended.last_word}")
    return None


def _sent(ended: Ended) -> Diagnosis | None:
    if ended.code is None or -ended.code not in (signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", -1)):
        return None
    return Diagnosis(
        "service_died",
        f"The model service was {ended.how}: another program or user ended it.",
        "Start it again. If that happens repeatedly, find out what ends processes on this machine.",
        "always",
    )


def _limit(ended: Ended, name: str, what: str) -> Diagnosis:
    limit = LIMITS[name]
    amount = ended.limits.get(name)
    known = "" if amount is None else f": the system allows it {limit.words(amount)} ({limit.option})"
    output = f" Its last output: {ended.last_word}" if ended.last_word else ""
    return Diagnosis(
        "service_limit",
        f"The model service {what}{known}.{output}",
        f"Raise the limit before Jupyter starts ({limit.option} shows it; in a container or under a scheduler, raise that of the "
        f"job). {_AFTER}",
    )


def _variable(name: str, what: str) -> Diagnosis:
    several = " and " in name
    return Diagnosis(
        "service_environment",
        f"The environment variable{'s' if several else ''} {name} {what}",
        f"Remove {'them' if several else 'it'} from the environment that Jupyter starts in, or correct "
        f"{'them' if several else 'it'}. {_AFTER}",
    )


_LOADER = ("LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES")

_SIGNS = (
    ("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", r"google[./]protobuf"),
    ("KERAS_NNX_ENABLED", r"\bNNX\b|\bflax\b"),
    ("NPY_DISABLE_CPU_FEATURES", r"disable CPU feature"),
    ("PYTHONOPTIMIZE", r"__doc__|docstring"),
    ("PYTHONWARNINGS", r"(?m)^\w*Warning: "),
    ("JAX_PLATFORMS", r"Unable to initialize backend|Unknown backend"),
    ("JAX_ENABLE_X64", r"x64"),
    ("CUDA_VISIBLE_DEVICES", r"CUDA_ERROR_"),
    ("TF_USE_LEGACY_KERAS", r"tf_keras"),
)

_RULES: Sequence[Callable[[Ended], Diagnosis | None]] = (
    _flags,
    _interpreter,
    _processor,
    _limits,
    _memory,
    _disk,
    _foreign,
    _linking,
    _python_variables,
    _named,
    _sent,
)
