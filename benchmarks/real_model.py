"""How long do real models take on this machine in each of their forms, compared with other ways to run them?

    make test-real                       # downloads both models and builds `.venv-real`; once
    python benchmarks/real_model.py

SmolLM2 135M Instruct and Gemma 3 270M, from the files of `make test-real`, answer the tutorial's prompt and explain the answer.
LIT Lab runs as its model service, in a separate process, over HTTP, with every check. The others run the shortest possible code:
`transformers` and `backward()` with the same weights in PyTorch, LIT's generation model, and llama.cpp with the same file.
All have the same ids, float32 (llama.cpp: the file's own arithmetic), the same number of threads and greedy decoding.

The lower limit for a token is the time to read each weight once, at the rate of a product of a matrix and a vector here. The goal for
loading is twice the time to read the file, plus 3 s for each 100 million weights, plus the time to create an empty model.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from peers_process import ask
from real_size import PROMPT, Service, explain, highest, say, sentences

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get("LIT_LAB_REAL") or Path.home() / ".cache" / "lit-lab" / "real")
FORMS = {"gguf": "model.gguf", "hugging_face": "hugging_face", "preset": "preset"}
MODELS = {"smollm2": "SmolLM2 135M", "gemma3": "Gemma 3 270M"}
WINDOW = 512
LABELS = {
    "load_s": "load: {}",
    "load_peak": "  most memory meanwhile, of the loaded weights",
    "first_s": "first token of the first answer, right after loading",
    "again_first_s": "first token of another",
    "answer_s": "another answer as a whole",
    "tokens_per_s": "tokens per second after the first",
    "map_first_s": "first map in a fresh process",
    "map_one_s": "map of a sentence of another answer",
    "map_next_s": "map of another sentence of that answer",
    "peak_mb": "most memory above the bare process, MB",
}
PEERS = {
    "load_s": "load_s",
    "first_s": "answer_first_token",
    "again_first_s": "first_token",
    "answer_s": "answer",
    "tokens_per_s": "tokens_per_s",
    "map_first_s": "first",
    "map_one_s": "one",
    "map_next_s": "next",
}
"""This script's figures, and their names in `peers_child.py`."""
DISLIKES = ("Can't eat eggs", "Don't like cheese", "Don't like bacon")


