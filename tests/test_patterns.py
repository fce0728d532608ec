"""Expressions that never end, and other hostile ones, in a process of their own."""

from __future__ import annotations

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lit_lab.patterns import BoundedPatterns, UnmatchedError, bounded
from tests.waiting import SOON


@pytest.fixture
def patterns():
    with BoundedPatterns() as made:
        yield made


HOSTILE = [
    ("(a+)+$", "a" * 50 + "b"),
    ("(a|a)+$", "a" * 50 + "b"),
    ("(.*)*x", "a" * 50),
    (r"^(\w+\s?)*$", "word " * 30 + "!"),
    (r"(?:a?){40}a{40}", "a" * 40),
    ("a.*b.*c.*d.*e.*f$", "abcde" * 2000),
]


@pytest.mark.parametrize(("pattern", "text"), HOSTILE)
def test_one_that_never_ends_is_stopped(patterns, pattern, text):
    before = time.monotonic()
    with pytest.raises(UnmatchedError, match="It takes too long on this text"):
        patterns.search(pattern, text)
    assert time.monotonic() - before < SOON
    # The next one has a process again.
    assert patterns.search("b$", "ab")


def test_one_process_serves_many(patterns):
    assert patterns.search("[0-9]+", "a 12")
    process = patterns._child
    assert not patterns.search("^12", "a 12")
    assert patterns.ends("[0-9]|a", "a 12") == [1, 3, 4]
    assert patterns.search("A", "a", re.IGNORECASE)
    with pytest.raises(UnmatchedError):
        patterns.search("(", "a")
    assert patterns._child is process


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a(", r"It can't be matched: missing \), unterminated subpattern at character 2"),
        ("a{99999999999999}", "a number of repetitions is too large"),
        ("(" * 5_000 + ")" * 5_000, "its groups are nested too deeply|too much memory"),
    ],
)
def test_what_is_none(patterns, pattern, message):
    with pytest.raises(UnmatchedError, match=message):
        patterns.search(pattern, "a")


@pytest.mark.skipif(os.name == "nt", reason="Windows doesn't bound memory")
def test_memory_is_bounded(patterns, monkeypatch):
    monkeypatch.setattr(bounded, "MEMORY", 60_000_000)
    monkeypatch.setattr(bounded, "MAX_COMPUTING", 1000.0)
    monkeypatch.setattr(bounded, "MAX_WAIT", 1000.0)
    with pytest.raises(UnmatchedError, match="it takes too much memory"):
        patterns.ends("", "a" * 2_000_000)
    assert patterns.search("a", "a")


def test_any_text_arrives(patterns):
    for text in ("\n", "é\u2028\x00", "🥚", "\ud83d", "\ud83d\ude00", '"\\'):
        assert patterns.search(re.escape(text) + "$", text)
    assert patterns.ends(".", "\ud83d\ude00") == [1, 2]  # two halves stay two
    assert patterns.ends(".", "\U0001f600") == [1]


def test_a_process_that_is_gone_is_replaced(patterns):
    assert patterns.search("a", "a")
    assert patterns._child is not None
    patterns._child.kill()
    patterns._child.wait()
    with pytest.raises(UnmatchedError, match=r"the process that matches has ended|no process starts"):
        patterns.search("a", "a")
    assert patterns.search("a", "a")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows doesn't measure computing time")
def test_one_that_computes_too_long_has_other_words_than_a_busy_machine(patterns, monkeypatch):
    monkeypatch.setattr(bounded, "MAX_WAIT", 1000.0)
    monkeypatch.setattr(bounded, "MAX_COMPUTING", 0.1)
    with pytest.raises(UnmatchedError, match=r"It takes too long on this text\. "):
        patterns.search(*HOSTILE[0])


def test_a_process_that_rests_is_ended(patterns, monkeypatch, tmp_path):
    script = tmp_path / "silent.py"
    script.write_text(
        "import sys, time\nfor line in sys.stdin:\n    print('null', flush=True)\n    time.sleep(10_000)\n"
    )
    monkeypatch.setattr(bounded.child, "__file__", str(script))
    before = time.monotonic()
    with pytest.raises(UnmatchedError, match=r"on this text: it isn't done after 0\.9 seconds\. .* less busy"):
        patterns.search("a", "a")
    assert time.monotonic() - before < SOON
    assert bounded.MAX_COMPUTING < bounded.MAX_WAIT < 1


def test_nothing_is_left_running(patterns):
    patterns.search("a", "a")
    process = patterns._child
    assert process is not None
    patterns.close()
    assert process.returncode is not None


def test_each_thread_gets_its_own_answer() -> None:
    texts = [f"text {i}" * (1 + i % 7) for i in range(200)]
    with BoundedPatterns() as patterns, ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda text: patterns.ends(r"\d+", text), texts))
        assert found == [patterns.ends(r"\d+", text) for text in texts]
