"""How the model service's process is started, and what it means when that fails."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lit_lab.problem import Problem
from lit_lab.protocol import FailedLine
from lit_lab.setup.environment import is_own
from lit_lab.supervision import diagnosis, surroundings
from lit_lab.supervision.diagnosis import Diagnosis
from lit_lab.supervision.ended import Ended
from lit_lab.version import version

PYTHONS = ((3, 11), (3, 12))
"""Versions of Python that the service's stack runs on: LIT wants NumPy below 2, Keras wants Python 3.11."""

_NOT_FOR_THE_SERVICE = re.compile(r"^(JUPYTER_TOKEN|JUPYTERHUB_.*|JPY_.*|CONFIGPROXY_AUTH_TOKEN)$")
_OF_PYTHON = frozenset(
    {
        "PYTHONASYNCIODEBUG",
        "PYTHONBREAKPOINT",
        "PYTHONCASEOK",
        "PYTHONDEBUG",
        "PYTHONDEVMODE",
        # Without bytecode, importing TensorFlow takes 20 s instead of 6.
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONDUMPREFS",
        # The process would wait for commands on standard input instead of ending.
        "PYTHONINSPECT",
        "PYTHONMALLOC",
        "PYTHONMALLOCSTATS",
        # Libraries take for granted that their assertions run, and that they have docstrings.
        "PYTHONOPTIMIZE",
        "PYTHONPERFSUPPORT",
        "PYTHONPROFILEIMPORTTIME",
        "PYTHONSTARTUP",
        "PYTHONTRACEMALLOC",
        "PYTHONVERBOSE",
        "PYTHONWARNDEFAULTENCODING",
        # As errors, warnings of libraries would end the service.
        "PYTHONWARNINGS",
    }
)
"""Variables that are meant for the user's own programs and would make the service slow, noisy or another one."""

_MISSING_MODULE = re.compile(
    r"(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?|: No module named ([\w.]+)$"
)


_NUMBER = re.compile(r"0x[0-9a-fA-F]+|[0-9]+")


def command(python: str) -> list[str]:
    """Return the command line that starts the service. It holds no secret: those go through standard input."""
    return [python, "-m", "lit_lab.service"]


