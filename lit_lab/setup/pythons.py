"""Finds a Python that the model service's libraries support: 3.11 or 3.12."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lit_lab import local_paths
from lit_lab.problem import Problem

VERSIONS = ((3, 12), (3, 11))
"""Supported versions, the preferred one first. LIT needs NumPy 1, which excludes 3.13; Keras needs 3.11 or newer."""

_ASK = """
import importlib.util, json, sys
venv = all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))
print(json.dumps([sys.version_info[:2], sys.executable, bool(venv)]))
"""
_INSTALL = (
    "Install one, for instance with `uv python install 3.12`, `conda create -n python312 python=3.12`, "
    "`apt-get install python3.12 python3.12-venv`, `brew install python@3.12` or from python.org. Then run this again. "
    "If you have one that wasn't found: lit-lab setup-service --python /path/to/python3.12"
)


@dataclass(frozen=True)
class Python:
    """An interpreter, its version, and whether it can create virtual environments."""

    path: str
    version: tuple[int, int]
    has_venv: bool

    def __str__(self) -> str:
        return f"Python {self.version[0]}.{self.version[1]} ({self.path})"


def find(wanted: str = "") -> Python:
    """Return a Python for the service.

    Args:
        wanted: The Python to use, as a path or a command; empty to search for one.

    Raises:
        Problem: No Python was found, or the wanted one isn't suitable.
    """
    if wanted:
        return _check(wanted)
    unable = None
    for candidate in _candidates():
        python = ask(candidate)
        if python is None or python.version not in VERSIONS:
            continue
        if python.has_venv:
            return python
        unable = unable or python
    if unable:
        raise _no_venv(unable)
    raise Problem(
        503,
        "setup_no_python",
        "The model service's libraries need Python 3.11 or 3.12, but LIT Lab found neither on this machine.",
        _INSTALL,
    )


def ask(command: str) -> Python | None:
    """Run an interpreter to get its version and whether it has venv; None if it doesn't run."""
    try:
        answer = subprocess.run(  # noqa: S603 - an interpreter on the user's PATH, or one that the user chose
            [command, "-I", "-c", _ASK], capture_output=True, text=True, timeout=30, check=True
        ).stdout
        version, path, has_venv = json.loads(answer)
        return Python(str(path), (int(version[0]), int(version[1])), bool(has_venv))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, IndexError):
        return None


def _check(wanted: str) -> Python:
    python = ask(str(local_paths.of_user(wanted)))
    if python is None:
        raise Problem(422, "setup_no_python", f"{wanted} isn't a Python that can be run.", _INSTALL)
    if python.version not in VERSIONS:
        found = f"{python.version[0]}.{python.version[1]}"
        raise Problem(
            422, "setup_no_python", f"{wanted} is Python {found}, but the model service needs 3.11 or 3.12.", _INSTALL
        )
    if not python.has_venv:
        raise _no_venv(python)
    return python


def _no_venv(python: Python) -> Problem:
    name = f"python{python.version[0]}.{python.version[1]}-venv"
    return Problem(
        503,
        "setup_no_venv",
        f"{python} can't create virtual environments: its module venv or ensurepip is missing.",
        f"Install the module (on Debian and Ubuntu: apt-get install {name}), or another Python 3.11 or 3.12. Then run this again.",
    )


def _candidates() -> Iterator[str]:
    """Yield the paths of possible interpreters, the likely ones first and those that need a process to find last."""
    seen: set[str] = set()
    for candidate in _everywhere():
        path = shutil.which(candidate)
        if path and path not in seen:
            seen.add(path)
            yield path


def _everywhere() -> Iterator[str]:
    yield sys.executable
    names = [f"python{major}.{minor}" for major, minor in VERSIONS]
    yield from names
    yield from ("python3", "python")
    yield from _below(local_paths.of_user(os.environ.get("PYENV_ROOT", "~/.pyenv")), "versions/{}.*/bin/python")
    yield from _of_conda()
    yield from _of_uv()


def _below(root: Path, pattern: str) -> Iterator[str]:
    for major, minor in VERSIONS:
        yield from map(str, sorted(root.glob(pattern.format(f"{major}.{minor}")), reverse=True))


def _of_conda() -> Iterator[str]:
    """Yield the interpreters of conda's environments, which conda lists in a file."""
    try:
        listed = local_paths.of_user("~/.conda/environments.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for folder in listed:
        if folder.strip():
            yield from (str(Path(folder.strip(), "bin", f"python{major}.{minor}")) for major, minor in VERSIONS)


def _of_uv() -> Iterator[str]:
    """Yield the interpreters that uv has installed."""
    uv = shutil.which("uv")
    for major, minor in VERSIONS if uv else ():
        try:
            found = subprocess.run(  # noqa: S603
                [str(uv), "python", "find", "--no-project", f"{major}.{minor}"],
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            ).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            continue
        yield found
