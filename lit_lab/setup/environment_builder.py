"""Builds the service's environment: creates it, installs the packages, checks it, and only then switches to it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lit_lab.problem import Problem
from lit_lab.setup import environment, own_wheel, pip_errors, pythons
from lit_lab.supervision import diagnosis, surroundings
from lit_lab.supervision.ended import Ended
from lit_lab.version import version

ROOM = 4_500_000_000
"""The free disk space in bytes that a build needs, for the packages and pip's temporary files."""

_NOT_ITS_FAULT = frozenset(
    {"service_environment", "service_limit", "service_no_room", "service_denied", "service_died", "service_processor"}
)
"""Errors of the check that have other causes than the environment, so that the environment isn't deleted."""

_NOT_FOR_IT = re.compile(
    r"^(PYTHON(HOME|PATH|DONTWRITEBYTECODE|USERBASE|DEVMODE|INSPECT|OPTIMIZE|PROFILEIMPORTTIME|VERBOSE|WARNINGS)|__PYVENV_LAUNCHER__|VIRTUAL_ENV|PIP_(TARGET|PREFIX|ROOT|PYTHON))$"
)
_RAW_PROGRESS = (24, 1)  # the first version of pip that reports bytes line by line
_SILENT = re.compile(r"^\s*(Requirement already satisfied|WARNING: Location '|Looking in |\[notice\]|$)")
_BYTES = re.compile(r"^Progress (\d+) of (\d+)$")


class Stopped(Exception):  # noqa: N818 - not an error, because the user requested it
    """The user stopped the build. The next build continues it."""


@dataclass(frozen=True)
class Plan:
    """What to build.

    Attributes:
        python: The Python to use, as a path or a command; empty to search for one.
        backend: Keras's backend.
        room: The free disk space that the build needs, in bytes.
        check: Arguments for the new interpreter. This command must succeed before the environment is used.
    """

    python: str = ""
    backend: str = "tensorflow"
    room: int = ROOM
    check: Sequence[str] | None = None


@dataclass(frozen=True)
class BuildProgress:
    """The progress of a build.

    Attributes:
        step: The current step, as text for the user.
        line: The last line of the step's output.
        bytes: The bytes of the current download so far; None if nothing is being downloaded.
        total: The total bytes of this download.
    """

    step: str
    line: str = ""
    bytes: int | None = None
    total: int | None = None


