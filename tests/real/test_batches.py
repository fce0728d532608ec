"""A batch over 100 rows with SmolLM2: a planted sentence is found to do nothing, and one that matters isn't."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLANTED = "The archive of these reviews is kept in a blue folder."
MATTERS = "Answer with one word."
TEMPLATE = f"Is this review positive or negative? {MATTERS} {PLANTED}\n\nReview: {{review}}\n"
THINGS = (
    "The film",
    "This phone",
    "The hotel",
    "Her new book",
    "The soup",
    "That lecture",
    "The app",
    "Their service",
    "The chair",
    "My train",
)
SAID = (
    "was wonderful from the beginning to the end",
    "broke after two days",
    "is the best that I know",
    "was a waste of money",
    "made all of us happy",
    "could hardly be worse",
    "is fine, and not more",
    "surprised me in every way",
    "bored even my patient uncle",
    "is worth each cent",
)


def test_a_planted_sentence_does_nothing_and_one_that_matters_isnt_flagged(tmp_path: Path) -> None:
    folder = Path(os.environ["LIT_LAB_REAL"]) / "smollm2" / "model.gguf"
    (tmp_path / "config").mkdir()
    config = tmp_path / "config/jupyter_server_config.py"
    config.write_text(f"c.LitLab.models = ['smollm2:{folder}']\nc.LitLab.service_python = {sys.executable!r}\n")
    rows = [{"review": f"{thing} {said}."} for thing in THINGS for said in SAID]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "template.txt").write_text(TEMPLATE)
    command = ["batch", "rows.jsonl", "--template", "template.txt", "--out", "out", "--max-new-tokens", "6", "--noise", "20", "--server", "own", "--json"]  # fmt: skip
    variables = {
        "JUPYTER_CONFIG_DIR": str(config.parent),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "lit_lab", *command],
        cwd=tmp_path,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["rows"], found["failed"]) == (100, 0)
    verdicts = {part["text"]: part["does_nothing"] for part in found["parts"] if "does_nothing" in part}
    print(json.dumps(found["parts"], indent=1))
    assert verdicts[PLANTED] is True
    assert verdicts[MATTERS] is False
