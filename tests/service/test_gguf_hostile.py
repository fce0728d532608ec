"""Damaged and hostile GGUF files."""

from __future__ import annotations

import random
import struct
import tracemalloc
from pathlib import Path

import pytest
from gguf_models import file_of, text

from lit_lab.problem import Problem
from lit_lab.service.gguf import header, model
from lit_lab.service.gguf.contents import GgufError
from lit_lab.service.gguf.walk import Walk


def head(tensor_count: int = 0, fields: bytes = b"", field_count: int = 0, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensor_count, field_count) + fields


HUGE = 2**62


ONE = text(b"a")


TENSOR = text(b"t") + struct.pack("<IQIQ", 1, 32, 0, 0)


HOSTILE = {
    "empty": (b"", "empty"),
    "short": (b"GGUF", "cut short"),
    "another format": (b"PK\x03\x04" + bytes(100), "isn't a GGUF file"),
    "version 1": (head(version=1) + bytes(64), "version 1"),
    "another order of bytes": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0) + bytes(64), "big-endian"),
    "many tensors": (head(HUGE), f"{HUGE:,} tensors"),
    "many fields": (head(0, b"", HUGE), f"{HUGE:,} fields"),
    "a long name": (head(0, struct.pack("<Q", HUGE), 1), "bytes"),
    "a long text": (head(0, ONE + struct.pack("<IQ", 8, HUGE), 1), "bytes"),
    "a long list": (head(0, ONE + struct.pack("<IIQ", 9, 4, HUGE), 1), "items"),
    "a list that isn't there": (head(0, ONE + struct.pack("<IIQ", 9, 4, 1_000_000), 1), "cut short"),
    "texts that aren't there": (head(0, ONE + struct.pack("<IIQ", 9, 8, 1_000_000), 1), "cut short"),
    "a text of a list that ends behind the file": (head(0, ONE + struct.pack("<IIQQ", 9, 8, 1, HUGE), 1), "cut short"),
    "a list of lists": (head(0, ONE + struct.pack("<IIQ", 9, 9, 1), 1) + bytes(64), "list of lists"),
    "an unknown kind": (head(0, ONE + struct.pack("<I", 99), 1), "kind"),
    "text that isn't": (head(0, text(b"\xff\xfe") + struct.pack("<II", 4, 0), 1), "UTF-8"),
    "no dimensions": (head(1, text(b"t") + struct.pack("<I", 0)) + bytes(64), "dimensions"),
    "many dimensions": (head(1, text(b"t") + struct.pack("<I", 10**9)) + bytes(64), "dimensions"),
    "a huge tensor": (head(1, text(b"t") + struct.pack("<IQQIQ", 2, 2**32, 2**32, 0, 0)), "possible shape"),
    "an empty tensor": (head(1, text(b"t") + struct.pack("<IQIQ", 1, 0, 0, 0)) + bytes(64), "possible shape"),
    "half a block": (head(1, text(b"t") + struct.pack("<IQIQ", 1, 33, 8, 0)) + bytes(64), "possible shape"),
    "an unknown form": (head(1, text(b"t") + struct.pack("<IQIQ", 1, 32, 77, 0)) + bytes(64), "form"),
    "a tensor behind the end": (head(1, TENSOR), "more than it contains"),
    "a tensor far away": (
        head(1, text(b"t") + struct.pack("<IQIQ", 1, 32, 0, 2**60)) + bytes(256),
        "more than it contains",
    ),
    "a tensor at no possible place": (
        head(1, text(b"t") + struct.pack("<IQIQ", 1, 32, 0, 3)) + bytes(999),
        "more than",
    ),
    "a tensor twice": (head(2, TENSOR + TENSOR) + bytes(256), "twice"),
    "the same bytes many times": (
        head(9, b"".join(text(b"t%d" % n) + struct.pack("<IQIQ", 1, 32, 0, 0) for n in range(9))) + bytes(160),
        "more than it contains",
    ),
    "no family": (head(), "family"),
    "an alignment of its own": (
        head(1, text(b"general.alignment") + struct.pack("<II", 4, 3) + TENSOR, 1) + bytes(256),
        "places",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_invalid_header_gives_a_message(tmp_path: Path, name: str) -> None:
    content, word = HOSTILE[name]
    file = tmp_path / "tiny.gguf"
    file.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(GgufError, match=word):
            header.read(file)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    import os

    from lit_lab.service.weights import regular

    os.mkfifo(tmp_path / "tiny.gguf")
    with pytest.raises(regular.NotRegularError):
        header.read(tmp_path / "tiny.gguf")


def test_too_many_parts(tmp_path: Path) -> None:
    with pytest.raises(GgufError, match="parts"):
        header.read(tmp_path / "tiny-00001-of-99999.gguf")
    for name in ("tiny-00001-of-00000.gguf", "tiny-00003-of-00001.gguf"):
        with pytest.raises(GgufError, match="parts"):
            header.read(tmp_path / name)
    # A folder full of names takes no time.
    for number in range(2_000):
        (tmp_path / f"m{number}-00001-of-01000.gguf").touch()
    with pytest.raises(Problem, match="several models"):
        model.within(tmp_path, "folder")


def test_a_file_that_becomes_shorter_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = head(0, ONE + struct.pack("<IIQ", 9, 4, 100_000) + bytes(400_000), 1) + bytes(2**21)
    file = tmp_path / "tiny.gguf"
    file.write_bytes(content)
    read = Walk._fill

    def cuts(walk: Walk, end: int) -> None:
        with file.open("r+b") as stream:
            stream.truncate(100)
        read(walk, end)

    monkeypatch.setattr(Walk, "_fill", cuts)
    with pytest.raises(GgufError, match="became shorter"):
        header.read(file)


def test_a_cut_or_changed_file_is_read_or_refused(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    """Whatever the damage to a file, its header is either read or refused with a message, in little time and memory."""
    content = file_of("Gemma", tmp_path, sentencepiece_proto).read_bytes()
    file = tmp_path / "changed.gguf"
    # A header's counts and lengths are mostly at its beginning and at the tensors' names.
    tensors_at = content.index(b"token_embd.weight")
    choices = random.Random(5)
    refused = 0
    for number in range(600):
        changed = bytearray(content)
        if number % 3 == 0:
            del changed[choices.randrange(len(changed)) :]
        for _ in range(choices.randrange(1, 5)):
            at = choices.choice([choices.randrange(2_000), tensors_at + choices.randrange(2_000)])
            if at < len(changed):
                changed[at] = choices.choice([0, 1, 0x7F, 0x80, 0xFF, choices.randrange(256)])
        file.write_bytes(changed)
        tracemalloc.start()
        try:
            model.check(file, "tiny")
        except Problem as error:
            refused += 1
            assert error.hint
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 4 * len(content) + 2**20
    assert refused > 100
