"""Makes the service's environment: found, made, filled, checked, and only then used."""

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
from lit_lab.setup import own_wheel, place, pythons, reasons
from lit_lab.supervision import diagnosis, surroundings
from lit_lab.supervision.ended import Ended
from lit_lab.version import version

ROOM = 4_500_000_000
"""Bytes that have to be free before one begins: the packages, and what pip unpacks meanwhile."""

_NOT_ITS_FAULT = frozenset(
    {"service_environment", "service_limit", "service_no_room", "service_denied", "service_died", "service_processor"}
)
"""Why trying it out fails though the environment is whole: then it stays."""

_NOT_FOR_IT = re.compile(
    r"^(PYTHON(HOME|PATH|DONTWRITEBYTECODE|USERBASE|DEVMODE|INSPECT|OPTIMIZE|PROFILEIMPORTTIME|VERBOSE|WARNINGS)|__PYVENV_LAUNCHER__|VIRTUAL_ENV|PIP_(TARGET|PREFIX|ROOT|PYTHON))$"
)
_RAW_PROGRESS = (24, 1)  # the version of pip that tells bytes line by line
_SILENT = re.compile(r"^\s*(Requirement already satisfied|WARNING: Location '|Looking in |\[notice\]|$)")
_BYTES = re.compile(r"^Progress (\d+) of (\d+)$")


class Stopped(Exception):  # noqa: N818 - not an error: the user wanted it
    """It was stopped; what is there stays for the next time."""


@dataclass(frozen=True)
class Plan:
    """What to make.

    `python` is the one that the user named, or empty; `backend` what Keras is to run on; `check` the arguments of the new
    interpreter that have to succeed before it is used.
    """

    python: str = ""
    backend: str = "tensorflow"
    room: int = ROOM
    check: Sequence[str] | None = None


@dataclass(frozen=True)
class Told:
    """How far it is: `step` is what is being done, `line` what was written last, `bytes` those of a download of `total`."""

    step: str
    line: str = ""
    bytes: int | None = None
    total: int | None = None