class EnvironmentBuilder:
    """Builds the environment once. Blocks, so run it in a thread or a terminal.

    Args:
        plan: What to build.
        report: Called with the progress, in the thread of `run`.
    """

    def __init__(self, plan: Plan, report: Callable[[BuildProgress], None]) -> None:
        self._plan = plan
        self._report = report
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._step = ""

    def stop(self) -> None:
        """Stop the build soon. The next build continues it. This method may be called from any thread."""
        self._stopped.set()
        with self._lock:
            if self._process is not None:
                _end(self._process)

    def run(self) -> environment.Environment:
        """Build the environment and switch to it.

        Raises:
            Problem: The environment can't be built. The environment in use stays.
            Stopped: `stop` was called.
        """
        if sys.platform == "win32":
            raise Problem(
                503,
                "setup_platform",
                "The model service's libraries don't support Windows.",
                "Run Jupyter under WSL, or set c.LitLab.service_url to the address of a service on another machine.",
            )
        locked = own_wheel.locked(self._plan.backend)
        with environment.alone():
            self._say("Looking for Python 3.11 or 3.12…")
            python = pythons.find(self._plan.python)
            self._say(self._step, f"Found {python}")
            env = self._environment(python)
            self._make(env, python)
            self._install(env, locked)
            self._check(env)
            environment.switch(env)
        return env

    def _environment(self, python: pythons.Python) -> environment.Environment:
        """Return the environment to build: the unfinished one if it has the same version, Python and backend, else a new one."""
        begun = environment.unfinished()
        wanted = environment.Environment(begun.folder if begun else "", version(), python.path, self._plan.backend)
        if begun != wanted:
            environment.forget_unfinished()
            wanted = environment.Environment(environment.free_name(), version(), python.path, self._plan.backend)
            environment.begin(wanted)
        return wanted

    def _make(self, env: environment.Environment, python: pythons.Python) -> None:
        free = shutil.disk_usage(environment.home()).free
        there = environment.size(env.path) if env.path.exists() else 0
        if free + there < self._plan.room:
            raise Problem(
                507,
                "setup_no_room",
                f"The service's environment needs {self._plan.room / 1e9:.1f} GB, but {environment.home()} has only "
                f"{free / 1e9:.1f} GB of free space.",
                "Free some disk space, or set JUPYTER_DATA_DIR to a folder on another disk before Jupyter starts.",
            )
        if there:
            self._say("Continuing the unfinished build…")
            if self._call([str(env.python), "-m", "pip", "--version"])[0] == 0:
                _drop_halves(env.path)
                return
            shutil.rmtree(env.path)
        self._say(f"Creating an environment with Python {python.version[0]}.{python.version[1]}…")
        code, lines = self._call([python.path, "-m", "venv", str(env.path)])
        if code:
            shutil.rmtree(env.path, ignore_errors=True)
            said = next((line.strip() for line in reversed(lines) if line.strip()), f"exit status {code}")
            raise Problem(
                500,
                "setup_no_venv",
                f"{python} can't create an environment: {said}",
                f"On Debian and Ubuntu, run apt-get install python{python.version[0]}.{python.version[1]}-venv. Or choose another "
                "Python: lit-lab setup-service --python …",
            )
        # pip's settings in this environment apply to the new one as well.
        configured = Path(sys.prefix, "pip.conf")
        if sys.prefix != sys.base_prefix and configured.is_file():
            shutil.copy(configured, env.path / "pip.conf")

    def _install(self, env: environment.Environment, locked: Sequence[Path]) -> None:
        lists = [file.read_text("utf-8") for file in locked]
        # pip installs only the listed packages, and builds only those without a wheel.
        strictly = ["--require-hashes", "--no-deps", "--only-binary", ",".join(own_wheel.built_elsewhere(lists))]
        with tempfile.TemporaryDirectory(prefix="lit-lab-") as folder:
            wheel = own_wheel.build(Path(folder))
            builders = Path(folder, "builders.txt")
            builders.write_text(own_wheel.of_builders(lists), "utf-8")
            # These build the packages without a wheel. Without versions, pip would install the newest.
            self._say("Installing the build tools…")
            self._pip(env, [*strictly, "--requirement", str(builders)])
            self._say("Installing LIT Lab…")
            self._pip(env, ["--no-deps", "--force-reinstall", str(wheel)])
            self._say("Installing TensorFlow, Keras and LIT (large: this takes minutes)…")
            files = [argument for file in locked for argument in ("--requirement", str(file))]
            self._pip(env, [*strictly, "--no-build-isolation", *files])

    def _check(self, env: environment.Environment) -> None:
        self._say("Checking the environment…")
        arguments = self._plan.check or ("-m", "lit_lab.service.check", self._plan.backend)
        code, lines = self._call([str(env.python), *arguments])
        if code:
            why = diagnosis.explain(Ended(code, lines, os.environ, surroundings.limits()))
            if why is not None and why.error in _NOT_ITS_FAULT:
                raise Problem(
                    500,
                    why.error,
                    f"The new environment can't be checked. {why.message}",
                    f"{why.hint} {pip_errors.AGAIN}",
                )
            # Continuing this build would fail in the same way.
            shutil.rmtree(env.path, ignore_errors=True)
            said = next((line.strip() for line in reversed(lines) if line.strip()), f"exit status {code}")
            raise Problem(
                500,
                "setup_check",
                f"The new environment can't import the service's libraries: {said}",
                "LIT Lab deleted the environment. Set it up again, perhaps with another Python: lit-lab setup-service --python …",
            )

    def _pip(self, env: environment.Environment, arguments: Sequence[str]) -> None:
        python = str(env.python)
        raw = _pip_version(self._call([python, "-m", "pip", "--version"])[1]) >= _RAW_PROGRESS
        command = [python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        code, lines = self._call([*command, "--progress-bar", "raw" if raw else "off", *arguments], aloud=True)
        if code:
            raise pip_errors.explain(lines, code)

    def _call(self, command: Sequence[str], aloud: bool = False) -> tuple[int, list[str]]:
        """Run a command, and report its output if `aloud`.

        Returns:
            The exit status and the last lines of output.
        """
        if self._stopped.is_set():
            raise Stopped
        try:
            process = subprocess.Popen(  # noqa: S603 - an interpreter that was found or made here
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=_variables(),
                cwd=environment.home(),  # a folder without modules to import
                start_new_session=True,  # so that the command's children can be killed with it
            )
        except OSError as error:
            raise environment.cannot_write(error) from error
        with self._lock:
            self._process = process
        if self._stopped.is_set():  # `stop` ran before the process was stored
            _end(process)
        lines: deque[str] = deque(maxlen=400)
        try:
            assert process.stdout is not None  # noqa: S101
            for text in process.stdout:
                self._handle_line(text.rstrip(), lines, aloud)
            code = process.wait()
        finally:
            with self._lock:
                self._process = None
                if process.poll() is None:  # Ctrl+C in the terminal reaches only this process
                    _end(process)
            process.wait()
        if self._stopped.is_set():
            raise Stopped
        return code, list(lines)

    def _handle_line(self, line: str, lines: deque[str], aloud: bool) -> None:
        if found := _BYTES.match(line):
            self._report(BuildProgress(self._step, lines[-1].strip() if lines else "", int(found[1]), int(found[2])))
            return
        lines.append(line)
        if aloud and not _SILENT.match(line):
            self._say(self._step, line)

    def _say(self, step: str, line: str = "") -> None:
        self._step = step
        self._report(BuildProgress(step, line))


def _variables(base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return pip's environment variables: the user's, without those that would affect other environments than the new one."""
    result = {name: value for name, value in base.items() if not _NOT_FOR_IT.match(name)}
    return {**result, "PIP_USER": "0", "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", "PYTHONSAFEPATH": "1"}


def _pip_version(lines: Sequence[str]) -> tuple[int, ...]:
    found = re.match(r"pip (\d+)\.(\d+)", next(iter(lines), ""))
    return (int(found[1]), int(found[2])) if found else (0,)


def _drop_halves(folder: Path) -> None:
    """Delete the metadata of packages that pip didn't install completely, so that it installs them again.

    pip writes these two files last.
    """
    for info in folder.glob("lib/python*/site-packages/*.dist-info"):
        if not ((info / "INSTALLER").exists() and (info / "RECORD").exists()):
            shutil.rmtree(info)


def _end(process: subprocess.Popen[str]) -> None:
    """Kill a process and its children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
