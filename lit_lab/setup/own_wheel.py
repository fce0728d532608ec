"""Builds a wheel of LIT Lab's own code, for another environment on the same machine.

The wheel contains the installed package rather than a downloaded one, so that the service has the same code as the Jupyter
server: from an index, a file or a checkout. Building needs no build tool and no Node.js, and leaves out the front end, which
the service doesn't use.
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
"""The packages that build packages from source."""

SOURCES = frozenset({"annoy", "rouge-score"})
"""Dependencies of LIT without a published wheel. All other packages are installed without running their code."""

_ENTRY = re.compile(r"(?m)^([A-Za-z0-9._-]+)==")
_LEFT_OUT = {"__pycache__", "labextension"}
_REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "hashed"  # in a checkout
_SHIPPED = Path(__file__).parent / "locked"  # in an installed package; see pyproject.toml


def build(folder: Path) -> Path:
    """Write the wheel into a folder.

    Returns:
        The wheel's path.

    Raises:
        Problem: The package isn't installed, so its dependencies are unknown.
        OSError: The wheel can't be written.
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
    """Return the files that list all packages with versions and hashes, for one of Keras's backends.

    Raises:
        Problem: The files are missing.
    """
    names = ["tensorflow.txt"] if backend == "tensorflow" else ["tensorflow.txt", f"{backend}.txt"]
    for folder in (_SHIPPED, _REQUIREMENTS):
        files = [folder / name for name in names]
        if all(file.is_file() for file in files):
            return files
    raise Problem(
        500,
        "setup_incomplete",
        "This installation of LIT Lab lacks the list of packages to install.",
        "Reinstall LIT Lab: pip install --force-reinstall --no-deps lit_lab",
    )


def built_elsewhere(lists: Sequence[str]) -> list[str]:
    """Return the names of the listed packages that must be installed from a wheel: all except `SOURCES`."""
    return sorted({name for text in lists for name in _ENTRY.findall(text)} - SOURCES)


def of_builders(lists: Sequence[str]) -> str:
    """Return the entries of the build tools in the contents of the files of `locked`."""
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
            "LIT Lab runs from a folder that isn't installed, so its dependencies are unknown.",
            "Install it: pip install lit_lab; or in a checkout: pip install --editable .",
        )
    # The version of a checkout may have changed since its installation. pip compares it with the wheel's name.
    return re.sub(r"(?m)^Version: .*$", f"Version: {version()}", text, count=1)


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
