"""LIT Lab's side of `peers.py`: its model service, in a process of its own, over HTTP, with every check."""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peers_child
from real_size import PROMPT, Service, explain

WINDOW = 512
DISLIKES = (
    "Can't eat eggs",
    "Don't like cheese",
    "Don't like bacon",
    "Allergic to nuts",
    "Can't eat fish",
    "Don't like salad",
    "Can't eat pork",
    "Don't like cream",
)
MAX_REPEAT = len(DISLIKES) - 2


@contextmanager
def running(
    model: str, precision: str, threads: int, window: int = WINDOW, with_bare: bool = True
) -> Iterator[Service]:
    """Yield a service, and end it. If something fails, print the end of its log."""
    with tempfile.TemporaryDirectory(prefix="lit-lab-peers-") as scratch:
        service = Service(model, window, precision, threads, Path(scratch), with_bare)
        try:
            yield service
        except BaseException:
            print((Path(scratch) / "log").read_text()[-4000:], file=sys.stderr)
            raise
        finally:
            service.end()


def figures(model: str, precision: str, repeat: int, tokens: int, threads: int, rest: float) -> dict[str, Any]:
    """Return LIT Lab's figures of a model, and its answers.

    Args:
        model: A path that LIT Lab loads.
        precision: Of weights and arithmetic.
        repeat: Answers whose median counts.
        tokens: Of an answer.
        threads: For arithmetic.
        rest: Seconds after the first map, in which the service compiles what its work so far needs.
    """
    found: dict[str, Any] = {}
    with running(model, precision, threads) as service:
        service.ready()
        service.load("real")
        first = answer(service, DISLIKES[0], tokens)
        found["answer_first_token"] = first["times"][0]
        process = service.process.pid
        found["loaded_mb"] = peers_child.memory("VmRSS", process)
        peers_child.forget_peak(process)
        found["first"] = explain(service, first["ids"], [peers_child.spans(first, tokens)[-1]])
        time.sleep(rest)
        second, *others = (answer(service, each, tokens) for each in DISLIKES[1 : 2 + repeat])
        found |= peers_child.medians([peers_child.answered(each["times"]) for each in (second, *others)])
        found["all"] = explain(service, second["ids"], peers_child.spans(second, tokens))
        rows = []
        for each in others:
            spans = peers_child.spans(each, tokens)
            rows.append({name: explain(service, each["ids"], [spans[at]]) for name, at in (("one", -1), ("next", 0))})
        found |= peers_child.medians(rows)
        found["total_mb"] = peers_child.memory("VmHWM", process)
        found["peak_mb"] = found["total_mb"] - found["loaded_mb"]
        found["leave_one_out"] = statistics.median(leave_one_out(service, each) for each in others)
    found["answers"] = [
        {"ids": each["ids"], "prompt_tokens": each["prompt_tokens"], "without": without(each)}
        for each in (first, second, *others)
    ]
    return found


def start(model: str, precision: str, answers: list[dict[str, Any]], tokens: int, threads: int) -> float:
    """Return the seconds from the start of a process to its first map, without an answer of its own."""
    with running(model, precision, threads, with_bare=False) as service:
        service.ready()
        service.load("real")
        explain(service, answers[0]["ids"], [peers_child.spans(answers[0], tokens)[-1]])
        return time.perf_counter() - service.started


def answer(service: Service, dislikes: str, tokens: int) -> dict[str, Any]:
    """Return an answer: `prompt`, `ids`, `prompt_tokens`, the prompt's `pieces` of text, and the `times` of its tokens."""
    prompt = PROMPT.format(dislikes=dislikes)
    body = {"kind": "generate", "model": "real", "prompt": prompt, "chat": "off", "max_new_tokens": tokens}
    times: list[float] = []
    before: list[dict[str, Any]] = []
    answered: list[dict[str, Any]] = []
    for at, event in service.events("/generate", body):
        if event["event"] == "prompt":
            before = event["tokens"]
        elif event["event"] == "token":
            times.append(at)
        elif event["event"] == "answer":
            answered = event["tokens"]
    return {
        "prompt": prompt,
        "ids": [token["id"] for token in [*before, *answered]],
        "prompt_tokens": len(before),
        "pieces": ["" if token["kind"] == "template" else token["text"] for token in before],
        "times": times,
    }


def parts(prompt: str) -> list[tuple[int, int]]:
    """Return the spans of a prompt's lines, without empty ones."""
    return [found.span() for found in re.finditer(r"[^\n]+", prompt)]


def without(found: dict[str, Any]) -> list[list[int]]:
    """Return the prompt's ids without those that begin in each of its parts."""
    begins, at = [], 0
    for piece in found["pieces"]:
        begins.append(at if piece else -1)
        at += len(piece)
    ids = found["ids"][: found["prompt_tokens"]]
    return [
        [id for id, begin in zip(ids, begins, strict=True) if not start <= begin < end]
        for start, end in parts(found["prompt"])
    ]


def leave_one_out(service: Service, found: dict[str, Any]) -> float:
    """Return the seconds that scoring an answer without each part of its prompt takes: one job for all its targets."""
    body = {
        "kind": "effects",
        "model": "real",
        "chat": "off",
        "prompt": found["prompt"],
        "ids": found["ids"],
        "answer_start": found["prompt_tokens"],
        "segments": [{"turn": 0, "start": start, "end": end} for start, end in parts(found["prompt"])],
        "samples": 0,
        "held_out": 0,
        "precision": "float32",  # the peers' too: the model's own
    }
    return max(at for at, _ in service.events("/effects", body))