def ours(place: Path, form: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return LIT Lab's figures of a model in one form, and the ids of a prompt with its answer."""
    with tempfile.TemporaryDirectory(prefix="lit-lab-real-model-") as scratch:
        service = Service(str(place / FORMS[form]), WINDOW, "float32", options.threads, Path(scratch))
        try:
            service.ready()
            service.load("bare")
            service.unload("bare")
            bare = service.held("CPU")
            with highest(service, "CPU") as peak:
                start = time.perf_counter()
                loaded = service.load("real")
                figures: dict[str, Any] = {"load_s": time.perf_counter() - start}
                figures["load_peak"] = (peak[0] - bare) * 1e6 / loaded["memory"]
                answers = [answer(service, dislikes, options.tokens) for dislikes in DISLIKES]
                figures["first_s"], figures["again_first_s"] = answers[0]["first_s"], answers[1]["first_s"]
                figures["answer_s"] = answers[1]["answer_s"]
                figures["tokens_per_s"] = statistics.median(each["tokens_per_s"] for each in answers)
                spans = [sentences(each["prompt_tokens"], len(each["ids"]), options.tokens // 4) for each in answers]
                figures["map_first_s"] = explain(service, answers[0]["ids"], [spans[0][-1]])
                time.sleep(options.rest)  # the service compiles in the background now, as while a user reads
                figures["map_one_s"] = explain(service, answers[1]["ids"], [spans[1][-1]])
                figures["map_next_s"] = explain(service, answers[1]["ids"], [spans[1][0]])
            figures["peak_mb"] = peak[0] - bare
        except BaseException:
            print((Path(scratch) / "log").read_text()[-4000:], file=sys.stderr)
            raise
        finally:
            service.end()
    return figures | {
        "weights": loaded["parameters"],
        "answers": [{"ids": each["ids"], "prompt_tokens": each["prompt_tokens"]} for each in answers],
    }


def answer(service: Service, dislikes: str, tokens: int) -> dict[str, Any]:
    """Return an answer's times, and the ids of prompt and answer."""
    body = {"kind": "generate", "model": "real", "prompt": PROMPT.format(dislikes=dislikes), "chat": "off"}
    times, prompt, answered = [], [], []
    for at, event in service.events("/generate", body | {"max_new_tokens": tokens}):
        if event["event"] == "prompt":
            prompt = event["tokens"]
        elif event["event"] == "token":
            times.append(at)
        elif event["event"] == "answer":
            answered = event["tokens"]
    return {
        "prompt_tokens": len(prompt),
        "first_s": times[0],
        "answer_s": times[-1],
        "tokens_per_s": (len(times) - 1) / (times[-1] - times[0]),
        "ids": [token["id"] for token in [*prompt, *answered]],
    }


def reading(file: Path) -> float:
    """Return the seconds that reading a file takes."""
    start = time.perf_counter()
    with file.open("rb", buffering=0) as opened:
        while opened.read(1 << 24):
            pass
    return time.perf_counter() - start


def read_rate() -> float:
    """Return how many bytes per second a product of a matrix and a vector reads here at best."""
    matrix = np.ones((2**14, 2**14), np.float32)
    vector = np.ones(2**14, np.float32)
    best = 0.0
    for _ in range(5):
        start = time.perf_counter()
        matrix @ vector
        best = max(best, matrix.nbytes / (time.perf_counter() - start))
    return best


def renamed(found: dict[str, Any], is_at_once: bool = False) -> dict[str, Any]:
    """Return a peer's figures under this script's names, and why it refused something.

    Args:
        found: Of `peers_child.py`.
        is_at_once: Whether the peer returns answers as a whole: its first token is then none.
    """
    figures = {ours: found[theirs] for ours, theirs in PEERS.items() if theirs in found}
    if is_at_once:
        figures.pop("first_s", None)
        figures.pop("again_first_s", None)
    if "bare_mb" in found and "total_mb" in found:
        # Loading included, as in this script's own figures.
        figures["peak_mb"] = max(found["total_mb"], found.get("load_peak_mb", 0)) - found["bare_mb"]
    if "refused" in found:
        figures["refused"] = found["refused"]
    return figures


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of all engines for a model."""
    place: Path = options.folder / name
    python: Path = options.python
    columns: dict[str, Any] = {}
    preset = ask(sys.executable, "real_model_preset.py", {"place": str(place)}, options.threads)
    for form in FORMS:
        if form == "preset" and not preset["is_readable"]:
            continue
        say(f"{name}: LIT Lab, {form}")
        columns[form] = ours(place, form, options)
    request = {"answers": columns["gguf"]["answers"], "tokens": options.tokens}
    for column, script, interpreter, more in (
        ("PyTorch float32", "peers_torch.py", python, {"model": str(place / "hugging_face"), "precision": "float32"}),
        ("PyTorch bfloat16", "peers_torch.py", python, {"model": str(place / "hugging_face"), "precision": "bfloat16"}),
        ("llama.cpp", "peers_llama.py", python, {"model": str(place / "model.gguf")}),
        ("LIT", "peers_lit.py", sys.executable, {"model": str(place / "model.gguf"), "precision": "float32"}),
    ):
        say(f"{name}: {column}")
        columns[column] = renamed(ask(interpreter, script, request | more, options.threads), is_at_once=column == "LIT")
    weights = columns["gguf"]["weights"]
    file = reading(place / "model.gguf")
    goal = 2 * file + 3 * weights / 1e8 + preset["empty_s"]
    return {"columns": columns, "weights": weights, "file_s": file, "empty_s": preset["empty_s"], "load_goal_s": goal}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of `make test-real` (default: %(default)s)")
    parser.add_argument("--python", type=Path, default=ROOT / ".venv-real" / "bin" / "python", help="with PyTorch")
    parser.add_argument("--models", default=",".join(MODELS), help="default: %(default)s")
    parser.add_argument("--tokens", type=int, default=40, help="of an answer (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: all cores, %(default)s")
    parser.add_argument(
        "--rest", type=float, default=20.0, help="seconds between first and second map (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    result = {name: measure(name, options) for name in options.models.split(",")}
    rate = read_rate()
    if options.json:
        print(json.dumps({"models": result, "read_bytes_per_s": rate, "threads": options.threads}))
        return
    for name, found in result.items():
        columns = found["columns"]
        print(f"\n{MODELS[name]}: {found['weights']:,} weights, float32, {options.threads} threads")
        print(f"{'':<48}" + "".join(f"{column:>18}" for column in columns))
        for figure, label in LABELS.items():
            values = "".join(f"{_formatted(column.get(figure)):>18}" for column in columns.values())
            print(f"{label.format('from its form'):<48}{values}")
        for column, figures in columns.items():
            if "refused" in figures:
                print(f"{column} refused: {figures['refused']}")
        print(
            f"loading a GGUF: goal {found['load_goal_s']:.1f} s = 2 x {found['file_s']:.2f} s + 3 s for each 100M weights + "
            f"{found['empty_s']:.1f} s; {columns['gguf']['load_s'] / found['load_goal_s']:.2f} of it"
        )
        limit = rate / (4 * found["weights"])
        fastest = columns["gguf"]["tokens_per_s"]
        print(
            f"tokens per second: limit of memory {limit:.1f}, {fastest / limit:.0%} of it; ratio to PyTorch "
            f"{fastest / columns['PyTorch float32']['tokens_per_s']:.2f}"
        )
        for figure in ("map_first_s", "map_one_s", "map_next_s"):
            ratio = columns["PyTorch float32"][figure] / columns["gguf"][figure]
            print(f"{LABELS[figure]}: {ratio:.2f} times as fast as PyTorch")
    print(f"\na matrix times a vector reads {rate / 1e9:.1f} GB/s")


def _formatted(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    main()
