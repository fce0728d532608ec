"""How much sooner does an answer come by drafts, and what do alternatives, log-probabilities and streaming cost?

    make test-real                 # fetches both models; once
    python benchmarks/drafts.py

Each model answers the tutorial's prompt with `--tokens` tokens, in one process, alternately in each way: by the open graph, as before anything is
compiled; by the compiled step in float32; and by drafts. Tokens per second don't count the first token. `events` are all of an answer's events as
the service sends them, with five alternatives for each token, without the time of sending; `bare` are the ids alone.

Tokens that differ between the ways are counted, and log-probabilities are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from page_table import aligned
from real_model import FOLDER
from real_size import PROMPT

from lit_lab.protocol import GenerateRequest, TokenEvent
from lit_lab.service import libraries
from lit_lab.service.cancellation import Cancellation

NAMES = {"smollm2": "SmolLM2 135M", "gemma3": "Gemma 3 270M"}
LABELS = {
    "open": "open graph, tokens per second",
    "step": "compiled step, tokens per second",
    "drafts": "drafts, tokens per second",
    "ratio": "drafts ÷ compiled step",
    "confirmed": "drafted tokens that were confirmed, %",
    "different": "tokens that differ from the step's",
    "difference": "largest difference of a log-probability, nats",
    "bandwidth": "least time by bandwidth in float32, share of the drafts' time",
    "events": "with all events ÷ bare ids, time",
}


class Answers:
    """A model's answers to the tutorial's prompt.

    Args:
        name: Of `NAMES`.
        folder: Of `make test-real`.
        tokens: Number of tokens of an answer.
    """

    def __init__(self, name: str, folder: Path, tokens: int) -> None:
        from lit_lab.service import presets
        from lit_lab.service.language_model import LanguageModel

        self.model = LanguageModel(presets.load(str(folder / name / "model.gguf")))
        self.decoder = self.model.decoder
        self.prompt = PROMPT
        self.ids = [token.id for token in self.model.tokenizer.prompt(self.prompt)]
        self.tokens = tokens
        self.proposed: list[int] = []
        self._propose = self.decoder.drafts.propose

    def compile(self) -> None:
        """Compile both kinds of steps for the answer's cache."""
        self.bare()
        newest = self.decoder.caches.newest
        assert newest is not None
        length = self.decoder.cached_pass.length_of(newest.cache)
        self.decoder.cached_pass.compile_step(length)
        if not self.decoder.drafts.compile(length):
            raise SystemExit("This model has no drafts here.")

    def bare(self, alternatives: int = 0) -> tuple[list[Any], float]:
        """Return an answer's steps, and its tokens per second."""
        self.decoder.forget()
        found, times = [], []
        for step in self.decoder.steps(self.ids, len(self.ids) + self.tokens, alternatives=alternatives):
            found.append(step)
            times.append(time.perf_counter())
        return found, (len(found) - 1) / (times[-1] - times[0])

    def events(self) -> float:
        """Return the tokens per second of an answer's events."""
        self.decoder.forget()
        request = GenerateRequest(model="m", prompt=self.prompt, max_new_tokens=self.tokens, chat="off")
        times = []
        for event in self.model.generate(request, Cancellation()):
            event.model_dump_json()
            if isinstance(event, TokenEvent):
                times.append(time.perf_counter())
        return (len(times) - 1) / (times[-1] - times[0])

    def way(self, name: str) -> Callable[[], tuple[list[Any], float]]:
        """Return what answers in one way: `open`, `step` or `drafts`."""

        def propose(*given: Any) -> list[int]:
            self.proposed.append(len(found := self._propose(*given)))
            return found

        def answered() -> tuple[list[Any], float]:
            steps = self.decoder.cached_pass._steps
            found: Any = propose if name == "drafts" else lambda *_: []
            self.decoder.drafts.propose = found  # type: ignore[method-assign]
            self.decoder.cached_pass._steps = steps if name == "step" else {}
            try:
                return self.bare(5)
            finally:
                self.decoder.cached_pass._steps = steps
                self.decoder.drafts.propose = self._propose  # type: ignore[method-assign]

        return answered


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return a model's figures."""
    answers = Answers(name, options.folder, options.tokens)
    answers.compile()
    rates: dict[str, list[float]] = {way: [] for way in ("open", "step", "drafts")}
    steps: dict[str, list[Any]] = {}
    events, bare = [], []
    for _ in range(options.repeat):
        for way, found in rates.items():
            steps[way], rate = answers.way(way)()
            found.append(rate)
        events.append(answers.events())
        bare.append(answers.bare()[1])
    confirmed = options.tokens - 1 - len(answers.proposed) // options.repeat
    drafted = sum(answers.proposed) / options.repeat
    pairs = list(zip(steps["drafts"], steps["step"], strict=True))
    result: dict[str, Any] = {way: statistics.median(found) for way, found in rates.items()}
    weights = 4 * answers.model.parameters
    return result | {
        "model": name,
        "threads": options.threads,
        "ratio": result["drafts"] / result["step"],
        "confirmed": 100 * confirmed / drafted,
        "different": sum(a.id != b.id for a, b in pairs),
        "difference": max(abs(a.logprob - b.logprob) for a, b in pairs),
        "bandwidth": weights / read_bandwidth() * result["drafts"],
        "events": statistics.median(bare) / statistics.median(events),
    }


def read_bandwidth() -> float:
    """Return the bytes per second at which a product of a matrix and a vector reads the matrix."""
    import tensorflow as tf

    matrix, vector = tf.random.normal([2**16, 2**10]), tf.random.normal([1, 2**10])
    product = tf.function(lambda x: tf.matmul(x, matrix, transpose_b=True), jit_compile=True)
    times = []
    for _ in range(12):
        started = time.perf_counter()
        product(vector).numpy()
        times.append(time.perf_counter() - started)
    return 4 * 2**26 / min(times)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of `make test-real` (default: %(default)s)")
    parser.add_argument("--models", default=",".join(NAMES), help="default: %(default)s")
    parser.add_argument("--tokens", type=int, default=64, help="of an answer (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="answers in each way (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: all cores, %(default)s")
    parser.add_argument("--json", action="store_true", help="print one line of JSON for each model instead of a table")
    options = parser.parse_args()
    libraries.set_environment(options.threads, "tensorflow")
    libraries.import_backend(options.threads, "tensorflow")
    libraries.import_keras()
    found = [measured(name, options) for name in options.models.split(",")]
    if options.json:
        for each in found:
            print(json.dumps(each))
        return
    rows = [[label, *(f"{each[name]:.3g}" for each in found)] for name, label in LABELS.items()]
    print(aligned(["", *(NAMES[each["model"]] for each in found)], rows))


if __name__ == "__main__":
    main()
