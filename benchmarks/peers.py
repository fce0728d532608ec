"""Is the engine faster than what an engineer would write in a few lines of PyTorch?

    make test-real                 # fetches both models; once
    python benchmarks/peers.py

SmolLM2 135M Instruct and Gemma 3 270M, from the same GGUF files, answer the tutorial's prompt and explain the answer. LIT Lab is its
model service, in a process of its own, over HTTP, with every check. PyTorch's side is `transformers`' `generate`, and for maps the
embeddings with gradients, the head at the target's rows, and `backward()`. All have the same ids and number of threads, and are greedy.

`first` is the first map in a process that has loaded the model and answered once; `one` is a sentence of another answer; `next` is
another sentence of that answer; `all` is the four sentences of a third one, which PyTorch explains one after another. Maps are
float32. Tokens per second are those of answers after a rest, in which LIT Lab compiles what its work so far needs.

`flops_share` is the share of `one` that the least arithmetic takes at the rate at which TensorFlow multiplies the model's own matrices here;
`peak_ratio` is the most memory of LIT Lab's maps above the loaded process, relative to PyTorch's.
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

from faithfulness_peers import environment
from real_model import FOLDER, MODELS, answer, other, read_rate
from real_size import Service, explain, highest, say, sentences

CACHE = Path.home() / ".cache" / "lit-lab" / "peers"
DISLIKES = ("Can't eat eggs", "Don't like cheese", "Don't like bacon", "Allergic to nuts", "Can't eat fish")
WINDOW = 512
MAPS = ("first", "one", "next", "all")
ROWS = {
    "first": "first map in a fresh process, s",
    "one": "map of one sentence, s",
    "next": "map of another sentence of that answer, s",
    "all": "maps of all four sentences of an answer, s",
    "first_token": "first token of a new prompt, s",
    "tokens_per_s": "tokens per second",
    "peak_mb": "most memory of maps above the loaded process, MB",
    "loaded_mb": "the loaded process, MB",
}


def ours(name: str, precision: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return our figures of a model, and the ids of its answers."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="lit-lab-peers-") as scratch:
        service = Service(str(options.folder / name / "model.gguf"), WINDOW, precision, options.threads, Path(scratch))
        try:
            service.ready()
            service.load("real")
            answers = [answer(service, DISLIKES[0], options.tokens)]
            found["loaded_mb"] = service.held("CPU")
            with highest(service, "CPU") as peak:
                spans = sentences(answers[0]["prompt_tokens"], len(answers[0]["ids"]), options.tokens // 4)
                found["first"] = explain(service, answers[0]["ids"], [spans[-1]])
                time.sleep(options.rest)
                answers += [answer(service, each, options.tokens) for each in DISLIKES[1:]]
                timed: dict[str, list[float]] = {"one": [], "next": [], "all": []}
                for each in answers[1:]:
                    spans = sentences(each["prompt_tokens"], len(each["ids"]), options.tokens // 4)
                    if each is answers[1]:
                        timed["all"].append(explain(service, each["ids"], spans))
                        continue
                    timed["one"].append(explain(service, each["ids"], [spans[-1]]))
                    timed["next"].append(explain(service, each["ids"], [spans[0]]))
            found["peak_mb"] = peak[0] - found["loaded_mb"]
        except BaseException:
            print((Path(scratch) / "log").read_text()[-4000:], file=sys.stderr)
            raise
        finally:
            service.end()
    found |= {figure: statistics.median(values) for figure, values in timed.items()}
    found["first_token"] = statistics.median(each["first_s"] for each in answers[1:])
    found["tokens_per_s"] = statistics.median(each["tokens_per_s"] for each in answers[1:])
    found["answers"] = [{"ids": each["ids"], "prompt_tokens": each["prompt_tokens"]} for each in answers]
    return found


def arithmetic(name: str, answers: list[dict[str, Any]], options: argparse.Namespace) -> float:
    """Return the seconds that the least arithmetic of one map takes."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    import faithfulness_runs as runs
    from peers_flops import map_flops, matrix_rate

    backbone = runs.load(str(options.folder / name / "model.gguf")).causal_lm.backbone
    rows = len(answers[1]["ids"]) - 1
    return map_flops(backbone, rows, options.tokens // 4) / matrix_rate(backbone, rows)


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return everybody's figures of a model, and the ratios."""
    columns: dict[str, Any] = {}
    for precision in ("float32", "bfloat16"):
        say(f"{name}: LIT Lab, {precision}")
        columns[f"LIT Lab {precision}"] = ours(name, precision, options)
    answers = columns["LIT Lab float32"].pop("answers")
    columns["LIT Lab bfloat16"].pop("answers")
    for precision in ("float32", "bfloat16"):
        say(f"{name}: PyTorch, {precision}")
        columns[f"PyTorch {precision}"] = other(
            environment(options.environment),
            "peers_torch.py",
            options.folder / name,
            precision,
            json.dumps(answers),
            options.tokens,
            threads=options.threads,
        )
    say(f"{name}: the rate of its products")
    mine, theirs = columns["LIT Lab float32"], columns["PyTorch float32"]
    return {
        "model": name,
        **{figure: mine[figure] / theirs[figure] for figure in MAPS},
        "one_bf16": columns["LIT Lab bfloat16"]["one"] / theirs["one"],
        "tokens_per_s_f32": mine["tokens_per_s"] / theirs["tokens_per_s"],
        "tokens_per_s_bf16": columns["LIT Lab bfloat16"]["tokens_per_s"] / theirs["tokens_per_s"],
        "tokens_per_s_bf16_both": columns["LIT Lab bfloat16"]["tokens_per_s"]
        / columns["PyTorch bfloat16"]["tokens_per_s"],
        "flops_share": arithmetic(name, answers, options) / mine["one"],
        "peak_ratio": mine["peak_mb"] / theirs["peak_mb"],
        "columns": columns,
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of `make test-real` (default: %(default)s)")
    parser.add_argument("--environment", type=Path, default=CACHE, help="with PyTorch (default: %(default)s)")
    parser.add_argument("--models", default=",".join(MODELS), help="default: %(default)s")
    parser.add_argument("--tokens", type=int, default=40, help="of an answer (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: all cores, %(default)s")
    parser.add_argument("--rest", type=float, default=40.0, help="seconds after the first map (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    found = [measure(name, options) for name in options.models.split(",")]
    rate = read_rate()
    if options.json:
        print(json.dumps({"models": found, "read_bytes_per_s": rate, "threads": options.threads}))
        return
    for each in found:
        print(f"\n{MODELS[each['model']]}, {options.threads} threads")
        print(f"{'':<52}" + "".join(f"{column:>18}" for column in each["columns"]))
        for figure, label in ROWS.items():
            print(f"{label:<52}" + "".join(f"{column[figure]:>18,.2f}" for column in each["columns"].values()))
        print("ratios: " + ", ".join(f"{name} {value:.2f}" for name, value in each.items() if isinstance(value, float)))
    print(f"\na matrix times a vector reads {rate / 1e9:.1f} GB/s")


if __name__ == "__main__":
    main()
