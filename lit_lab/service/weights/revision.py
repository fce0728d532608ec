"""What identifies a model's files: it differs when they do."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from lit_lab import folder_files, local_paths

from . import hub_cache, regular

MAX_WHOLE = 64 * 2**20
"""Maximum bytes of a file that is read as a whole: in less than 0.1 s. Larger ones would delay loading."""

_SAMPLES = 1024  # of a larger file
_SAMPLE = 16 * 2**10  # bytes
_BLOBS = "blobs"  # where Hugging Face's cache and Ollama store files under their digests


def revision_of(place: Path) -> str:
    """Return the revision of a preset's folder, or of a GGUF file with all of its parts; empty: a file can't be read.

    It comes from the files' names, sizes and contents, so that a copy has the same. Of a large file, it is the digest that it is
    stored under, or else samples and the time of its last change: a copy of that may have another revision.
    """
    if place.is_dir():
        files = [file for file in folder_files.walked(place, regular.MAX_FILES) if file.suffix.lower() != ".md"]
        names = [file.relative_to(place).as_posix() for file in files]
    else:
        files = hub_cache.parts_of(place) or [place]
        names = [str(index) for index in range(len(files))]
    if not files or len(files) > regular.MAX_FILES:
        return ""
    found = hashlib.sha256()
    try:
        for name, file in sorted(zip(names, files, strict=True)):
            found.update(f"{len(os.fsencode(name))}:".encode() + os.fsencode(name))
            _add(found, file)
    except local_paths.FAILURES:
        return ""
    return found.hexdigest()[:32]


def _add(found: Any, file: Path) -> None:
    with regular.opened(file) as stream:
        about = os.fstat(stream.fileno())
        found.update(f":{about.st_size}:".encode())
        if about.st_size <= MAX_WHOLE:
            # A bound, in case it grows meanwhile.
            found.update(stream.read(MAX_WHOLE))
            return
        target = local_paths.resolved(file)
        found.update(os.fsencode(target.name) if target.parent.name == _BLOBS else f"{about.st_mtime_ns}".encode())
        for index in range(_SAMPLES):
            stream.seek(index * (about.st_size - _SAMPLE) // (_SAMPLES - 1))
            found.update(stream.read(_SAMPLE))
