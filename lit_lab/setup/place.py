"""Where the model service's own environment lies, and which one is in use.

    <Jupyter's data folder>/lit_lab/service/
        env-1/              a virtual environment
        environment.json    names the one in use; written last, as a whole
        unfinished.json     names the one that is being made, so that it can be gone on with

An environment that no `environment.json` names is never used. It belongs to one version of LIT Lab, that whose code it has.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir

from lit_lab import shared_files
from lit_lab.problem import Problem
from lit_lab.version import version

_USED = "environment.json"
_UNFINISHED = "unfinished.json"


def home() -> Path:
    """Return the folder that all of it lies in."""
    return Path(jupyter_data_dir(), "lit_lab", "service")


@dataclass(frozen=True)
class Environment:
    """A virtual environment of the service's own.

    `folder` is its name in `home()`, `version` that of LIT Lab, `made_with` the Python that it was made with.
    """

    folder: str
    version: str
    made_with: str
    backend: str = "tensorflow"

    @property
    def path(self) -> Path:
        """Its folder."""
        return home() / self.folder

    @property
    def python(self) -> Path:
        """Its interpreter. (There is none for Windows, where the service's libraries aren't to be had.)"""
        return self.path / "bin" / "python"


def used() -> Environment | None:
    """Return the environment that is in use, of whatever version; None: there is none."""
    return _read(_USED)


def unfinished() -> Environment | None:
    """Return the environment that was begun and not finished."""
    return _read(_UNFINISHED)


def python() -> str | None:
    """Return the interpreter to run the service under; None: there is no environment of this version."""
    found = used()
    return str(found.python) if found and found.version == version() and found.python.exists() else None


def is_ours(interpreter: str) -> bool:
    """Whether an interpreter is one of an environment that was made here."""
    return Path(interpreter).is_relative_to(home())


def begin(environment: Environment) -> None:
    """Remember what is being made."""
    _write(_UNFINISHED, environment)


def switch(environment: Environment) -> None:
    """Use a finished environment from now on, and delete all others."""
    _write(_USED, environment)
    forget_unfinished()


def forget_unfinished() -> None:
    """Go on with nothing that was begun, and delete it."""
    (home() / _UNFINISHED).unlink(missing_ok=True)
    _prune()


def free_name() -> str:
    """Return a name for a new environment."""
    number = 1
    while (home() / f"env-{number}").exists():
        number += 1
    return f"env-{number}"


def remove() -> bool:
    """Delete all that was made here; returns whether there was anything."""
    if not home().exists():
        return False
    with alone():
        (home() / _USED).unlink(missing_ok=True)  # first: half an environment must not be used
        shutil.rmtree(home())
    return True


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """While this lasts, nobody else changes what is here. Raises `Problem`: someone does, or it can't be written."""
    with contextlib.ExitStack() as held:
        try:
            home().mkdir(parents=True, exist_ok=True, mode=0o700)
            held.enter_context(shared_files.lock(home() / ".lock", patience=0))
        except shared_files.HeldError as error:
            raise Problem(
                409,
                "setup_busy",
                f"The service's environment in {home()} is being made already.",
                "Wait for it, or stop it where it was started: in another terminal, or in the panel.",
            ) from error
        except OSError as error:
            raise cannot_write(error) from error
        yield


def cannot_write(error: OSError) -> Problem:
    """Tell that the folder can't be written to."""
    return Problem(
        507,
        "setup_not_written",
        f"The service's environment can't be made in {home()}: {error.strerror or error}.",
        "Make room there, look at the folder's permissions, or set JUPYTER_DATA_DIR to another folder before Jupyter starts.",
    )


def size(folder: Path) -> int:
    """Return the bytes that a folder takes."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if not path.is_symlink())


def _prune() -> None:
    in_use = used()
    for path in home().glob("env-*"):
        if in_use is None or path.name != in_use.folder:
            shutil.rmtree(path, ignore_errors=True)


def _read(name: str) -> Environment | None:
    if sys.platform == "win32":
        return None
    try:
        content = json.loads((home() / name).read_text(encoding="utf-8"))
        found = Environment(**{key: str(value) for key, value in content.items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    # What is run from here is what was made here.
    return found if found.folder.startswith("env-") and "/" not in found.folder else None


def _write(name: str, environment: Environment) -> None:
    try:
        shared_files.replace(home() / name, json.dumps(asdict(environment), indent=2), 0o600)
    except OSError as error:
        raise cannot_write(error) from error
