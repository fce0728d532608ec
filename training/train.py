"""Train the embedded model: one command, one seed; what is interrupted goes on where it was.

    python -m training.train                      # about two hours on two cores
    python -m training.train --steps 300 --folder /tmp/try

The folder gets `vocabulary.spm`, `checkpoint.npz` (every few minutes, or upon Ctrl+C), `log.jsonl` and, at the end,
`preset/`; `training/result` holds the log and the figures of the weights that the package has. Nothing of it depends on the clock: a batch is a function of seed and step. Sums of floats depend on the
machine all the same, so another one comes to other last digits, and after thousands of steps to other weights.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
SEED = 20_261
STEPS = 24_000
_EVERY = 50
_KEEP_EVERY = 250


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=STEPS, help="of about 3,000 tokens (default: %(default)s)")
    parser.add_argument("--stop", type=int, help="stop after this step, to go on later")
    parser.add_argument("--seed", type=int, default=SEED, help="of text, vocabulary and first weights")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/demo", help="for all that it writes")
    parser.add_argument("--export", action="store_true", help="write the checkpoint as a preset, as it is, and end")
    parser.add_argument("--threads", type=int, default=2, help="default: 2")
    arguments = parser.parse_args()
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    stop = 0 if arguments.export else min(arguments.stop or arguments.steps, arguments.steps)
    train(arguments.folder, arguments.seed, arguments.steps, stop)


def train(folder: Path, seed: int, steps: int, stop: int, compiled: bool = True) -> None:
    """Train up to a step, from the checkpoint in the folder if there is one; at the last step, or for step 0, export."""
    from training import mixture, network, tokenizer
    from training.learning import learner
    from training.optimizer import optimizer

    vocabulary = folder / "vocabulary.spm"
    if not vocabulary.exists():
        print("learning the vocabulary", flush=True)
        vocabulary.write_bytes(tokenizer.train(mixture.anything, seed))
    tokens = tokenizer.Tokens(vocabulary.read_bytes())

    import keras

    keras.utils.set_random_seed(seed)
    size = network.Size()
    backbone = network.backbone(size)
    network.structured_start(backbone, seed)
    model, muon = network.trained(backbone), optimizer(steps)
    muon.build(model.trainable_variables)
    learn = learner(model, muon, compiled)
    checkpoint = Checkpoint(folder / "checkpoint.npz", [*model.variables, *muon.variables], seed=seed, steps=steps)
    step, seconds = checkpoint.load()
    print(f"{backbone.count_params():,} weights; step {step:,} of {steps:,}", flush=True)

    if stop == 0:
        export(backbone, vocabulary, folder / "preset")
        return
    # What ends it politely, ends it as Ctrl+C does; in the background that one is ignored.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    started, losses, again = time.perf_counter() - seconds, [], step
    try:
        for n, found in _ahead(lambda n: mixture.batch(tokens, seed, n, steps), step, stop):
            losses.append(learn(found))
            step = n + 1
            if step % _EVERY == 0 or step == stop:
                seconds = time.perf_counter() - started
                _report(folder, step, steps, float(np.mean(losses)), seconds)
                losses = []
            if step - again >= _KEEP_EVERY:
                checkpoint.save(step, seconds)
                again = step
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", flush=True)
    checkpoint.save(step, time.perf_counter() - started)
    if step == steps:
        export(backbone, vocabulary, folder / "preset")


def _ahead(make: Any, start: int, stop: int) -> Iterator[tuple[int, Any]]:
    """Yield steps with their batches, each made while the one before is computed."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(make, start)
        for n in range(start, stop):
            found = following.result()
            following = pool.submit(make, n + 1) if n + 1 < stop else following
            yield n, found


def _report(folder: Path, step: int, steps: int, loss: float, seconds: float) -> None:
    left = seconds / step * (steps - step)
    print(
        f"step {step:6,} of {steps:,}   loss {loss:.3f}   {seconds / 60:.1f} min, about {left / 60:.0f} to go",
        flush=True,
    )
    with (folder / "log.jsonl").open("a") as log:
        log.write(json.dumps({"step": step, "loss": round(loss, 4), "seconds": round(seconds, 1)}) + "\n")


class Checkpoint:
    """Weights and the optimizer's state in one file, which is never seen half written."""

    def __init__(self, path: Path, variables: list[Any], **settings: int) -> None:
        self._path, self._variables, self._settings = path, variables, settings

    def load(self) -> tuple[int, float]:
        """Take the state from the file, if there is one, and return the steps done and the seconds they took."""
        if not self._path.exists():
            return 0, 0.0
        with np.load(self._path) as file:
            for name, value in self._settings.items():
                if int(file[name]) != value:
                    sys.exit(f"{self._path} is of a training with {name} {file[name]}, not {value}; delete or move it")
            for n, variable in enumerate(self._variables):
                variable.assign(file[f"variable_{n}"])
            return int(file["step"]), float(file["seconds"])

    def save(self, step: int, seconds: float) -> None:
        """Write the state."""
        values = {f"variable_{n}": np.asarray(variable) for n, variable in enumerate(self._variables)}
        unfinished = self._path.with_suffix(".new.npz")
        np.savez(unfinished, step=step, seconds=seconds, **self._settings, **values)
        unfinished.replace(self._path)


def export(trained: Any, vocabulary: Path, folder: Path) -> None:
    """Write a keras-hub preset with the weights in float16, which is what the wheel carries."""
    from training import network

    small = network.backbone(network.Size(), dtype="float16")
    small.set_weights([np.asarray(weight) for weight in trained.get_weights()])
    network.causal_lm(small, str(vocabulary)).save_to_preset(str(folder))
    print(f"wrote {folder}", flush=True)


if __name__ == "__main__":
    main()
