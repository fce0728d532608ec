"""The model service's own environment: its folder, and which one is in use.

    <Jupyter's data folder>/lit_lab/service/
        env-1/              a virtual environment
        environment.json    names the one in use; written last, atomically
        unfinished.json     names the one that is being built, so that the next build continues it

The service never runs in an environment that `environment.json` doesn't name. Each environment contains a copy of LIT Lab's
code, so it belongs to one version.
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
    """Return the folder of all environments."""
    return Path(jupyter_data_dir(), "lit_lab", "service")


@dataclass(frozen=True)
class Environment:
    """A virtual environment for the service.

    Attributes:
        folder: The environment's folder, relative to `home()`.
        version: The version of LIT Lab in the environment.
        made_with: The path of the Python that created the environment.
        backend: Keras's backend.
    """

    folder: str
    version: str
    made_with: str
    backend: str = "tensorflow"

    @property
    def path(self) -> Path:
        """The environment's folder."""
        return home() / self.folder

    @property
    def python(self) -> Path:
        """The environment's interpreter. On Windows there is none, because the service's libraries don't support it."""
        return self.path / "bin" / "python"


def used() -> Environment | None:
    """Return the environment in use, whatever its version; None if there is none."""
    return _read(_USED)


def unfinished() -> Environment | None:
    """Return the environment whose build was started but not finished; None if there is none."""
    return _read(_UNFINISHED)


def python() -> str | None:
    """Return the path of the service's interpreter; None if there is no environment of this version."""
    found = used()
    return str(found.python) if found and found.version == version() and found.python.exists() else None


def is_own(interpreter: str) -> bool:
    """Return whether an interpreter belongs to an environment that was built here."""
    return Path(interpreter).is_relative_to(home())


def begin(environment: Environment) -> None:
    """Record an environment as unfinished."""
    _write(_UNFINISHED, environment)


def switch(environment: Environment) -> None:
    """Switch to a finished environment, and delete all others."""
    _write(_USED, environment)
    forget_unfinished()


def forget_unfinished() -> None:
    """Delete the unfinished environment."""
    (home() / _UNFINISHED).unlink(missing_ok=True)
    _prune()


def free_name() -> str:
    """Return a name for a new environment."""
    number = 1
    while (home() / f"env-{number}").exists():
        number += 1
    return f"env-{number}"


def remove() -> bool:
    """Delete all environments. Return whether there was one."""
    if not home().exists():
        return False
    with alone():
        (home() / _USED).unlink(missing_ok=True)  # first, so that nothing uses a partly deleted environment
        shutil.rmtree(home())
    return True


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Lock the folder against other builds.

    Raises:
        Problem: Another build is running, or the folder can't be written.
    """
    with contextlib.ExitStack() as held:
        try:
            home().mkdir(parents=True, exist_ok=True, mode=0o700)
            held.enter_context(shared_files.lock(home() / ".lock", patience=0))
        except shared_files.HeldError as error:
            raise Problem(
                409,
                "setup_busy",
                f"Another build of the service's environment in {home()} is running.",
                "Wait until it ends, or stop it where it was started: in another terminal, or in the panel.",
            ) from error
        except OSError as error:
            raise cannot_write(error) from error
        yield


def cannot_write(error: OSError) -> Problem:
    """Return the problem of a folder that can't be written."""
    return Problem(
        507,
        "setup_not_written",
        f"The service's environment can't be created in {home()}: {error.strerror or error}.",
        "Free some disk space, check the folder's permissions, or set JUPYTER_DATA_DIR to another folder before Jupyter starts.",
    )


def size(folder: Path) -> int:
    """Return the disk space that a folder takes, in bytes."""
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
    # Never run an interpreter outside this folder.
    return found if found.folder.startswith("env-") and "/" not in found.folder else None


def _write(name: str, environment: Environment) -> None:
    try:
        shared_files.replace(home() / name, json.dumps(asdict(environment), indent=2), 0o600)
    except OSError as error:
        raise cannot_write(error) from error
