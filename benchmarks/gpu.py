"""The engine on a GPU, beside plain PyTorch and LIT: Gemma 2 2B's true shape with random weights in bfloat16. Run it by `gpu.sh`.

A run has 300 tokens: 260 of prompt, 40 of answer in four sentences. `first` is the first map of a process that has loaded the model; compiled code, where a
backend compiles, is waited for in it. `one`, `next` and `all` come when everything is compiled. Times are milliseconds, medians.

Each part is a process of its own: LIT Lab on TensorFlow and on Keras's PyTorch backend, plain PyTorch, and LIT on TensorFlow. A part whose
libraries are missing, or see no GPU, says so.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PARTS = {
    "lab-tensorflow": ("numpy", "pydantic", "tensorflow", "keras", "keras_nlp", "lit_nlp"),
    "lab-torch": ("numpy", "pydantic", "torch", "keras", "keras_nlp", "lit_nlp"),
    "pytorch": ("torch", "transformers"),
    "lit": ("tensorflow", "keras", "keras_nlp", "lit_nlp"),
}
"""The parts, and the packages that each needs."""
LABELS = {
    "first_token": "first token of a new prompt, ms",
    "tokens_per_s": "tokens per second",
    "first": "first map in a fresh process, ms",
    "one": "map of one sentence, ms",
    "next": "map of another sentence, ms",
    "all": "maps of all four sentences, ms",
    "device_mb": "most memory of the GPU, MB",
}
MAX_ALL_MS = 500.0
MIN_TOKENS_RATIO = 0.8
PROMPT_TOKENS, ANSWER_TOKENS = 260, 40
TINY = {"vocab_size": 1_000, "hidden_size": 64, "intermediate_size": 128, "head_dim": 16, "query_pre_attn_scalar": 16}


def request(options: argparse.Namespace) -> dict[str, Any]:
    """Return what every part measures: four answers to different prompts."""
    import random

    chance = random.Random(11)
    vocabulary = TINY["vocab_size"] if options.is_try else 256_000
    answers = [
        {
            "ids": [chance.randrange(200, vocabulary) for _ in range(PROMPT_TOKENS + ANSWER_TOKENS)],
            "prompt_tokens": PROMPT_TOKENS,
        }
        for _ in range(2 + options.repeat)
    ]
    return {
        "model": f"gemma2:{2 if options.is_try else options.layers}",
        "layers": 2 if options.is_try else options.layers,
        "shape": TINY if options.is_try else {},
        "precision": "bfloat16",
        "device": "cpu" if options.is_try else "cuda",
        "answers": answers,
        "tokens": ANSWER_TOKENS,
    }


def run(part: str, asked: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return a part's figures, or why there are none."""
    missing = [name for name in PARTS[part] if find_spec(name) is None]
    if missing:
        return {"refused": f"missing here: {', '.join(missing)}"}
    if seconds < 10:
        return {"refused": "no time was left"}
    script = "peers_torch.py" if part == "pytorch" else "gpu_keras.py"
    environment = os.environ | {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": str(os.cpu_count()),
        "HF_HUB_OFFLINE": "1",
    }
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as log:
        try:
            done = subprocess.run(
                [sys.executable, str(HERE / script), json.dumps(asked | {"part": part})],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"refused": f"it took more than {seconds:.0f} s"}
        if done.returncode:
            log.seek(0)
            lines = [line for line in log.read().splitlines() if line.strip()]
            return {"refused": " | ".join(lines[-3:])[-600:] or f"it ended with {done.returncode}"}
    figures: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            figures |= json.loads(line)
    return figures | {"whole_s": time.perf_counter() - begun}


def in_units(figures: dict[str, Any]) -> dict[str, Any]:
    """Return figures with times in milliseconds."""
    timed = {name for name, label in LABELS.items() if label.endswith("ms")}
    return {name: 1000 * value if name in timed else value for name, value in figures.items()}


def goals(columns: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the goals with what was reached, by LIT Lab's faster backend; None where a figure is missing."""
    ours = [
        columns[part] for part in ("lab-tensorflow", "lab-torch") if "refused" not in columns.get(part, {"refused": ""})
    ]
    theirs = columns.get("pytorch", {}).get("tokens_per_s")
    maps = min((each["all"] for each in ours if "all" in each), default=None)
    speed = max((each["tokens_per_s"] for each in ours), default=None)
    ratio = speed / theirs if speed and theirs else None
    return {
        "all_ms": {"reached": maps, "goal": MAX_ALL_MS, "met": None if maps is None else maps < MAX_ALL_MS},
        "tokens_ratio": {
            "reached": ratio,
            "goal": MIN_TOKENS_RATIO,
            "met": None if ratio is None else ratio >= MIN_TOKENS_RATIO,
        },
    }


def device() -> str:
    """Return the GPU's name and driver."""
    try:
        asked = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "no GPU"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--try", dest="is_try", action="store_true", help="a tiny shape on the processor")
    parser.add_argument("--parts", default="pytorch,lab-tensorflow,lab-torch,lit", help="default: %(default)s")
    parser.add_argument("--layers", type=int, default=26, help="default: %(default)s")
    parser.add_argument("--repeat", type=int, default=3, help="answers whose median counts (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=540.0, help="all together (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    until = time.monotonic() + options.seconds
    asked = request(options)
    columns: dict[str, dict[str, Any]] = {}
    result = {"device": "processor" if options.is_try else device(), "layers": asked["layers"], "columns": columns}
    for part in options.parts.split(","):
        print(f"{part}: {until - time.monotonic():.0f} s are left", file=sys.stderr, flush=True)
        columns[part] = in_units(run(part, asked, until - time.monotonic()))
        # A tiny shape says nothing about them.
        result["goals"] = {} if options.is_try else goals(columns)
        if os.environ.get("OUT"):
            # After each part, in case a later one never ends.
            (Path(os.environ["OUT"]) / "gpu.jsonl").write_text(json.dumps(result) + "\n")
    if options.json:
        print(json.dumps(result))
        return
    print(f"Gemma 2's shape, {result['layers']} layers, bfloat16, on {result['device']}")
    print(f"{'':<36}" + "".join(f"{part:>16}" for part in columns))
    for figure, label in LABELS.items():
        cells = "".join(
            f"{column[figure]:>16,.1f}" if figure in column else f"{'-':>16}" for column in columns.values()
        )
        print(f"{label:<36}{cells}")
    for part, column in columns.items():
        if "refused" in column:
            print(f"{part}: {column['refused']}")
    for name, goal in result["goals"].items():
        said = (
            "not measured"
            if goal["met"] is None
            else f"{goal['reached']:.2f}, {'reached' if goal['met'] else 'missed'}"
        )
        print(f"goal {name} {goal['goal']}: {said}")


if __name__ == "__main__":
    main()
