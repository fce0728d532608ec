"""How do time and memory of an answer and its map grow with the prompt's length, and what does an edit in the middle cost?

    make test-real                 # fetches both models; once
    python benchmarks/long_prompts.py

Each length has a model service of its own, which loads the model for that length, over HTTP. After a short prompt and a rest, in which it compiles
what it needs, it answers a long prompt with a few tokens, and explains the last of them. Then a sentence of the prompt changes after a quarter, half
and three quarters of it, and again there is an answer and its map. Memory is the most above the loaded process during each.

The last length is one that can't fit: it should be refused before anything is loaded.
`slope` is the growth's exponent between the last two lengths: 1 is in proportion to the length, 2 to its square.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from pathlib import Path
from typing import Any

import peers_child
import peers_lab
from peers_table import NAMES
from real_model import FOLDER
from real_size import Service, explain, say

MODELS = ("smollm2", "gemma3")
LENGTHS = "512,1024,2048,4096,8192"
EDITS = (0.25, 0.5, 0.75)
FIGURES = {
    "first_token": "first token of its answer, s",
    "map": "map, s",
    "answer_mb": "most memory of the answer, MB",
    "map_mb": "most memory of the map, MB",
}
MAX_SHOWN = 200
"""Characters of a refusal that are shown."""
PEOPLE = ("Ada", "Bea", "Cleo", "Dora", "Eva", "Fay", "Gil", "Hal", "Ida", "Jon", "Kim", "Lou")
DISHES = ("soup", "trout", "tart", "bread", "salad", "pasta", "cake", "rice", "stew", "cheese", "pie")
PLACES = ("the window", "the river", "the door", "the garden", "the bar", "the stairs", "the stove")


def sentence(number: int, seed: int) -> str:
    """Return one of many sentences that differ."""
    at = number * 7 + seed * 131
    who, what, where = PEOPLE[at % len(PEOPLE)], DISHES[at % len(DISHES)], PLACES[at % len(PLACES)]
    return f"Guest {number + 1} at table {at % 97} is {who}, who sits by {where} and asked for the {what}. "


def prompt(service: Service, tokens: int, seed: int) -> list[str]:
    """Return a prompt's sentences, of at most this number of tokens, and nearly as many."""
    sentences = [sentence(number, seed) for number in range(tokens // 8)]
    low, high = 1, len(sentences)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if service.count("".join(sentences[:middle])) <= tokens else (low, middle)
    return sentences[:low]


class Lengths:
    """Measures one length of one model.

    Args:
        path: The model.
        options: The command line's.
    """

    def __init__(self, path: str, options: argparse.Namespace) -> None:
        self._path = path
        self._options = options

    def measure(self, length: int) -> dict[str, Any]:
        """Return the figures of a length, or why it is refused and after how many seconds."""
        options = self._options
        window = length + options.tokens
        with peers_lab.running(self._path, options.precision, options.threads, window) as service:
            service.ready()
            asked = time.perf_counter()
            try:
                loaded = service.load("real")
            except RuntimeError as error:
                return {"refused": str(error)[:MAX_SHOWN], "refused_after": time.perf_counter() - asked}
            process = service.process.pid
            self._answer_and_map(service, "".join(prompt(service, min(256, length), 9)))
            time.sleep(options.rest)
            held = peers_child.memory("VmRSS", process)
            rows = []
            for seed in range(options.repeat):
                text = prompt(service, length, seed)
                rows.append(self._measured(service, "".join(text), held))
                for part in EDITS:
                    edited = list(text)
                    edited[int(part * len(text))] = "This sentence is another one. "
                    found = self._measured(service, "".join(edited), held)
                    rows[-1] |= {f"{figure}_{part}": found[figure] for figure in ("first_token", "map")}
                    # Back to the text itself, so that each edit is one.
                    self._answer_and_map(service, "".join(text))
        return peers_child.medians(rows) | {
            "loaded_mb": held,
            "reckoned_map_mb": (loaded["peak"] - loaded["memory"]) / 1e6,
        }

    def _measured(self, service: Service, text: str, held: float) -> dict[str, float]:
        process = service.process.pid
        peers_child.forget_peak(process)
        ids, seam, first = self._answer(service, text)
        answer_mb = peers_child.memory("VmHWM", process) - held
        peers_child.forget_peak(process)
        seconds = self._map(service, ids)
        map_mb = peers_child.memory("VmHWM", process) - held
        return {
            "prompt_tokens": seam,
            "first_token": first,
            "map": seconds,
            "answer_mb": answer_mb,
            "map_mb": map_mb,
        }

    def _answer_and_map(self, service: Service, text: str) -> None:
        ids, *_ = self._answer(service, text)
        self._map(service, ids)

    def _answer(self, service: Service, text: str) -> tuple[list[int], int, float]:
        """Return the ids of a prompt and its answer, which is as long as asked, where that begins, and the seconds until its first token.

        Raises:
            RuntimeError: The answer is shorter.
        """
        body = {
            "kind": "generate",
            "model": "real",
            "prompt": text,
            "chat": "off",
            "max_new_tokens": self._options.tokens,
        }
        first, seam = 0.0, 0
        ids: list[int] = []
        for at, event in service.events("/generate", body):
            if event["event"] == "token":
                first = first or at
            elif event["event"] in ("prompt", "answer"):
                ids += [token["id"] for token in event["tokens"]]
                seam = len(ids) if event["event"] == "prompt" else seam
        if len(ids) - seam != self._options.tokens:
            raise RuntimeError(f"the answer has {len(ids) - seam} tokens instead of {self._options.tokens}")
        return ids, seam, first

    def _map(self, service: Service, ids: list[int]) -> float:
        return explain(service, ids, [(len(ids) - max(1, self._options.tokens // 2), len(ids))])


def slopes(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return each figure's log-log slope between the last two lengths; nothing for a single one."""
    measured = [row for row in rows if "refused" not in row]
    if len(measured) < 2:
        return {}
    before, last = measured[-2:]
    wider = math.log(last["prompt_tokens"] / before["prompt_tokens"])
    return {
        figure: math.log(last[figure] / before[figure]) / wider
        for figure in FIGURES
        if before[figure] > 0 < last[figure]
    }


def cells(found: dict[str, Any]) -> list[list[str]]:
    """Return a model's table: a row for each figure, with its label, a cell for each length, and the slope."""
    measured = [row for row in found["rows"] if "refused" not in row]
    labels = {"prompt_tokens": "tokens of the prompt", **FIGURES}
    for part in EDITS:
        labels[f"first_token_{part}"] = f"first token after an edit at {part:.0%}, s"
        labels[f"map_{part}"] = f"map after an edit at {part:.0%}, s"
    table = []
    for figure, label in labels.items():
        digits = 0 if figure.endswith(("mb", "tokens")) else 2
        slope = f"{found['slopes'][figure]:.2f}" if figure in found["slopes"] else ""
        table.append([label, *(f"{row[figure]:,.{digits}f}" for row in measured), slope])
    return table


def refusals(found: dict[str, Any]) -> list[str]:
    """Return a sentence for each length that was refused."""
    return [
        f"{row['length']:,} tokens were refused after {row['refused_after']:.1f} s: {row['refused']}"
        for row in found["rows"]
        if "refused" in row
    ]


def show(found: dict[str, Any]) -> None:
    """Print a model's table."""
    print(f"\n{NAMES[found['model']]}; the last column is the slope")
    for label, *figures in cells(found):
        print(f"{label:<40}" + "".join(f"{figure:>10}" for figure in figures))
    for sentence in refusals(found):
        print(sentence, flush=True)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of `make test-real` (default: %(default)s)")
    parser.add_argument("--models", default=",".join(MODELS), help="default: %(default)s")
    parser.add_argument("--lengths", default=LENGTHS, help="tokens of the prompts (default: %(default)s)")
    parser.add_argument(
        "--longest", type=int, default=1 << 17, help="one that can't fit; 0: none (default: %(default)s)"
    )
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--repeat", type=int, default=1, help="prompts whose median counts (default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=8, help="of an answer (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: all cores, %(default)s")
    parser.add_argument("--rest", type=float, default=20.0, help="seconds for the compiler (default: %(default)s)")
    parser.add_argument("--details", type=Path, help="file for all figures: a line of JSON for each model")
    parser.add_argument("--json", action="store_true", help="print one line of JSON for each model instead of tables")
    options = parser.parse_args()
    if options.details:
        options.details.write_text("")
    for name in options.models.split(","):
        lengths = map(int, options.lengths.split(","))
        rows = []
        for length in [*lengths, *([options.longest] if options.longest else [])]:
            say(f"{name}: {length:,} tokens")
            measured = Lengths(str(options.folder / name / "model.gguf"), options).measure(length)
            rows.append({"length": length, **measured})
        found = {"model": name, "rows": rows, "slopes": slopes(rows)}
        if options.json:
            print(json.dumps(found), flush=True)
        else:
            show(found)
        if options.details:
            more = {"precision": options.precision, "threads": options.threads}
            with options.details.open("a") as file:
                file.write(json.dumps(found | more) + "\n")


if __name__ == "__main__":
    main()
