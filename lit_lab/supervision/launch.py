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

_JUPYTERS_SECRETS = re.compile(r"^(JUPYTER_TOKEN|JUPYTERHUB_.*|JPY_.*|CONFIGPROXY_AUTH_TOKEN)$")
_PYTHON_VARIABLES = frozenset(
    {
        "PYTHONASYNCIODEBUG",
        "PYTHONBREAKPOINT",
        "PYTHONCASEOK",
        "PYTHONDEBUG",
        "PYTHONDEVMODE",
        # Without bytecode, importing TensorFlow takes 20 s instead of 6.
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONDUMPREFS",
        # The process would read commands from standard input instead of ending.
        "PYTHONINSPECT",
        "PYTHONMALLOC",
        "PYTHONMALLOCSTATS",
        # Libraries rely on their assertions and docstrings.
        "PYTHONOPTIMIZE",
        "PYTHONPERFSUPPORT",
        "PYTHONPROFILEIMPORTTIME",
        "PYTHONSTARTUP",
        "PYTHONTRACEMALLOC",
        "PYTHONVERBOSE",
        "PYTHONWARNDEFAULTENCODING",
        # This makes libraries' warnings errors, which would end the service.
        "PYTHONWARNINGS",
    }
)
"""Variables that users set for their own programs. They would make the service slow or noisy, or change its libraries."""

_MISSING_MODULE = re.compile(
    r"(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?|: No module named ([\w.]+)$"
)
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|[0-9]+")


def command(python: str) -> list[str]:
    """Return the command line that starts the service. It contains no secret: secrets go through standard input."""
    return [python, "-m", "lit_lab.service"]


def environment(python: str, cache: Path, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the service's environment.

    Args:
        python: The interpreter it will run under.
        cache: A folder for JAX's compiled programs, and for bytecode if the libraries' folder is read-only.
        base: The environment to start from; None: this process's.
    """
    result = {name: value for name, value in (base or os.environ).items() if not _JUPYTERS_SECRETS.match(name)}
    for name in _PYTHON_VARIABLES:
        result.pop(name, None)
    if python != sys.executable:
        # These belong to this interpreter. They would mix its libraries with the other interpreter's.
        for name in ("PYTHONHOME", "PYTHONPATH"):
            result.pop(name, None)
    elif not os.access(sysconfig.get_path("purelib"), os.W_OK):
        result.setdefault("PYTHONPYCACHEPREFIX", str(cache / "bytecode"))
    # Otherwise a file `random.py` in the folder that Jupyter was started in would replace Python's own.
    result["PYTHONSAFEPATH"] = "1"
    result["PYTHONUNBUFFERED"] = "1"
    result["PYTHONIOENCODING"] = "utf-8"
    # If a library crashes, this shows where.
    result.setdefault("PYTHONFAULTHANDLER", "1")
    result.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Only JAX reads this: the next start then needn't compile again.
    result.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache / "jax"))
    result.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
    return result


@dataclass(frozen=True)
class Exit:
    """How a process ended.

    Attributes:
        code: Its return code; negative: the signal.
        lines: The last lines of its output.
        reported: The reason that it reported itself.
        environment: The environment that it was started with.
    """

    code: int
    lines: Sequence[str] = ()
    reported: Problem | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def describe(self) -> str:
        """Describe its end in a few words, such as `killed by SIGKILL`."""
        return Ended(self.code).how

    def is_like(self, other: Exit | None) -> bool:
        """Whether another process ended in the same way, with the same last output except for numbers and addresses."""
        return other is not None and self._kind == other._kind

    @property
    def _kind(self) -> tuple[int, str]:
        return self.code, _NUMBER.sub("", Ended(self.code, self.lines).last_word)


def explain_crash(how: Exit, memory_limit: int | None) -> Diagnosis:
    """Return why a process crashed, what the user can do, and whether another start can succeed.

    Args:
        how: How the process ended.
        memory_limit: The configured limit, in bytes; None: no limit.
    """
    if how.reported is not None:
        return Diagnosis(how.reported.code, how.reported.message, how.reported.hint, "always")
    # Not those that `environment` has set: users can't correct them.
    users = {name: value for name, value in how.environment.items() if os.environ.get(name) == value}
    limits, foreign = surroundings.limits(), surroundings.foreign(users)
    ended = Ended(how.code, how.lines, users, limits, foreign, memory_limit)
    return diagnosis.explain(ended) or diagnosis.unforeseen(ended)


def explain_refusal(line: FailedLine, python: str) -> Problem:
    """Return the service's reason for refusing to run; if something must be installed, with the exact command."""
    hint = f"Run: {install_command(python)}{_or_apart(python)}" if line.error == "missing_libraries" else line.hint
    return Problem(503, line.error, line.message, hint)


def missing_stack(how: Exit, python: str) -> Problem | None:
    """Return the error if a process ended because libraries are missing, with the command that installs them; else None.

    Args:
        how: How the process ended.
        python: The interpreter that it ran under.
    """
    if how.code != 1:  # Python's code for an uncaught error; otherwise a library only mentioned the name
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
    """Return the error for an interpreter whose version can't run the service, with a way to get one that can."""
    apart = f"set c.LitLab.service_python to a Python 3.11 or 3.12 with the service's libraries (pip install {_requirement()})"
    hint = (
        f"Give it a separate environment: with Set up in LIT Lab's panel, or with lit-lab setup-service in a terminal. Or {apart}, "
        "and restart the Jupyter server."
        if python == sys.executable
        else f"{apart[0].upper()}{apart[1:]}, or remove that option and run lit-lab setup-service; then restart the Jupyter server."
    )
    return Problem(
        503,
        "service_python_version",
        f"The model service needs Python 3.11 or 3.12; {python} is Python {found[0]}.{found[1]}.",
        hint,
    )


def wrong_version(found: str, python: str) -> Problem:
    """Return the error for a service whose version isn't this server's."""
    return Problem(
        503,
        "service_version",
        f"The model service has LIT Lab {found}, but the Jupyter server has LIT Lab {version()}.",
        f"Run: {install_command(python)}. If you have just upgraded, restart the Jupyter server.",
    )


def install_command(python: str) -> str:
    """Return the command that installs this version of the service's libraries for an interpreter."""
    if is_own(python):
        return "lit-lab setup-service"
    return f"{shlex.quote(python)} -m pip install {_requirement()}"


def _or_apart(python: str) -> str:
    """Return the alternative, if this server's own environment lacks libraries."""
    return " Or give the service a separate environment: lit-lab setup-service" if python == sys.executable else ""


def _requirement() -> str:
    return f'"lit_lab[service]=={version()}"'


def python_version(python: str) -> tuple[int, int] | None:
    """Return an interpreter's version; None if it doesn't report one."""
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
