"""Is the engine faster than what an engineer would write in a few lines of PyTorch, and than other tools?

    make test-real                 # fetches both models; once
    python benchmarks/peers.py
    python benchmarks/peers.py --details benchmarks/results/peers.jsonl && python benchmarks/engine_page.py  # into docs/engine.md

SmolLM2 135M Instruct and Gemma 3 270M, from the same GGUF files, answer the tutorial's prompt and explain the answer. The third model has Gemma 2
2B's true shape with fewer layers, and random weights. LIT Lab is its model service, in a process of its own, over HTTP, with every check.
PyTorch's side is `transformers`' `generate`, and for maps the embeddings with gradients, the head at the target's rows, and
`backward()`; it leaves parts of the prompt out in a loop. All have the same ids and number of threads, and are greedy. Each peer
has a process of its own, one after the other.

`first` is the first map in a process that has loaded the model and answered once; `one` is a sentence of another answer; `next` is
another sentence of that answer; `all` is the four sentences of a third one, which the others explain one after another. `leave_one_out`
scores an answer, with all its targets, without each line of the prompt. `import_to_map` is a process without an answer: from its
start to the map of given ids; PyTorch reads the model in Hugging Face's form then, if `make test-real` has saved it. Tokens per second are those of answers after a rest, in which LIT Lab compiles what its
work so far needs.

The limits are measured, too: the least arithmetic of one map at the rate at which TensorFlow or PyTorch, whichever is faster, multiplies the model's own
matrices, and the time to read all weights once at the rate of a product of a matrix and a vector. `flops_share` is the first one's share of
`one`. `peak_ratio` is the most memory of LIT Lab's maps above the loaded process, relative to PyTorch's.

`--json` prints one line for each model, with the ratios of LIT Lab to PyTorch in float32.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import peers_lab
from faithfulness_peers import MissingError, environment
from peers_process import CACHE, ask, with_llama
from peers_table import LABELS, cell, title
from real_model import FOLDER, read_rate
from real_size import say
from real_size_preset import write

MAPS = ("first", "one", "next", "all")
PRECISIONS = ("float32", "bfloat16")
MODELS = "smollm2,gemma3,gemma2"
OTHERS = ("pytorch", "inseq", "captum", "llama", "lit")


class Peers:
    """Measures everybody on one model.

    Args:
        name: One of `MODELS`.
        options: The command line's.
    """

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self._name = name
        self._options = options
        self._path = str(options.folder / name / "model.gguf")
        self._torch_path = self._path
        self._answers: list[dict[str, Any]] = []
        self.columns: dict[str, dict[str, Any]] = {}

    def measure(self) -> dict[str, Any]:
        """Return everybody's figures, and the ratios."""
        if self._name != "gemma2":
            return self._measured()
        with tempfile.TemporaryDirectory(prefix="lit-lab-gemma2-") as scratch:
            self._path, self._torch_path = str(Path(scratch) / "preset"), f"gemma2:{self._options.layers}"
            say(f"{self._name}: a preset with {self._options.layers} layers")
            write(Path(self._path), self._options.layers)
            return self._measured()

    def _measured(self) -> dict[str, Any]:
        options = self._options
        for precision in PRECISIONS:
            self._try(f"LIT Lab {precision}", partial(self._lab, precision), may_fail=False)
        answer = self._answers[1]
        self._shape = {"rows": len(answer["ids"]) - 1, "targets": options.tokens // 4}
        say(f"{self._name}: the least arithmetic, and TensorFlow's products")
        work = ask(sys.executable, "peers_flops.py", {"model": self._path, **self._shape}, options.threads)
        self._shape["shapes"] = work["shapes"]
        if "pytorch" in options.only:
            for precision in PRECISIONS:
                self._try(f"PyTorch {precision}", partial(self._pytorch, precision))
        real = self._name != "gemma2"
        for peer in ("inseq", "captum"):
            if real and peer in options.only:
                self._try(peer.capitalize(), partial(self._inseq, peer))
        if real and "llama" in options.only:
            self._llama()
        if "lit" in options.only:
            self._try("LIT", partial(self._ask, sys.executable, "peers_lit.py", precision="float32"))
        self._limits(work)
        return {
            "model": self._name,
            "layers": None if real else options.layers,
            "ratios": ratios(self.columns),
            "columns": self.columns,
            "parameters": work["parameters"],
            "flops": work["flops"],
            "answers": [[each["prompt_tokens"], len(each["ids"])] for each in self._answers],
            "parts": len(self._answers[0]["without"]),
        }

    def _lab(self, precision: str) -> dict[str, Any]:
        options = self._options
        found = peers_lab.figures(self._path, precision, options.repeat, options.tokens, options.threads, options.rest)
        answers = found.pop("answers")
        self._answers = self._answers or answers
        found["import_to_map"] = peers_lab.start(self._path, precision, self._answers, options.tokens, options.threads)
        return found

    def _pytorch(self, precision: str) -> dict[str, Any]:
        python = self._python()
        found = self._ask(python, "peers_torch.py", precision=precision, **self._shape)
        # `transformers` reads its own form in less time than a GGUF file, whose weights it converts in Python.
        folder = Path(self._path).with_name("hugging_face")
        model = str(folder) if folder.exists() else self._torch_path
        fresh = self._ask(python, "peers_torch.py", model=model, precision=precision, only="start")
        return found | {"import_to_map": fresh["import_to_map"]}

    def _inseq(self, peer: str) -> dict[str, Any]:
        return self._ask(self._python(), "peers_inseq.py", peer=peer)

    def _by_llama(self, path: Path) -> dict[str, Any]:
        return self._ask(with_llama(self._options.llama), "peers_llama.py", model=str(path))

    def _llama(self) -> None:
        exact = Path(self._path).with_name("exact.gguf")
        for column, path in (("llama.cpp, the file's 4 bits", Path(self._path)), ("llama.cpp, float32", exact)):
            if path.exists():
                self._try(column, partial(self._by_llama, path))

    def _python(self) -> Path:
        return environment(self._options.environment)

    def _ask(self, python: Path | str, script: str, **more: Any) -> dict[str, Any]:
        model = self._torch_path if script == "peers_torch.py" else self._path
        request = {"model": model, "tokens": self._options.tokens, "answers": self._answers}
        return ask(python, script, request | more, self._options.threads)

    def _try(self, column: str, measure: Callable[[], dict[str, Any]], may_fail: bool = True) -> None:
        """Fill a column; where a peer can't run, with the reason."""
        say(f"{self._name}: {column}")
        try:
            self.columns[column] = measure()
        except (MissingError, RuntimeError) as error:
            if not may_fail:
                raise
            say(f"{self._name}: {column}: {error}")
            self.columns[column] = {"refused": " ".join(str(error).split())[-300:]}

    def _limits(self, work: dict[str, Any]) -> None:
        """Add columns of what the machine allows at most. The faster library's rate counts: a limit that a peer beats is wrong."""
        theirs = [self.columns.get(f"PyTorch {precision}", {}) for precision in PRECISIONS]
        reads = max(read_rate(), *(each.get("read_rate", 0.0) for each in theirs))
        for precision, found, size in zip(PRECISIONS, theirs, (4, 2), strict=True):
            rate = max(work[f"rate_{precision}"], found.get("matrix_rate", 0.0))
            self.columns[f"limit {precision}"] = {
                "one": work["flops"] / rate,
                "tokens_per_s": reads / (size * work["parameters"]),
                "matrix_rate": rate,
                "read_rate": reads,
            }


def ratios(columns: dict[str, dict[str, Any]]) -> dict[str, float | None]:
    """Return the ratios of LIT Lab's figures to PyTorch's; None where one is missing."""
    exact, half = columns["LIT Lab float32"], columns["LIT Lab bfloat16"]
    theirs, limit = columns.get("PyTorch float32", {}), columns["limit float32"]

    def ratio(ours: dict[str, Any], others: dict[str, Any], figure: str) -> float | None:
        return ours[figure] / others[figure] if others.get(figure) else None

    return {
        **{figure: ratio(exact, theirs, figure) for figure in MAPS},
        "tokens_per_s_f32": ratio(exact, theirs, "tokens_per_s"),
        "tokens_per_s_bf16": ratio(half, theirs, "tokens_per_s"),
        "flops_share": limit["one"] / exact["one"],
        "peak_ratio": ratio(exact, theirs, "peak_mb"),
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of `make test-real` (default: %(default)s)")
    parser.add_argument("--environment", type=Path, default=CACHE / "peers", help="with PyTorch (default: %(default)s)")
    parser.add_argument(
        "--llama", type=Path, default=CACHE / "peers-llama", help="with llama.cpp (default: %(default)s)"
    )
    parser.add_argument("--models", default=MODELS, help="default: %(default)s")
    parser.add_argument("--only", default=",".join(OTHERS), help="peers beside LIT Lab (default: %(default)s)")
    parser.add_argument("--layers", type=int, default=4, help="of Gemma 2's shape (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="answers whose median counts (default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=40, help="of an answer (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: all cores, %(default)s")
    parser.add_argument("--rest", type=float, default=40.0, help="seconds after the first map (default: %(default)s)")
    parser.add_argument("--details", type=Path, help="file for all figures: a line of JSON for each model")
    parser.add_argument("--json", action="store_true", help="print one line of JSON for each model instead of tables")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if not 1 <= options.repeat <= peers_lab.MAX_REPEAT:
        parser.error(f"--repeat is at least 1 and at most {peers_lab.MAX_REPEAT}")
    if options.details:
        options.details.write_text("")
    for name in options.models.split(","):
        measured = Peers(name, options).measure()
        measured |= {"threads": options.threads, "month": time.strftime("%B %Y")}
        if options.json:
            print(json.dumps({"model": name, **measured["ratios"]}), flush=True)
        else:
            show(measured)
        if options.details:
            with options.details.open("a") as file:
                file.write(json.dumps(measured) + "\n")


def show(found: dict[str, Any]) -> None:
    """Print a model's table."""
    print(f"\n{title(found)}, {found['threads']} threads")
    columns = found["columns"]
    for number, column in enumerate(columns, 1):
        print(f"  [{number}] {column}" + (f": {columns[column]['refused']}" if "refused" in columns[column] else ""))
    print(f"{'':<52}" + "".join(f"{f'[{number}]':>9}" for number, _ in enumerate(columns, 1)))
    for figure, label in LABELS.items():
        print(f"{label:<52}" + "".join(f"{cell(column, figure):>9}" for column in columns.values()))
    for column, each in columns.items():
        limit = columns["limit bfloat16" if "bfloat16" in column else "limit float32"]
        if "bits" not in column and each.get("tokens_per_s", 0.0) > limit["tokens_per_s"]:
            print(f"{column} is faster than its limit: it reads fewer bytes than that counts, or the limit is wrong")
    print("ratios: " + ", ".join(f"{name} {value:.2f}" for name, value in found["ratios"].items() if value is not None))
    rates = ", ".join(f"{columns[f'limit {each}']['matrix_rate'] / 1e9:,.0f} GFLOP/s in {each}" for each in PRECISIONS)
    print(
        f"products: {rates}; a matrix times a vector reads {columns['limit float32']['read_rate'] / 1e9:.1f} GB/s",
        flush=True,
    )


if __name__ == "__main__":
    main()
