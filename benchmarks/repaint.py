"""How long does it take to repaint a prompt of 2,000 tokens when the segments change?

The embedded model, with a longer window, answers a prompt in a notebook's cell and explains a sentence of the answer. Then, in
a headless Chromium, the script clicks each granularity and types regular expressions. It measures the time from the click,
or the key, to the frame that shows the visible part of the panel's text in its final form, with shades and ranks. Segments out
of view may be drawn after that frame, which `whole` measures, and so are the shades of the notebook's own editor.

On a busy machine, the page waits for a processor. Its processor time doesn't include that, but includes the work after the
frame, above all the editor's shades.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from lab_server import REPOSITORY, lab_server

HERE = REPOSITORY / "benchmarks"
PRESET = REPOSITORY / "lit_lab/demo/preset"
GOALS = {"repaint_ms": 100.0}
LINES = (
    "Analyze a menu item in a restaurant. Be brief.",
    "Taste-likes: I've a sweet-tooth. Soups are fine.",
    "Taste-dislikes: Don't like onions or garlic.",
    "Suggestion: Onion soup, made of eggs, flour and butter. It comes with bread.",
    "Analysis: It has cooked onions in it, which you don't like.",
    "Recommendation: You have to try it.",
)
TOKENS = 18  # tokens of a line, on average


def preset(folder: Path, window: int) -> Path:
    """Copy the embedded model's preset, with a longer window, and return the copy's folder."""
    made = folder / "preset"
    shutil.copytree(PRESET, made)
    for name in ("preprocessor.json", "task.json"):
        text = (made / name).read_text()
        (made / name).write_text(re.sub(r'("sequence_length": )\d+', rf"\g<1>{window}", text))
    return made


def prompt_of(tokens: int) -> str:
    """Return a prompt of about this number of the embedded model's tokens."""
    lines = []
    for number in range(tokens // TOKENS + 1):
        lines.append(f"{number + 1}. {LINES[number % len(LINES)]}")
        if number % 6 == 5:
            lines.append("")
    # So that the model generates an answer.
    return "\n".join([*lines, "", *LINES[1:4], "Analysis:"])


def notebook(prompt: str) -> str:
    """Return a notebook with the prompt as a Python string."""
    cell: dict[str, object] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "prompt",
        "metadata": {},
        "outputs": [],
    }
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    cells = [cell | {"source": f'prompt = """{prompt}"""'}]
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=2000, help="of the prompt, at least (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="rounds of all granularities (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        made = preset(Path(folder), 2 * options.tokens)
        with lab_server(config=f"c.LitLab.models = ['long:{made}']") as server:
            (server.scratch / "root/long.ipynb").write_text(notebook(prompt_of(options.tokens)))
            command = ["node", str(HERE / "repaint_browser.mjs"), server.url, server.token, str(options.repeat)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=580, check=False)
            if done.returncode:
                raise RuntimeError(f"{done.stderr}\nThe server's log:\n{server.log[-4000:]}")
    measured = json.loads(done.stdout)
    if measured["prompt_tokens"] < options.tokens:
        raise RuntimeError(f"The prompt has only {measured['prompt_tokens']} tokens.")
    steps = measured["steps"]
    figures = {
        "repaint_ms": max(statistics.median(step["ms"]) for step in steps),
        "repaint_cpu_ms": max(statistics.median(step["cpu_ms"]) for step in steps),
        "load": os.getloadavg()[0],
    }
    if options.json:
        print(json.dumps({"figures": figures, "goals": GOALS, **measured}))
    else:
        print(
            f"{measured['prompt_tokens']:,} tokens\n{'':<26}{'segments':>9}{'ms':>8}{'worst':>8}{'whole':>8}{'processor ms':>14}"
        )
        for step in steps:
            times, used = step["ms"], step["cpu_ms"]
            print(
                f"{step['to']:<26}{step['segments']:>9,}{statistics.median(times):>8.0f}{max(times):>8.0f}"
                f"{statistics.median(step['whole_ms']):>8.0f}{statistics.median(used):>14.0f}"
            )
        print(
            f"the slowest: {figures['repaint_ms']:.0f} ms, of the processor {figures['repaint_cpu_ms']:.0f} ms; goal: under 100"
        )
        print(f"processes that ran or wanted to, on average, of all on this machine: {figures['load']:.1f}")
    return int(any(figures[name] >= goal for name, goal in GOALS.items()))


if __name__ == "__main__":
    sys.exit(main())