def environment(python: str, cache: Path, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the service's environment.

    Args:
        python: The interpreter it will run under.
        cache: A folder for what JAX has compiled, and for bytecode where the libraries' own folder can't be written to.
        base: The environment to start from; None: this process's.
    """
    result = {name: value for name, value in (base or os.environ).items() if not _NOT_FOR_THE_SERVICE.match(name)}
    for name in _OF_PYTHON:
        result.pop(name, None)
    if python != sys.executable:
        # They are this interpreter's, and would mix its libraries into the other's.
        for name in ("PYTHONHOME", "PYTHONPATH"):
            result.pop(name, None)
    elif not os.access(sysconfig.get_path("purelib"), os.W_OK):
        result.setdefault("PYTHONPYCACHEPREFIX", str(cache / "bytecode"))
    # Otherwise a file `random.py` in the folder that Jupyter was started in would be imported in place of Python's own.
    result["PYTHONSAFEPATH"] = "1"
    result["PYTHONUNBUFFERED"] = "1"
    result["PYTHONIOENCODING"] = "utf-8"
    # A crash in a library then says where it was.
    result.setdefault("PYTHONFAULTHANDLER", "1")
    result.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Read by JAX alone: what was compiled once needn't be at the next start.
    result.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache / "jax"))
    result.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
    return result


@dataclass(frozen=True)
class Exit:
    """How a process ended.

    Attributes:
        code: Its return code; negative: the signal.
        lines: The last lines that it wrote.
        said: What it said itself about why.
        environment: What it was started with.
    """

    code: int
    lines: Sequence[str] = ()
    said: Problem | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def describe(self) -> str:
        """Say in a few words how it ended, such as `killed by SIGKILL`."""
        return Ended(self.code).how

    def is_like(self, other: Exit | None) -> bool:
        """Whether another process ended in the same way, with the same last words but for numbers and addresses."""
        return other is not None and self._kind == other._kind

    @property
    def _kind(self) -> tuple[int, str]:
        return self.code, _NUMBER.sub("", Ended(self.code, self.lines).last_word)


def explain_crash(how: Exit, memory_limit: int | None) -> Diagnosis:
    """Return a diagnosis of a crash, for the user, and whether another start can succeed."""
    if how.said is not None:
        return Diagnosis(how.said.code, how.said.message, how.said.hint, "always")
    # What this module has set isn't the user's to correct.
    users = {name: value for name, value in how.environment.items() if os.environ.get(name) == value}
    limits, foreign = surroundings.limits(), surroundings.foreign(users)
    ended = Ended(how.code, how.lines, users, limits, foreign, memory_limit)
    return diagnosis.explain(ended) or diagnosis.unforeseen(ended)


def explain_refusal(line: FailedLine, python: str) -> Problem:
    """Return what the service says about why it can't go on; where something is to be installed, the exact command."""
    hint = f"Run: {install_command(python)}{_or_apart(python)}" if line.error == "missing_libraries" else line.hint
    return Problem(503, line.error, line.message, hint)


def missing_stack(how: Exit, python: str) -> Problem | None:
    """Tell whether a process ended because libraries are missing, and what installs them; None: it did not."""
    if how.code != 1:  # Python's own for an error that nobody caught; else a library only mentioned it
        return None
    missing = None
    for line in how.lines:
        if match := _MISSING_MODULE.search(line):
            missing = match.group(1) or match.group(2)
    if missing is None:
        return None
    found = python_version(python)
    if found is not None and found not in PYTHONS:
        return wrong_python(found, python)
    return Problem(
        503,
        "service_not_installed",
        f"The model service's libraries are not installed for {python}: {missing} is missing.",
        f"Run: {install_command(python)}{_or_apart(python)}",
    )


def wrong_python(found: tuple[int, int], python: str) -> Problem:
    """Tell that an interpreter's version can't run the service, and how to give it one that can."""
    apart = f"name a Python 3.11 or 3.12 that has it (pip install {_requirement()}) in c.LitLab.service_python"
    hint = (
        f"Give it an environment of its own: with Set up in LIT Lab's panel, or by lit-lab setup-service in a terminal. Or {apart}, "
        "and restart the Jupyter server."
        if python == sys.executable
        else f"{apart[0].upper()}{apart[1:]}, or take that option out and run lit-lab setup-service; then restart the Jupyter server."
    )
    return Problem(
        503,
        "service_python_version",
        f"The model service needs Python 3.11 or 3.12; {python} is Python {found[0]}.{found[1]}.",
        hint,
    )


def wrong_version(found: str, python: str) -> Problem:
    """Tell that the service is of another version than this server."""
    return Problem(
        503,
        "service_version",
        f"The model service has LIT Lab {found}, but the Jupyter server has LIT Lab {version()}.",
        f"Run: {install_command(python)}. If you have just upgraded, restart the Jupyter server.",
    )


def install_command(python: str) -> str:
    """Return the command that installs the service's stack, of this very version, for an interpreter."""
    if is_own(python):
        return "lit-lab setup-service"
    return f"{shlex.quote(python)} -m pip install {_requirement()}"


def _or_apart(python: str) -> str:
    """Name the other way, where this server's own environment is what lacks something."""
    return " Or give the service an environment of its own: lit-lab setup-service" if python == sys.executable else ""


def _requirement() -> str:
    return f'"lit_lab[service]=={version()}"'


def python_version(python: str) -> tuple[int, int] | None:
    """Ask an interpreter for its version; None: it does not say."""
    if python == sys.executable:
        return sys.version_info[0], sys.version_info[1]
    try:
        answer = subprocess.run(  # noqa: S603 - the interpreter that the configuration names
            [python, "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout.split()
        return int(answer[0]), int(answer[1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
