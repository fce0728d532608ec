"""Inseq's and Captum's methods with the same prompts, tokens and weights, in a separate environment (`requirements/peers.in`)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements" / "peers.in"
CHILD = Path(__file__).with_name("faithfulness_peers_child.py")
MAX_DIFFERENCE = 0.05
"""Nats by which an answer's log-probability may differ: by more, the other library computes something else."""


class MissingError(Exception):
    """The reason that the other libraries can't run here."""


def environment(folder: Path) -> Path:
    """Build the environment unless it is there, and return its Python.

    Args:
        folder: Its folder, which takes gigabytes.

    Raises:
        MissingError: If its packages can't be installed here.
    """
    python = folder / "bin" / "python"
    done = folder / "installed.txt"
    if done.exists() and done.read_text("utf-8") == REQUIREMENTS.read_text("utf-8"):
        return python
    print(f"Installing Inseq and Captum into {folder}: gigabytes, once.", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "venv", str(folder)]
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    for each in (command, [*install, "--requirement", str(REQUIREMENTS)]):
        ended = subprocess.run(each, capture_output=True, text=True, check=False)
        if ended.returncode:
            said = [line for line in ended.stderr.splitlines() if line.strip()]
            raise MissingError(f"Inseq and Captum can't be installed here: {said[-1] if said else 'no reason given'}")
    done.write_text(REQUIREMENTS.read_text("utf-8"), "utf-8")
    return python


def request_of(run: Any) -> dict[str, Any]:
    """Return the parts of a run that the other libraries need."""
    return {
        "item": run.item.name,
        "ids": run.ids,
        "seam": run.seam,
        "targets": [[target.start, target.stop] for target in run.targets],
        "parts": [[part.start, part.stop] for part in run.parts],
    }


def maps_of(python: Path, gguf: Path, runs: Sequence[dict[str, Any]], threads: int) -> list[dict[str, Any]]:
    """Return the other libraries' maps of some runs, and each target's log-probability.

    Args:
        python: The Python of `environment`.
        gguf: The model's file.
        runs: Results of `request_of`.
        threads: The number of threads.

    Raises:
        MissingError: If they failed.
    """
    with tempfile.TemporaryDirectory(prefix="lit-lab-peers-") as scratch:
        asked, answered = Path(scratch) / "asked.json", Path(scratch) / "answered.jsonl"
        asked.write_text(json.dumps({"gguf": str(gguf), "runs": list(runs), "threads": threads}), "utf-8")
        # Offline, because the model is a file.
        ended = subprocess.run(
            [str(python), str(CHILD), str(asked), str(answered)], env={"HF_HUB_OFFLINE": "1", "PATH": ""}, check=False
        )
        if ended.returncode:
            raise MissingError("Inseq's and Captum's methods failed; what they said is above.")
        return [json.loads(line) for line in answered.read_text("utf-8").splitlines()]


def check(found: dict[str, Any], record: dict[str, Any]) -> None:
    """Check that the other libraries read the same sequence.

    Args:
        found: The result of `maps_of`.
        record: The record of the item's basic part.

    Raises:
        MissingError: If the log-probabilities differ by more than `MAX_DIFFERENCE`.
    """
    for ours, theirs in zip(record["one"][0][1:], found["logprobs"], strict=True):
        if abs(ours - theirs) > MAX_DIFFERENCE:
            raise MissingError(
                f"{found['item']}: the other libraries' log-probability is {theirs:.3f}, not {ours:.3f}."
            )
