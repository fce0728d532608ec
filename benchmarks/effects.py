"""How much does the whole ablation of a run cost, compared with one gradient of the same run?

    make test-real                 # fetches both models; once
    python benchmarks/effects.py

The model service runs a prompt of 20 sentences (about 250 tokens) and its answer of 40 tokens, in a separate process, over HTTP.
`one gradient` is the map of one target of ten tokens in a sequence that the service hasn't seen, including its forward pass, after
compilation: the median of several. `effects` is one job for all targets of the answer. The goal for leaving out each sentence and
32 random sets is at most 12 times a gradient.

Processor time is that of all threads of the service: on a busy machine it says more than wall time. `tokens` is the number of tokens
that the job runs through the model, beside the least possible: each beginning of any edited prompt once. `arithmetic` is the processor
time that the matrix products of that least number, and the logits of all rows, take at the speed of one large product in this process.

Jobs in float32 and with the default precision take turns. Where the latter is half precision (docs/engine.md), its figures follow, check included:
the largest difference of a token's log-probability from float32 over all sets, and the least rank correlation of a target's map by leaving out
one and by ContextCite with the same map in float32. Elsewhere `half` is null.

`first effect` is measured in a new service, whose first request is a run of the tutorial's prompt: the seconds from its answer to
the first effect.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from real_size import PROMPT as TUTORIAL
from real_size import Service, explain

from lit_lab.effects import Effects, effects_of, rank_correlation
from lit_lab.protocol import EffectsEvent, EffectsRequest, KeptEffects

FOLDER = Path(os.environ.get("LIT_LAB_REAL") or Path.home() / ".cache" / "lit-lab" / "real")
MODELS = {"gemma3": "Gemma 3 270M", "smollm2": "SmolLM2 135M", "embedded": "embedded"}
KINDS = ("one", "held_out", "random")
GOAL = 12.0
HALF_GOAL = 4.0  # in half precision
NUMBER = 5  # gradients, whose median counts
PROMPT = (
    "Our guest {name} wrote us a long letter before the dinner. She likes mushrooms of all kinds and fresh herbs from the garden. "
    "She doesn't like onions, neither raw nor cooked. She is allergic to peanuts and carries her medicine with her. "
    "She has been to our place twice in the last year. The first time she had the soup with the bread of the day. "
    "It was too salty for her, and she let the waiter know. The second time she had the pasta with the green sauce. "
    "She asked for the recipe and wrote it down. Today she comes with three friends from her office. "
    "One of them eats no meat and no fish at all. Another one comes from the coast and loves every kind of fish. "
    "The third one eats everything that is put on the table. They want a table by the window with a view of the river. "
    "They will arrive at seven and want to leave before ten. We have fresh trout today, which came in this morning. "
    "The kitchen closes at ten, and the last order is at nine. The new cook makes a good tart with onions and cream. "
    "The red wine from the valley has arrived as well. "
    "Write a short menu for her and say for each dish why she will like it."
)
ANSWER = (
    " First there is a soup of mushrooms and fresh herbs, because she likes both. Then there is trout for her friend from the "
    "coast. There are no onions and no peanuts in any of the dishes, and the pasta comes as she knows it."
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text's sentences."""
    return [(found.start(), found.end()) for found in re.finditer(r"[^.]+\.\s*", text)]


