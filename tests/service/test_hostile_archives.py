"""Hostile archives of presets."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostile_presets import MEBI, refused
from waiting import PATIENCE

from lit_lab.service.weights import archive

_UNPACK = """
import sys
from pathlib import Path
from lit_lab.service.errors import Problem
from lit_lab.service.weights import archive
def peak():  # of getrusage's, a part is the parent's
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = peak()
try:
    archive.MAX_MEMBERS = int(sys.argv[3])
    archive.unpacked(Path(sys.argv[1]), Path(sys.argv[2]))
    print("unpacked", end=" ")
except Problem as error:
    print(error.code, end=" ")
print((peak() - before) // 1024)
"""


def unpacked_apart(packed: Path, tmp_path: Path, members: int = archive.MAX_MEMBERS) -> tuple[str, int]:
    """Unpack in a separate process, and return the outcome and the peak memory in MiB."""
    run = [sys.executable, "-c", _UNPACK, str(packed), str(tmp_path / "cache"), str(members)]
    code, taken = subprocess.run(run, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout.split()
    return code, int(taken)


def header(name: str, kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def zeros(file: Any, size: int) -> None:
    for _ in range(size // MEBI):
        file.write(bytes(MEBI))


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_size_in_a_header_is_not_trusted(tmp_path: Path, kind: bytes) -> None:
    packed = tmp_path / "long.tar.gz"
    with gzip.open(packed, "wb", compresslevel=1) as file:
        file.write(header("x", kind, 200 * MEBI))
        zeros(file, 200 * MEBI)
        file.write(header("config.json", tarfile.REGTYPE, 0) + bytes(1024))
    code, taken = unpacked_apart(packed, tmp_path)
    assert code == "archive_unsafe"
    assert taken < 50


def test_a_sparse_files_map_does_not_go_on_without_end(tmp_path: Path) -> None:
    first = bytearray(header("x", tarfile.GNUTYPE_SPARSE, 512))
    first[482] = 1  # the map continues in the next block
    first[148:156] = b" " * 8
    first[148:156] = b"%06o\0 " % sum(first)
    block = (b"%011o\0%011o\0" % (0, 1)) * 21 + b"\1" + bytes(7)
    packed = tmp_path / "sparse.tar.gz"
    with gzip.open(packed, "wb", compresslevel=1) as file:
        file.write(first)
        for _ in range(1000):
            file.write(block * 40)
    code, taken = unpacked_apart(packed, tmp_path)
    assert code == "archive_unsafe"
    assert taken < 50


def test_folders_count_as_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 100)
    packed = tmp_path / "folders.tar"
    with tarfile.open(packed, "w") as tar:
        for number in range(101):
            tar.addfile(_folder(f"{number}"))
    refused(lambda: archive.unpacked(packed, tmp_path / "cache"), "archive_unsafe")


def _folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    return info


def test_many_folders_take_no_memory(tmp_path: Path) -> None:
    packed = tmp_path / "folders.tar.gz"
    with gzip.open(packed, "wb", compresslevel=1) as file:
        one = header("folder", tarfile.DIRTYPE, 0)
        for _ in range(201):
            file.write(one * 100)
    code, taken = unpacked_apart(packed, tmp_path, 20_000)
    assert code == "archive_unsafe"
    assert taken < 25  # storing them would take 70


@pytest.mark.parametrize("what", ["headers", "levels", "long", "negative", "keywords"])
def test_odd_headers_give_a_message(tmp_path: Path, what: str) -> None:
    packed = tmp_path / "odd.tar"
    content = {
        # Each long name belongs to the next long name.
        "headers": (header("x", tarfile.GNUTYPE_LONGNAME, 1) + b"x" + bytes(511)) * 5_000,
        "levels": b"",
        "long": b"",
        "negative": header("x", tarfile.REGTYPE, 0),
        "keywords": b"",
    }[what]
    if content:
        raw = bytearray(content)
        if what == "negative":
            raw[124:136] = b"\xff" * 10 + b"\xfc\0"
            raw[148:156] = b" " * 8
            raw[148:156] = b"%06o\0 " % sum(raw)
        packed.write_bytes(bytes(raw) + bytes(2048))
    else:
        pax = {f"k{number}": "x" for number in range(2_000)} if what == "keywords" else {}
        with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT, pax_headers=pax) as tar:
            name = "a/" * 1_000 if what == "levels" else "n" * 2_000 if what == "long" else ""
            tar.addfile(tarfile.TarInfo(name + "config.json"), io.BytesIO())
    refused(lambda: archive.unpacked(packed, tmp_path / "cache"), "archive_unsafe")
    assert list((tmp_path / "cache" / "unpacked").iterdir()) == []


@pytest.mark.parametrize("make", [os.mkfifo, lambda file: file.symlink_to("/dev/zero")], ids=["pipe", "device"])
def test_an_archive_that_is_no_regular_file_is_not_waited_for(tmp_path: Path, make: Callable[[Path], None]) -> None:
    packed = tmp_path / "some.tar.gz"
    make(packed)
    refused(lambda: archive.unpacked(packed, tmp_path / "cache"), "archive_damaged")
