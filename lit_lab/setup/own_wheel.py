"""LIT Lab's own code as a wheel, for another environment of the same machine.

Made from the installed package rather than downloaded, so that the service always has the very code that the Jupyter server
has, wherever that came from: an index, a file, an unpublished checkout. It needs no build tool and no Node.js, and leaves out the
front end, which the service doesn't use.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import lit_lab
from lit_lab import folder_files
from lit_lab.problem import Problem
from lit_lab.version import version

BUILDERS = frozenset({"setuptools", "wheel"})
"""What packages that come as source are built with."""

SOURCES = frozenset({"annoy", "rouge-score"})
"""LIT's, of which no wheel is published. All else is installed without running any of its code."""

_ENTRY = re.compile(r"(?m)^([A-Za-z0-9._-]+)==")
_LEFT_OUT = {"__pycache__", "labextension"}
_REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "hashed"  # of a checkout
_SHIPPED = Path(__file__).parent / "locked"  # of an installed package; see pyproject.toml


def build(folder: Path) -> Path:
    """Write the wheel into a folder and return its path.

    Raises:
        Problem: The package was not installed, so that nobody knows what it needs.
        OSError: It can't be written.
    """
    package = Path(lit_lab.__file__).parent
    info = f"lit_lab-{version()}.dist-info"
    path = folder / f"lit_lab-{version()}-py3-none-any.whl"
    contents = {
        f"lit_lab/{file.relative_to(package).as_posix()}": file.read_bytes()
        for file in sorted(folder_files.walked(package))
        if file.is_file() and not _LEFT_OUT.intersection(file.relative_to(package).parts)
    }
    contents["lit_lab/_version.py"] = f'__version__ = "{version()}"\n'.encode()
    contents[f"{info}/METADATA"] = _metadata().encode()
    contents[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: lit_lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in contents.items()]
    contents[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in contents.items():
            wheel.writestr(name, content)
    return path


def locked(backend: str) -> list[Path]:
    """Return the files that list all packages with their versions and hashes, for what Keras is to run on.

    Raises:
        Problem: They are not there.
    """
    names = ["tensorflow.txt"] if backend == "tensorflow" else ["tensorflow.txt", f"{backend}.txt"]
    for folder in (_SHIPPED, _REQUIREMENTS):
        files = [folder / name for name in names]
        if all(file.is_file() for file in files):
            return files
    raise Problem(
        500,
        "setup_incomplete",
        "This installation of LIT Lab lacks the list of the versions to install.",
        "Install it anew: pip install --force-reinstall --no-deps lit_lab",
    )


def built_elsewhere(lists: Sequence[str]) -> list[str]:
    """Return the names of the packages in lists of `locked` that must come built; `SOURCES` may come as source."""
    return sorted({name for text in lists for name in _ENTRY.findall(text)} - SOURCES)


def of_builders(lists: Sequence[str]) -> str:
    """Return what lists of `locked` say of the packages that others are built with."""
    # An entry begins with its name; its hashes are the indented lines that follow.
    entries = [entry for text in lists for entry in re.split(r"(?m)^(?=\S)", text)]
    return "".join(entry for entry in entries if (name := _ENTRY.match(entry)) and name[1] in BUILDERS)


def _metadata() -> str:
    try:
        text = metadata.distribution("lit_lab").read_text("METADATA") or ""
    except metadata.PackageNotFoundError:
        text = ""
    if not text:
        raise Problem(
            500,
            "setup_incomplete",
            "LIT Lab runs from a folder that was never installed, so that nobody knows what it needs.",
            "Install it: pip install lit_lab; or in a checkout: pip install --editable .",
        )
    # A checkout's version may have moved on since it was installed; pip holds the file's name against this.
    return re.sub(r"(?m)^Version: .*$", f"Version: {version()}", text, count=1)


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
