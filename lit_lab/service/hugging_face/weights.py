"""Reads safetensors for keras-hub's converters, and knows afterwards what they have left out."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WITHIN = "model.language_model."


class AsStored(np.ndarray[Any, Any]):
    """Numbers that stay what they are.

    Mistral's converter turns all of them into float16, which loses what bfloat16 and float32 have below 6e-5.
    """

    def astype(self, *_: Any, **__: Any) -> NDArray[Any]:
        """Return them as they are."""
        return self


def reader(place: Path, as_stored: bool) -> Any:
    """Return a reader of a folder's weights, to be closed: keras-hub's, which takes note of what is `taken`.

    Args:
        place: The folder, whose files have been looked through.
        as_stored: Whether what is read withstands a converter that changes its type.
    """
    import ml_dtypes  # noqa: F401 - NumPy knows bfloat16 from then on, which safetensors asks it for
    from keras_hub.src.utils.transformers.safetensor_utils import SafetensorLoader
    from safetensors import safe_open

    class Reader(SafetensorLoader):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(str(place))
            self.taken: set[str] = set()

        def get_tensor(self, hf_weight_key: str) -> NDArray[Any]:
            # Qwen 3.5's converter knows its texts as a part of what sees, too.
            if hf_weight_key.startswith(_WITHIN) and hf_weight_key not in self.names:
                hf_weight_key = hf_weight_key.replace(_WITHIN, "model.", 1)
            found: NDArray[Any] = super().get_tensor(hf_weight_key)
            self.taken.add(f"{self.prefix or ''}{hf_weight_key}")
            self.taken.add(hf_weight_key)
            return found.view(AsStored) if as_stored else found

        @cached_property
        def names(self) -> set[str]:
            if self.safetensor_config is not None:
                return set(self.safetensor_config["weight_map"])
            with safe_open(str(place / "model.safetensors"), framework="np") as file:
                return set(file.keys())

    return Reader()