class Making:
    """Makes the environment, once; blocks, so it is for a thread or a terminal.

    Args:
        plan: What to make.
        tell: Called with what is being done, from the thread that `run` is called in.
    """

    def __init__(self, plan: Plan, tell: Callable[[Told], None]) -> None:
        self._plan = plan
        self._tell = tell
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._step = ""

    def stop(self) -> None:
        """End it soon; what is there stays. May be called from any thread."""
        self._stopped.set()
        with self._lock:
            if self._process is not None:
                _end(self._process)

    def run(self) -> place.Environment:
        """Make the environment and use it from now on.

        Raises:
            Problem: It can't be made; nothing that was in use has changed.
            Stopped: `stop` was called.
        """
        if sys.platform == "win32":
            raise Problem(
                503,
                "setup_platform",
                "The model service's libraries are not to be had for Windows.",
                "Run Jupyter under WSL, or give the address of a service elsewhere: c.LitLab.service_url.",
            )
        locked = own_wheel.locked(self._plan.backend)
        with place.alone():
            self._say("Looking for Python 3.11 or 3.12…")
            python = pythons.find(self._plan.python)
            self._say(self._step, f"Found {python}")
            environment = self._environment(python)
            self._make(environment, python)
            self._install(environment, locked)
            self._check(environment)
            place.switch(environment)
        return environment

    def _environment(self, python: pythons.Python) -> place.Environment:
        """Return the one to make: that which was begun, if it would be the same."""
        begun = place.unfinished()
        wanted = place.Environment(begun.folder if begun else "", version(), python.path, self._plan.backend)
        if begun != wanted:
            place.forget_unfinished()
            wanted = place.Environment(place.free_name(), version(), python.path, self._plan.backend)
            place.begin(wanted)
        return wanted

    def _make(self, environment: place.Environment, python: pythons.Python) -> None:
        free = shutil.disk_usage(place.home()).free
        there = place.size(environment.path) if environment.path.exists() else 0
        if free + there < self._plan.room:
            raise Problem(
                507,
                "setup_no_room",
                f"The service's environment needs {self._plan.room / 1e9:.1f} GB; {free / 1e9:.1f} GB are free in "
                f"{place.home()}.",
                "Make room, or set JUPYTER_DATA_DIR to a folder on another disk before Jupyter starts.",
            )
        if there:
            self._say("Going on with what is there…")
            if self._call([str(environment.python), "-m", "pip", "--version"])[0] == 0:
                _drop_halves(environment.path)
                return
            shutil.rmtree(environment.path)
        self._say(f"Making an environment with Python {python.version[0]}.{python.version[1]}…")
        code, lines = self._call([python.path, "-m", "venv", str(environment.path)])
        if code:
            shutil.rmtree(environment.path, ignore_errors=True)
            said = next((line.strip() for line in reversed(lines) if line.strip()), f"exit status {code}")
            raise Problem(
                500,
                "setup_no_venv",
                f"{python} could not make an environment: {said}",
                "On Debian and Ubuntu: apt-get install "
                f"python{python.version[0]}.{python.version[1]}-venv. Or name another Python: lit-lab setup-service --python …",
            )
        # What pip was told for this environment alone counts for the new one too.
        configured = Path(sys.prefix, "pip.conf")
        if sys.prefix != sys.base_prefix and configured.is_file():
            shutil.copy(configured, environment.path / "pip.conf")

    def _install(self, environment: place.Environment, locked: Sequence[Path]) -> None:
        lists = [file.read_text("utf-8") for file in locked]
        # Nothing that isn't listed is installed, and nothing is built but what comes as source alone.
        strictly = ["--require-hashes", "--no-deps", "--only-binary", ",".join(own_wheel.built_elsewhere(lists))]
        with tempfile.TemporaryDirectory(prefix="lit-lab-") as folder:
            wheel = own_wheel.build(Path(folder))
            builders = Path(folder, "builders.txt")
            builders.write_text(own_wheel.of_builders(lists), "utf-8")
            # What comes as source is built with these, locked like all else, rather than with what is newest that day.
            self._say("Installing what packages are built with…")
            self._pip(environment, [*strictly, "--requirement", str(builders)])
            self._say("Installing LIT Lab…")
            self._pip(environment, ["--no-deps", "--force-reinstall", str(wheel)])
            self._say("Installing TensorFlow, Keras and LIT (large: this takes minutes)…")
            files = [argument for file in locked for argument in ("--requirement", str(file))]
            self._pip(environment, [*strictly, "--no-build-isolation", *files])

    def _check(self, environment: place.Environment) -> None:
        self._say("Trying it out…")
        arguments = self._plan.check or ("-m", "lit_lab.service.check", self._plan.backend)
        code, lines = self._call([str(environment.python), *arguments])
        if code:
            why = diagnosis.explain(Ended(code, lines, os.environ, surroundings.limits()))
            if why is not None and why.error in _NOT_ITS_FAULT:
                raise Problem(
                    500,
                    why.error,
                    f"The new environment could not be tried out. {why.message}",
                    f"{why.hint} {reasons.AGAIN}",
                )
            # Gone on with it would fail the same way.
            shutil.rmtree(environment.path, ignore_errors=True)
            said = next((line.strip() for line in reversed(lines) if line.strip()), f"exit status {code}")
            raise Problem(
                500,
                "setup_check",
                f"The new environment can't import what the service needs: {said}",
                "It was deleted. Run this again, perhaps with another Python: lit-lab setup-service --python …",
            )

    def _pip(self, environment: place.Environment, arguments: Sequence[str]) -> None:
        python = str(environment.python)
        raw = _pip_version(self._call([python, "-m", "pip", "--version"])[1]) >= _RAW_PROGRESS
        command = [python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        code, lines = self._call([*command, "--progress-bar", "raw" if raw else "off", *arguments], aloud=True)
        if code:
            raise reasons.explain(lines, code)

    def _call(self, command: Sequence[str], aloud: bool = False) -> tuple[int, list[str]]:
        """Run a command to its end, and tell its lines if it is `aloud`; returns its exit status and its last lines."""
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
                env=_environment(),
                cwd=place.home(),  # where nothing lies that Python could import
                start_new_session=True,  # so that what it starts can be ended with it
            )
        except OSError as error:
            raise place.cannot_write(error) from error
        with self._lock:
            self._process = process
        if self._stopped.is_set():  # between the two
            _end(process)
        lines: deque[str] = deque(maxlen=400)
        try:
            assert process.stdout is not None  # noqa: S101
            for text in process.stdout:
                self._heard(text.rstrip(), lines, aloud)
            code = process.wait()
        finally:
            with self._lock:
                self._process = None
                if process.poll() is None:  # an interrupt in the terminal reaches this process alone
                    _end(process)
            process.wait()
        if self._stopped.is_set():
            raise Stopped
        return code, list(lines)

    def _heard(self, line: str, lines: deque[str], aloud: bool) -> None:
        if found := _BYTES.match(line):
            self._tell(Told(self._step, lines[-1].strip() if lines else "", int(found[1]), int(found[2])))
            return
        lines.append(line)
        if aloud and not _SILENT.match(line):
            self._say(self._step, line)

    def _say(self, step: str, line: str = "") -> None:
        self._step = step
        self._tell(Told(step, line))


def _environment(base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what pip is run with: the user's own settings, less those that would lead out of the new environment."""
    result = {name: value for name, value in base.items() if not _NOT_FOR_IT.match(name)}
    return {**result, "PIP_USER": "0", "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", "PYTHONSAFEPATH": "1"}


def _pip_version(lines: Sequence[str]) -> tuple[int, ...]:
    found = re.match(r"pip (\d+)\.(\d+)", next(iter(lines), ""))
    return (int(found[1]), int(found[2])) if found else (0,)


def _drop_halves(folder: Path) -> None:
    """Let packages be installed anew whose installation was broken off: pip writes these two files last."""
    for info in folder.glob("lib/python*/site-packages/*.dist-info"):
        if not ((info / "INSTALLER").exists() and (info / "RECORD").exists()):
            shutil.rmtree(info)


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and all that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
