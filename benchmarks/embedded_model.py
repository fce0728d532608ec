"""The embedded model compared with another preset of its kind: the time from a cold start to the first answer and the first map.

    python benchmarks/embedded_model.py --against FOLDER

Each preset is loaded in a new process, as the model service loads it, and runs LIT's sample `fewshot-mistake`; the two
alternate. A ratio is the embedded model's time divided by the other's: below 1 it is the faster one. Without `--against`
the embedded model is compared with itself, which shows how precise a ratio is on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
EMBEDDED = ROOT / "lit_lab/demo/preset"
MOMENTS = {
    "load": "loading, libraries not counted",
    "answer": "the first answer",
    "map": "the first map, of its last sentence",
    "token": "a later answer, each token",
}


def child(preset: Path) -> dict[str, float]:
    """Return the seconds of `MOMENTS`."""
    sys.path.insert(0, str(ROOT))
    os.environ["KERAS_BACKEND"] = "tensorflow"
    from lit_lab.service import libraries

    libraries.set_environment(os.cpu_count() or 1, "tensorflow")
    libraries.import_backend(os.cpu_count() or 1, "tensorflow")
    libraries.import_keras()
    from training import subject

    moments = [time.perf_counter()]

    def lap() -> float:
        moments.append(time.perf_counter())
        return moments[-1] - moments[-2]

    model = subject.load(preset)
    asked, prompt = subject.Subject(model), _prompt()
    seconds = {"load": lap()}
    answer = asked.answer(prompt)
    seconds["answer"] = lap()
    asked.lines(prompt, answer, answer[answer.index("\n") + 1 :])
    seconds["map"] = lap()
    model.decoder.forget()
    lap()
    asked.answer(prompt)
    seconds["token"] = lap() / len(model.tokenizer.answer(answer))
    return seconds


def _prompt() -> str:
    import lit_nlp

    path = Path(lit_nlp.__file__).parent / "examples/prompt_debugging/prompt_examples.jsonl"
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return str(next(row["prompt"] for row in rows if row["source"] == "fewshot-mistake"))


def main() -> None:
    """Measure both alternately, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, default=EMBEDDED, help="the other preset's folder")
    parser.add_argument("--preset", type=Path, default=EMBEDDED, help="instead of the embedded one")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child)), flush=True)
        os._exit(0)  # end at once, because unloading the libraries takes seconds
    taken: dict[str, list[dict[str, float]]] = {"embedded": [], "other": []}
    for _ in range(options.repeat):
        for name, preset in (("embedded", options.preset), ("other", options.against)):
            command = [sys.executable, __file__, "--child", str(preset)]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            if run.returncode:
                sys.exit(f"{preset} failed:\n{run.stderr[-3000:]}")
            taken[name].append(json.loads(run.stdout.splitlines()[-1]))
    seconds = {
        name: {moment: statistics.median(run[moment] for run in runs) for moment in MOMENTS}
        for name, runs in taken.items()
    }
    ratios = {moment: seconds["embedded"][moment] / seconds["other"][moment] for moment in MOMENTS}
    if options.json:
        print(json.dumps({"seconds": seconds, "ratios": ratios, "repeat": options.repeat}))
        return
    print(f"{'':36}{'embedded':>12}{'other':>12}{'ratio':>8}   medians of {options.repeat}")
    for moment, label in MOMENTS.items():
        one, other = seconds["embedded"][moment], seconds["other"][moment]
        print(f"{label:36}{one * 1000:9.1f} ms{other * 1000:9.1f} ms{ratios[moment]:8.2f}")


if __name__ == "__main__":
    main()
