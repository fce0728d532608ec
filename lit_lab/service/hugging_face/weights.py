"""Reads safetensors for keras-hub's converters, and records which weights they have used."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..weights import stored
from ..weights.reading import Reading

UNUSED = re.compile(
    r"(^|\.)(vision|visual|vision_tower|audio|audio_tower|embed_vision|embed_audio|multi_modal_projector|mtp)\."
    r"|rotary_emb\.inv_freq$|\.attn\.(masked_)?bias$"
)
"""Weights that a text model doesn't need: pictures, sound, speculative decoding, and masks and angles that are recomputed."""

_WITHIN = "model.language_model."


class AsStored(np.ndarray[Any, Any]):
    """Numbers whose type doesn't change.

    Mistral's converter converts all numbers to float16, which loses values of bfloat16 and float32 below 6e-5.
    """

    def astype(self, *_: Any, **__: Any) -> NDArray[Any]:
        """Return them unchanged."""
        return self


def reader(place: Path, as_stored: bool, reading: Reading) -> Any:
    """Return a reader of a folder's weights, to be closed: keras-hub's, which also records what is `taken`.

    Args:
        place: The folder, already validated.
        as_stored: Whether the weights keep their type in a converter that changes it.
        reading: Receives the progress, and may end it.
    """
    import ml_dtypes  # noqa: F401 - registers bfloat16 with NumPy, which safetensors needs
    from keras_hub.src.utils.transformers.safetensor_utils import SafetensorLoader

    class Reader(SafetensorLoader):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(str(place))
            self.taken: set[str] = set()
            wanted = [size for name, size in self._sizes.items() if not UNUSED.search(name)]
            reading.begin(sum(wanted), len(wanted))

        def get_tensor(self, hf_weight_key: str) -> NDArray[Any]:
            # Qwen 3.5's converter also knows its text model as a part of a vision model.
            if hf_weight_key.startswith(_WITHIN) and hf_weight_key not in self.names:
                hf_weight_key = hf_weight_key.replace(_WITHIN, "model.", 1)
            found: NDArray[Any] = super().get_tensor(hf_weight_key)
            # Tied embeddings are read twice, and count once.
            is_new = hf_weight_key not in self.taken
            self.taken.add(f"{self.prefix or ''}{hf_weight_key}")
            self.taken.add(hf_weight_key)
            reading.took(found.nbytes if is_new else 0, int(is_new))
            return found.view(AsStored) if as_stored else found

        @property
        def names(self) -> set[str]:
            return set(self._sizes)

        @cached_property
        def _sizes(self) -> dict[str, int]:
            if self.safetensor_config is None:
                return stored.tensors_in(place / "model.safetensors")
            where = self.safetensor_config["weight_map"]
            found = {file: stored.tensors_in(place / file) for file in set(where.values())}
            # A missing file is reported when it is read.
            return {name: found[file].get(name, 0) for name, file in where.items()}

    return Reader()
