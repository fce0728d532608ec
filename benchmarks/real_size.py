"""How much time and memory does a model of Gemma 2 2B's real size take on this machine: to load, for a token, for a map?

    python benchmarks/real_size.py

The script writes a preset of Gemma 2 2B's shape (26 layers, width 2304, vocabulary 256,000) with random weights in bfloat16
to a temporary folder of 5.3 GB (or to `--preset`, where it stays and is reused). The model service loads it like any
other, with the same process, checks, estimate and queue, over HTTP. Its tokenizer is the embedded model's, padded to 256,000
pieces, so prompts have more tokens than with Gemma's own. Answers of random weights mean nothing, but time and memory don't
depend on them.

Memory is that of the process, or of the GPU if TensorFlow uses one. `reckoned` is the service's estimate before it loads.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from lab_jobs import held_mb
from real_size_preset import write

from lit_lab.supervision import launch

ROOT = Path(__file__).resolve().parent.parent
SECRET = "a secret of the benchmark's own"
PATIENCE = 3600.0
EXPLAINED = {
    "libraries_s": "libraries imported, from the start of the process",
    "load_s": "model loaded and its generation compiled",
    "weights_mb": "memory: more than before it was loaded",
    "weights_reckoned_mb": "  reckoned: weights",
    "first_s": "first answer: until its first token",
    "prompt_tokens": "  tokens of the prompt",
    "token_s": "first answer: each token after it",
    "again_first_s": "second answer, another prompt: until its first token",
    "again_token_s": "  each token after it",
    "tokens_per_s": "  tokens per second",
    "one_s": "map of one sentence, the first one: compiled meanwhile",
    "next_s": "map of another sentence of that answer",
    "all_s": "maps of all sentences of the other answer",
    "sentences": "  sentences",
    "map_mb": "memory: at most, above the loaded model",
    "map_reckoned_mb": "  reckoned: a map of the longest prompt",
    "peak_mb": "memory: at most, above the bare service",
    "peak_reckoned_mb": "  reckoned, all together",
}
PROMPT = """Analyze a menu item in a restaurant.

## For example:

Taste-likes: I've a sweet-tooth
Taste-dislikes: Don't like onions or garlic
Suggestion: Onion soup
Analysis: it has cooked onions in it, which you don't like.
Recommendation: You have to try it.

Taste-likes: I've a sweet-tooth
Taste-dislikes: Don't like onions or garlic
Suggestion: Baguette maison au levain
Analysis: Home-made leaven bread in france is usually great
Recommendation: Likely good.

## Now analyze one more example:

Taste-likes: Cheese
Taste-dislikes: {dislikes}
Suggestion: Quiche Lorraine
Analysis:"""
"""After LIT's sample `fewshot-mistake`, which the tutorial is about."""


