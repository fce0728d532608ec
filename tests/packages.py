"""Builds a small index of empty packages in the locked versions, from which pip installs in seconds."""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from pathlib import Path

NAMES = ("fastapi", "httpx", "jupyter_server", "kagglehub", "keras", "keras_nlp", "lit_nlp", "pydantic", "tensorflow")
BUILD = ("setuptools", "wheel", "uvicorn")
LOCK = Path(__file__).parents[1] / "requirements" / "lock.txt"


def write_wheel(folder: Path, name: str, number: str, code: str = "") -> None:
    """Write a package that has a module of the same name, and no dependencies."""
    info = f"{name}-{number}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{number}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}/__init__.py", code)
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")


def write_index(folder: Path) -> dict[str, str]:
    """Write all of the service's packages into a folder, and return the environment variables that lead pip there, as users set them.

    Also write a list of them with hashes, `tensorflow.txt`, for `own_wheel._SHIPPED`.
    """
    folder.mkdir()
    locked = dict(re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", LOCK.read_text("utf-8")))
    numbers = {name.lower().replace("-", "_"): number for name, number in locked.items()}
    for name in (*NAMES, *BUILD):
        write_wheel(folder, name, numbers[name])
    entries = [
        f"{name.replace('_', '-')}=={number} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
        for wheel in sorted(folder.glob("*.whl"))
        for name, number in [wheel.name.split("-")[:2]]
    ]
    (folder / "tensorflow.txt").write_text("# What is here.\n" + "".join(entries))
    return {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
