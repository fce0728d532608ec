"""A model service whose maps compute nothing: each occupies the model until it is cancelled, like a long computation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lit_lab.protocol import ProgressEvent


def hold(model: Any, request: Any, cancellation: Any) -> Iterator[ProgressEvent]:
    """Stand in for `LanguageModel.salience`."""
    yield ProgressEvent(done=0, total=1)
    cancellation._set.wait()
    cancellation.check()


if __name__ == "__main__":
    from lit_lab.service import __main__, language_model, registry

    registry._REST_SECONDS = float("inf")
    language_model.LanguageModel.salience = hold  # type: ignore[assignment, method-assign]
    __main__.main()
