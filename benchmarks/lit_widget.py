"""One timed run of LIT's own notebook widget, with which `cold_start.py` compares.

It runs in a new process, and does what a notebook cell of the codelab does. Then it sends the requests of LIT's page to the
widget's server, over the same HTTP routes: for the answer, its tokens, and the map of the answer's last line. Not counting
the page's own loading time favours LIT. The last line of output is JSON: seconds since the start of the process.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
import traceback
import urllib.request
from typing import Any


def main() -> None:
    """Time import, widget, answer, first map and second map, and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True, help="folder of the preset")
    parser.add_argument("--precision", default="bfloat16", choices=["bfloat16", "float32"], help="LIT's own default")
    parser.add_argument("--started", type=float, default=time.time(), help="when the process was started (epoch)")
    options = parser.parse_args()
    marks: dict[str, float] = {}

    def mark(name: str) -> None:
        marks[name] = time.time() - options.started

    mark("python")
    from lit_nlp.examples.prompt_debugging import datasets, notebook

    mark("import")
    widget = notebook.make_notebook_widget(["sample_prompts"], [f"demo:{options.preset}"], precision=options.precision)
    mark("widget")
    port = widget._server.port
    ids = itertools.count()

    def ask(model: str, data: dict[str, Any]) -> dict[str, Any]:
        # LIT caches predictions by the example's id, but has to compute another target of the same example.
        key = str(next(ids))
        body = json.dumps({"inputs": [{"id": key, "data": data | {"_id": key}, "meta": {}}]}).encode()
        url = f"http://localhost:{port}/get_preds?model={model}&dataset_name=sample_prompts"
        request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=600) as reply:
            prediction: dict[str, Any] = json.load(reply)[0]
        return prediction

    examples = datasets.get_datasets(["sample_prompts"])["sample_prompts"].examples
    prompt = next(row["prompt"] for row in examples if row["source"] == "fewshot-mistake")
    answer = ask("demo", {"prompt": prompt, "target": ""})["response"]
    mark("answer")
    pair = {"prompt": prompt, "target": answer}
    tokens = [token.replace("▁", " ") for token in ask("_demo_tokenizer", pair)["tokens"]]
    mark("tokens")
    for name, line in (("map", "Recommendation:"), ("next map", "Taste-")):
        ask("_demo_salience", pair | {"target_mask": last_line(tokens, line)})
        mark(name)
    print(json.dumps({"seconds": marks, "answer": answer}), flush=True)


def last_line(tokens: list[str], start: str) -> list[int]:
    """Return a mask <int>[num_tokens] of the last line that begins with `start`, or else of the last 8 tokens."""
    text = "".join(tokens)
    at = text.rfind(start)
    if at < 0:
        return [0] * (len(tokens) - 8) + [1] * 8
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    mask, position = [], 0
    for token in tokens:
        mask.append(int(at <= position < end))
        position += len(token)
    return mask


if __name__ == "__main__":
    status = 1
    try:
        main()
        status = 0
    except Exception:
        traceback.print_exc()
    finally:
        # The widget's server runs in a thread that would keep the process alive after an error.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
