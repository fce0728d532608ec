"""The time to read a user's text grows at most in proportion to its length, whatever the text.

The tests measure this process's processor time, which other processes hardly change. On a text of sixteen times the length,
linear work takes sixteen times as long, and quadratic work 256 times.
"""

from __future__ import annotations

import contextlib
import json
import os
import time

import pytest

from lit_lab import json_bounds
from lit_lab.datasets import csv_rows, json_rows
from lit_lab.datasets.open_dataset import OpenDataset
from lit_lab.datasets.readers import Reader
from lit_lab.problem import Problem
from lit_lab.protocol import DatasetSearch
from lit_lab.segmentation import Token, segments
from lit_lab.service.chat import FORMATS

MAX_CHARS = 2_000_000 if os.environ.get("LIT_LAB_LONG") else 500_000
MAX_RATIO = 64
ALLOWED_SECONDS = 0.4  # whatever the ratio, since short times mean nothing
TRIES = 6

SHAPES = [
    *(
        "a",
        " ",
        "\n",
        " \n",
        "(",
        "[",
        "{",
        "[[]",
        '"',
        '""',
        "'",
        "`a` ",
        "\\",
        '\\"',
        '\\\\"',
        ",",
        ':"',
        "🥚",
        '"a\n',
        '"a,\n',
    ),
    *('"a",\n', ',"\n', '"""\n', 'a,"b"\n', "{}", '{"a":', "好", "<end_of_turn>", "<|im_end|>", "<start_of_turn>model"),
]


def weigh(work, *given):
    before = time.process_time()
    work(*given)
    return time.process_time() - before


def is_linear(work, piece, longest=MAX_CHARS):
    """Compare work on a text of this length with work on a sixteenth of it. One good try of several is enough."""
    short, long = (piece * (length // len(piece)) for length in (longest // 16, longest))
    for _ in range(TRIES):
        before = weigh(work, short)
        if before > 3:
            return False  # quadratic work would never end on the longer text
        if weigh(work, long) <= max(ALLOWED_SECONDS, MAX_RATIO * before):
            return True
    return False


@pytest.mark.parametrize("piece", SHAPES)
def test_json_is_bounded_and_read_in_proportion(piece):
    def rows(text):
        # This makes the check of rows look twice.
        json_rows.excess("[" * 201 + text)
        json_rows.parse("[" * 201 + text)

    assert is_linear(rows, piece)
    assert is_linear(lambda text: json_bounds.excess(text.encode(), 10, 10, 10, 10), piece)


def test_json_is_changed_in_proportion():
    assert is_linear(lambda text: json_rows.changed(f'{{"a": {json.dumps(text)}}}', {"a": text, "b": text}), 'a"\\')
    assert is_linear(
        lambda text: json_rows.changed(f'{{{text}{" " * len(text)}"z": 1}}', {"z": "2"}), '"a": [], ', 500_000
    )


@pytest.mark.parametrize("piece", SHAPES)
@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_turns_are_put_around_a_prompt_in_proportion(format, piece):
    assert is_linear(format.around, piece)


LINES = [
    ". ",
    "a. b ",
    "A. The ",
    "e.g. ",
    "1. a ",
    "word ",
    "a: ",
    "a:",
    "(a) ",
    "= ",
    "x =",
    "def a",
    ";",
    "`",
    "-",
    "a\n ",
    "。",
    "…",
    "|",
    "\t",
]


@pytest.mark.parametrize("piece", [*SHAPES, *LINES])
def test_segments_are_cut_in_proportion(piece):
    def cut(text):
        tokens = [Token(text[at : at + 5], "control" if "<" in piece else "text") for at in range(0, len(text), 5)]
        for granularity in ("sentences", "lines", "paragraphs"):
            segments(tokens, len(tokens), granularity, join_lines="on")

    assert is_linear(cut, piece, 200_000)


@pytest.mark.parametrize("piece", SHAPES)
@pytest.mark.parametrize("name", ["a.txt", "a.csv", pytest.param("a.tsv", marks=pytest.mark.long), "a.jsonl"])
def test_a_dataset_is_read_in_proportion(tmp_path, name, piece):
    path = tmp_path / name

    def read(text):
        path.write_text("prompt,b\n" * (name == "a.csv") + text, encoding="utf-8", newline="")
        reader = Reader(path)
        with contextlib.suppress(Problem):  # such as one of too many columns
            for _ in reader:
                pass
        reader.close()

    assert is_linear(read, piece, MAX_CHARS // 4)


@pytest.mark.parametrize("piece", [piece for piece in SHAPES if '"' in piece])
def test_a_quote_that_is_not_closed_has_no_line_read_many_times(tmp_path, monkeypatch, piece):
    path = tmp_path / "a.csv"
    lines = (piece.replace("\n", "") + "\n") * 3_000
    path.write_text("prompt,b\n" + lines, encoding="utf-8", newline="")
    taken = 0
    following = csv_rows._Lines.__next__

    def counted(self):
        nonlocal taken
        taken += 1
        return following(self)

    monkeypatch.setattr(csv_rows._Lines, "__next__", counted)
    for _ in Reader(path):
        pass
    assert taken < 3.1 * 3_000


@pytest.mark.parametrize("split", ["lines", "paragraphs", "whole"])
def test_a_dataset_of_one_text_is_searched_and_changed_in_proportion(tmp_path, split):
    path = tmp_path / "a.txt"

    def work(text):
        path.write_text(text)
        dataset = OpenDataset("me", path.name, path.name, None)
        dataset.read_file(path, split)
        dataset.table.page(DatasetSearch(search="aaab b"))
        if dataset.table.size:
            dataset.table.change(1, "b", None, None)
        dataset.table.close()

    for piece in "a", "a\n", "a\n\n", " \n":
        assert is_linear(work, piece, MAX_CHARS // 4)
