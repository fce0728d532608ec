"""Loads a preset in Keras's own format, with its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lit_lab.protocol import Precision

from .weights import stored
from .weights.reading import Reading

_WEIGHTS = "model.weights.h5"
_INDEX = "model.weights.json"  # of several files
_OF_TASK = "task.weights.h5"


def causal_lm(place: Path, precision: Precision, reading: Reading) -> Any:
    """Return the model, as `keras_nlp.models.CausalLM.from_preset` does.

    Args:
        place: The preset's folder, already validated.
        precision: The precision of its weights and computations.
        reading: Receives the progress, and may end it.

    Raises:
        FileNotFoundError: It has no weights.
        Cancelled: `reading` was stopped.
    """
    import keras_nlp

    made = keras_nlp.models.CausalLM.from_preset(str(place), load_weights=False, dtype=precision)
    reading.stopped.check()
    file = next((name for name in (_WEIGHTS, _INDEX) if (place / name).exists()), None)
    if file is None:
        raise FileNotFoundError(f"it has no {_WEIGHTS}")
    files = [place / name for name in (stored.shards_of(place / _INDEX) if file == _INDEX else [file])]
    if (place / "task.json").exists() and (place / _OF_TASK).exists():
        files.append(place / _OF_TASK)
    reading.begin(sum(map(stored.bytes_in, files)), len(made.variables))
    with _counted(made.variables, reading):
        if place / _OF_TASK in files:
            made.load_task_weights(str(place / _OF_TASK))
        made.backbone.load_weights(str(place / file))
    return made


@contextmanager
def _counted(variables: list[Any], reading: Reading) -> Iterator[None]:
    """Count assignments to variables inside, and check before each one whether loading was stopped.

    Keras has no callback for this. But it assigns each variable from an HDF5 dataset, which is only read then.

    Args:
        variables: The model's variables.
        reading: Receives the progress.
    """

    def counted(assign: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def give(value: Any) -> Any:
            reading.stopped.check()
            given = assign(value)
            reading.took(getattr(value, "nbytes", 0), 1)
            return given

        return give

    for variable in variables:
        variable.assign = counted(variable.assign)
    try:
        yield
    finally:
        for variable in variables:
            del variable.assign
    reading.stopped.check()