class Service:
    """The model service's process.

    Args:
        model: Path of the model, whose name is `real`.
        max_length: The longest prompt with its answer, in tokens.
        precision: In which the model is loaded.
        threads: For arithmetic.
        scratch: A folder for its files.
        with_bare: Whether it loads the embedded model at its start, whose name is `bare`, instead of the model itself.
    """

    def __init__(
        self,
        model: str,
        max_length: int,
        precision: str,
        threads: int | None,
        scratch: Path,
        with_bare: bool = True,
    ) -> None:
        self._log = (scratch / "log").open("w")
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            launch.command(sys.executable),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=launch.environment(sys.executable, scratch) | {"PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdin is not None
        config = {
            "secret": SECRET,
            # The first model is loaded at once. It is small, so that the script can measure the service alone.
            "models": [*(["bare:embedded"] if with_bare else []), f"real:{model}"],
            "max_length": max_length,
            "precision": precision,
            "threads": threads,
        }
        self.process.stdin.write(json.dumps(config) + "\n")
        self.process.stdin.flush()
        port = self._line("listening")["port"]
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {SECRET}"},
            timeout=PATIENCE,
            trust_env=False,
        )

    def ready(self) -> float:
        """Wait until the libraries are imported, and return the seconds since the start."""
        self._line("ready")
        # Nothing reads the later lines, but they must not fill the pipe.
        threading.Thread(target=lambda: list(self.process.stdout or ()), daemon=True).start()
        return time.perf_counter() - self.started

    def models(self) -> dict[str, Any]:
        """Return the state of all models."""
        return dict(self._client.get("/models").raise_for_status().json())

    def load(self, name: str) -> dict[str, Any]:
        """Load a model, and return its state. Raises RuntimeError if loading fails."""
        change = {"change": {"kind": "load", "name": name}}
        self._client.post("/models/change", json=change).raise_for_status()
        while True:
            found = next(model for model in self.models()["models"] if model["name"] == name)
            if found["state"] == "failed":
                raise RuntimeError(f"{found['detail']} {found['hint']}")
            if found["state"] == "ready":
                return dict(found)
            time.sleep(0.1)

    def count(self, text: str) -> int:
        """Return the number of a prompt's tokens, without a chat format."""
        body = {"model": "real", "prompt": text, "chat": "off"}
        return int(self._client.post("/tokens/count", json=body).raise_for_status().json()["tokens"])

    def unload(self, name: str) -> None:
        """Unload a model."""
        change = {"change": {"kind": "unload", "name": name}}
        self._client.post("/models/change", json=change).raise_for_status()

    def events(self, path: str, body: dict[str, Any]) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield events with the seconds since the request. Raises RuntimeError."""
        start = time.perf_counter()
        with self._client.stream("POST", path, json=body) as reply:
            reply.raise_for_status()
            for line in reply.iter_lines():
                event = json.loads(line)
                if event["event"] == "error":
                    raise RuntimeError(f"{event['message']} {event['hint']}")
                yield time.perf_counter() - start, event

    def held(self, device: str) -> float:
        """Return the service's memory in MB."""
        if device == "CPU":
            return held_mb(self.process.pid)
        return float(self.models()["memory"]["used"]) / 1e6

    def end(self) -> None:
        """End the service."""
        self._client.close()
        self.process.kill()
        self.process.wait()
        self._log.close()

    def _line(self, event: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            line = json.loads(text)
            if line["event"] == "failed":
                raise RuntimeError(f"{line['message']} {line['hint']}")
            if line["event"] == event:
                return dict(line)
        raise RuntimeError("the model service ended")


def say(what: str) -> None:
    """Report progress, since a step with a model of this size may take minutes."""
    print(what, file=sys.stderr, flush=True)


@contextmanager
def highest(service: Service, device: str) -> Iterator[list[float]]:
    """Yield a list that contains, after the block, the peak memory during it in MB."""
    found, ended = [service.held(device)], threading.Event()

    def look() -> None:
        while not ended.wait(0.05):
            found[0] = max(found[0], service.held(device))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield found
    finally:
        ended.set()
        looking.join()


def answer(service: Service, dislikes: str, tokens: int) -> dict[str, Any]:
    """Return an answer's times, and its tokens."""
    body = {"model": "real", "prompt": PROMPT.format(dislikes=dislikes), "max_new_tokens": tokens}
    prompt: list[dict[str, Any]] = []
    times: list[float] = []
    answered: list[dict[str, Any]] = []
    for at, event in service.events("/generate", {"kind": "generate", **body}):
        if event["event"] == "prompt":
            prompt = event["tokens"]
        elif event["event"] == "token":
            times.append(at)
        elif event["event"] == "answer":
            answered = event["tokens"]
    return {
        "prompt_tokens": len(prompt),
        "first_s": times[0],
        "token_s": (times[-1] - times[0]) / (len(times) - 1),
        "ids": [token["id"] for token in [*prompt, *answered]],
    }


def sentences(start: int, end: int, step: int) -> list[tuple[int, int]]:
    """Return spans of this number of tokens, which stand in for an answer's sentences."""
    return [(at, min(at + step, end)) for at in range(start, end, step)]


def explain(service: Service, ids: list[int], targets: list[tuple[int, int]]) -> float:
    """Return the seconds that these targets' maps took."""
    spans = [{"start": start, "end": end} for start, end in targets]
    body = {"kind": "salience", "model": "real", "ids": ids, "targets": spans}
    return max(at for at, _ in service.events("/salience", body))


def measure(preset: Path, options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Return the figures of `EXPLAINED`, and the answers that they belong to."""
    figures: dict[str, float] = {}
    service = Service(str(preset), options.max_length, options.precision, options.threads, scratch)
    try:
        figures["libraries_s"] = service.ready()
        device = service.load("bare")["device"]
        service.unload("bare")
        bare = service.held(device)
        with highest(service, device) as peak:
            start = time.perf_counter()
            loaded = service.load("real")
            figures["load_s"] = time.perf_counter() - start
            held = service.held(device)
            say(
                f"loaded in {figures['load_s']:.0f} s: {held - bare:,.0f} MB, reckoned {loaded['memory'] / 1e6:,.0f} MB"
            )
            first = answer(service, "Can't eat eggs", options.tokens)
            say(f"first token after {first['first_s']:.1f} s, then one in {first['token_s']:.2f} s")
            again = answer(service, "Don't like cheese", options.tokens)
            say(f"first token after {again['first_s']:.1f} s, then one in {again['token_s']:.2f} s")
            ids, seam = first["ids"], first["prompt_tokens"]
            step = max(1, options.tokens // options.sentences)
            *others, last = sentences(seam, len(ids), step)
            figures["one_s"] = explain(service, ids, [last])
            say(f"a map in {figures['one_s']:.0f} s; {peak[0] - held:,.0f} MB above the loaded model")
            figures["next_s"] = explain(service, ids, [others[-1]])
            say(f"another of that answer in {figures['next_s']:.0f} s")
            # Nothing of the other answer is cached yet.
            targets = sentences(again["prompt_tokens"], len(again["ids"]), step)
            figures["all_s"] = explain(service, again["ids"], targets)
        figures |= {
            "first_s": first["first_s"],
            "prompt_tokens": seam,
            "token_s": first["token_s"],
            "again_first_s": again["first_s"],
            "again_token_s": again["token_s"],
            "tokens_per_s": 1 / again["token_s"],
            "sentences": len(targets),
            "weights_mb": held - bare,
            "weights_reckoned_mb": loaded["memory"] / 1e6,
            "map_mb": peak[0] - held,
            "map_reckoned_mb": (loaded["peak"] - loaded["memory"]) / 1e6,
            "peak_mb": peak[0] - bare,
            "peak_reckoned_mb": loaded["peak"] / 1e6,
        }
    except BaseException:
        print((scratch / "log").read_text()[-4000:], file=sys.stderr)
        raise
    finally:
        service.end()
    return {"figures": figures, "device": device, "parameters": loaded["parameters"], "precision": loaded["precision"]}


def main() -> None:
    """Write the preset unless it is there, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", type=Path, help="folder where the preset is kept (default: a temporary one)")
    parser.add_argument("--layers", type=int, default=26, help="fewer, to try this out (default: %(default)s)")
    parser.add_argument("--max-length", type=int, default=512, help="longest prompt, tokens (default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=40, help="of the answer (default: %(default)s)")
    parser.add_argument("--sentences", type=int, default=4, help="of the answer (default: %(default)s)")
    parser.add_argument("--precision", choices=["bfloat16", "float32"], default="bfloat16")
    parser.add_argument("--threads", type=int, help="for arithmetic (default: as the service, all cores but one)")
    parser.add_argument("--device", choices=["auto", "cpu"], default="auto", help="cpu: leave a GPU alone")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

    with tempfile.TemporaryDirectory(prefix="lit-lab-real-size-") as scratch:
        preset = options.preset or Path(scratch) / "preset"
        if not (preset / "model.weights.h5").exists() and not list(preset.glob("*.json")):
            start = time.perf_counter()
            write(preset, options.layers)
            say(f"preset written in {time.perf_counter() - start:.0f} s")
        result = measure(preset, options, Path(scratch))
    size = sum(file.stat().st_size for file in preset.rglob("*") if file.is_file()) if options.preset else None
    result |= {"layers": options.layers, "max_length": options.max_length, "preset_bytes": size}
    result |= {"cores": os.cpu_count(), "load": os.getloadavg()[0]}
    if options.json:
        print(json.dumps(result))
        return
    print(f"{result['parameters']:,} weights in {result['precision']}, {options.layers} layers, on {result['device']}")
    print(f"longest prompt with its answer: {options.max_length} tokens; load {result['load']:.1f}")
    for name, label in EXPLAINED.items():
        value = result["figures"][name]
        unit = {"_s": "s", "mb": "MB"}.get(name[-2:], "")
        digits = 0 if unit == "MB" or isinstance(value, int) else 2
        print(f"{label:<60}{value:>10,.{digits}f} {unit}".rstrip())


if __name__ == "__main__":
    main()