def measure(model: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return a model's figures."""
    path = model if model == "embedded" else str(options.folder / model / "model.gguf")
    with tempfile.TemporaryDirectory(prefix="lit-lab-effects-") as scratch:
        service = Service(path, 512, "float32", options.threads, Path(scratch))
        try:
            service.ready()
            service.load("real")
            runs = [run(service, name, options.tokens) for name in ("Ada", "Bea", "Cleo", "Dora", "Eva", "Fay")]
            explain(service, runs[0]["ids"], [targets(runs[0])[-1]])
            time.sleep(options.rest)  # the service compiles in the background now
            gradients, processor = [], []
            for each in runs[1 : 1 + NUMBER]:
                before = processor_seconds(service)
                gradients.append(explain(service, each["ids"], [targets(each)[-1]]))
                processor.append(processor_seconds(service) - before)
            all_maps = explain(service, runs[0]["ids"], targets(runs[0]))
            jobs, halves = [], []
            for each in runs[1 : 1 + options.jobs]:
                jobs.append(effects(service, each, "float32"))
                halves.append(effects(service, each, "auto"))
        finally:
            service.end()
        first = first_effects(path, options, Path(scratch))
    gradient = statistics.median(gradients)
    parts = {kind: statistics.median(job.spent[kind][0] for job in jobs) for kind in KINDS}
    cpu = statistics.median(job.spent["one"][1] + job.spent["random"][1] for job in jobs)
    return {
        "prompt_tokens": runs[0]["answer_start"],
        "answer_tokens": len(runs[0]["ids"]) - runs[0]["answer_start"],
        "sentences": len(sentences(runs[0]["prompt"])),
        "gradient_s": gradient,
        "four_targets_s": all_maps,
        "one_s": parts["one"],
        "random_s": parts["random"],
        "held_out_s": parts["held_out"],
        "ratio": (parts["one"] + parts["random"]) / gradient,
        "ratio_with_held_out": sum(parts.values()) / gradient,
        "gradient_cpu_s": statistics.median(processor),
        "cpu_s": cpu,
        "ratio_cpu": cpu / statistics.median(processor),
        "first_effects_s": first,
        "half": half_figures(jobs, halves, [targets(each) for each in runs[1:]], runs[1:], gradient),
        **counted(path, runs[1], options.threads),
    }


def run(service: Service, name: str, tokens: int) -> dict[str, Any]:
    """Return a run."""
    prompt = PROMPT.format(name=name)
    body = {"kind": "score", "model": "real", "prompt": prompt, "chat": "off", "target": ANSWER}
    events = [event for _, event in service.events("/score", body)]
    before = next(event["tokens"] for event in events if event["event"] == "prompt")
    answer = next(event["tokens"] for event in events if event["event"] == "answer")[:tokens]
    return {
        "prompt": prompt,
        "ids": [token["id"] for token in [*before, *answer]],
        "answer_start": len(before),
    }


def targets(found: dict[str, Any]) -> list[tuple[int, int]]:
    """Return four targets of an answer."""
    start, end = found["answer_start"], len(found["ids"])
    step = max(1, (end - start) // 4)
    return [(at, min(end, at + step)) for at in range(start, start + 4 * step, step) if at < end]


def request_of(found: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the request for the effects of a run."""
    spans = [{"turn": 0, "start": start, "end": end} for start, end in sentences(found["prompt"])]
    body = {"kind": "effects", "model": "real", "chat": "off", "segments": spans, "samples": 32, "held_out": 0}
    return found | body | more


@dataclass(frozen=True)
class Job:
    """A job's seconds for each kind of sets, with the processor time; and its events."""

    spent: dict[str, list[float]]
    events: list[EffectsEvent]


def effects(service: Service, found: dict[str, Any], precision: str) -> Job:
    """Run a job."""
    events = []
    spent = {kind: [0.0, 0.0] for kind in KINDS}
    last = 0.0
    processor = processor_seconds(service)
    for at, event in service.events("/effects", request_of(found, held_out=16, precision=precision)):
        if event["event"] == "effects":
            events.append(EffectsEvent.model_validate(event))
            now = processor_seconds(service)
            spent[event["kind"]][0] += at - last
            spent[event["kind"]][1] += now - processor
            last, processor = at, now
    return Job(spent, events)


def half_figures(
    jobs: list[Job],
    halves: list[Job],
    of: list[list[tuple[int, int]]],
    runs: list[dict[str, Any]],
    gradient: float,
) -> dict[str, float] | None:
    """Return what half precision costs, and how its scores differ; None if it wasn't used."""
    if any(event.difference is None for job in halves for event in job.events):
        return None
    seconds = statistics.median(job.spent["one"][0] + job.spent["random"][0] for job in halves)
    differences, alone, average = [], [], []
    for pair in zip(jobs, halves, of, runs, strict=False):
        exact, half = (table(job, pair[3]) for job in pair[:2])
        differences.append(float(np.abs(exact.logprobs - half.logprobs).max()))
        for start, end in pair[2]:
            target = slice(start, end)
            alone.append(rank_correlation(exact.leave_one_out(target), half.leave_one_out(target)))
            average.append(rank_correlation(exact.context_cite(target), half.context_cite(target)))
    return {
        "seconds": seconds,
        "ratio": seconds / gradient,
        "checked_difference": max(job.events[0].difference or 0.0 for job in halves),
        "difference": max(differences),
        "leave_one_out": min(found for found in alone if found is not None),
        "context_cite": min(found for found in average if found is not None),
    }


def table(job: Job, found: dict[str, Any]) -> Effects:
    """Return a job's scores."""
    request = EffectsRequest.model_validate(request_of(found))
    kept = KeptEffects(segments=request.segments, held_out=16, seed=request.seed, events=job.events)
    return effects_of([kept], found["answer_start"])[0]


def processor_seconds(service: Service) -> float:
    """Return the processor time that a service has used so far."""
    fields = Path(f"/proc/{service.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_effects(path: str, options: argparse.Namespace, scratch: Path) -> list[float]:
    """Return the seconds from an answer to its first effect, for the first run in a new service and for the second one."""
    service = Service(path, 512, "float32", options.threads, scratch)
    name = "bare" if path == "embedded" else "real"  # the service itself loads `bare`, like the embedded model
    try:
        service.ready()
        service.load(name)
        found = []
        for dislikes in ("Can't eat eggs", "Don't like cheese"):
            prompt = TUTORIAL.format(dislikes=dislikes)
            body = {
                "kind": "generate",
                "model": name,
                "prompt": prompt,
                "chat": "off",
                "max_new_tokens": options.tokens,
            }
            events = {event["event"]: event for _, event in service.events("/generate", body)}
            before, answer = events["prompt"]["tokens"], events["answer"]["tokens"]
            ids = [token["id"] for token in [*before, *answer]]
            request = request_of(
                {"prompt": prompt, "ids": ids, "answer_start": len(before)}, model=name, precision="auto"
            )
            every = list(service.events("/effects", request))
            found.append(next(at for at, event in every if event["event"] == "effects"))
        return found
    finally:
        service.end()


def counted(path: str, found: dict[str, Any], threads: int) -> dict[str, float]:
    """Return a job's tokens, their least possible number, and the processor time of that arithmetic.

    The passes are chosen as in the service, but none of them runs.
    """
    from lit_lab.service import libraries

    libraries.set_environment(threads)
    libraries.import_backend(threads)
    libraries.import_keras()
    from effects_count import count
    from faithfulness_runs import load

    model = load(path)
    return count(model, EffectsRequest.model_validate(request_of(found)))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of `make test-real` (default: %(default)s)")
    parser.add_argument("--models", default=",".join(MODELS), help="default: %(default)s")
    parser.add_argument("--tokens", type=int, default=40, help="of an answer (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=3, help="of which the median counts (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: all cores, %(default)s")
    parser.add_argument("--rest", type=float, default=20.0, help="seconds for the compiler (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    result = {name: measure(name, options) for name in options.models.split(",")}
    if options.json:
        print(json.dumps(result))
        return
    for name, found in result.items():
        print(
            f"\n{MODELS[name]}: {found['prompt_tokens']} + {found['answer_tokens']} tokens, {found['sentences']} sentences, "
            f"float32, {options.threads} threads"
        )
        for label, key in (
            ("one gradient, with its forward pass", "gradient_s"),
            ("maps of four targets", "four_targets_s"),
            ("effects: each sentence left out", "one_s"),
            ("effects: 32 random sets", "random_s"),
            ("effects: 16 held-out sets", "held_out_s"),
        ):
            print(f"  {label:<40}{found[key]:>8.2f} s{found[key] / found['gradient_s']:>8.1f} gradients")
        print(f"  leaving out and 32 sets: {found['ratio']:.1f} gradients; goal {GOAL:.0f}")
        half = found["half"]
        if half is None:
            print("  half precision isn't used: the processor doesn't multiply bfloat16 itself, or the check failed")
        else:
            print(
                f"  the same in half precision: {half['seconds']:.2f} s, {half['ratio']:.1f} gradients; goal {HALF_GOAL:.0f}; "
                f"at most {half['difference']:.3f} nats per token from float32 ({half['checked_difference']:.3f} in the check); "
                f"ranks {half['leave_one_out']:.3f} (leaving out), {half['context_cite']:.3f} (ContextCite)"
            )
        unit = found["gradient_cpu_s"]
        for label, key in (
            ("processor time: one gradient", "gradient_cpu_s"),
            ("processor time: leaving out and 32 sets", "cpu_s"),
            ("  of it arithmetic, with the least tokens", "arithmetic_cpu_s"),
        ):
            print(f"  {label:<40}{found[key]:>8.2f} s{found[key] / unit:>8.1f} gradients")
        print(
            f"  tokens: {found['tokens']:,} in {found['passes']} passes; the least {found['least_tokens']:,}; "
            f"without sharing {found['plain_tokens']:,}"
        )
        first, second = found["first_effects_s"]
        print(f"  first effect after an answer: {first:.2f} s in a fresh service, {second:.2f} s of its second run")


if __name__ == "__main__":
    main()
