"""Reads safetensors for keras-hub's converters, and knows afterwards what they have left out."""

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
"""What a text model has no use for: pictures, sound, guesses ahead, masks and angles that are computed anew."""

_WITHIN = "model.language_model."


class AsStored(np.ndarray[Any, Any]):
    """Numbers that stay what they are.

    Mistral's converter turns all of them into float16, which loses what bfloat16 and float32 have below 6e-5.
    """

    def astype(self, *_: Any, **__: Any) -> NDArray[Any]:
        """Return them as they are."""
        return self


def reader(place: Path, as_stored: bool, reading: Reading) -> Any:
    """Return a reader of a folder's weights, to be closed: keras-hub's, which takes note of what is `taken`.

    Args:
        place: The folder, whose files have been looked through.
        as_stored: Whether what is read withstands a converter that changes its type.
        reading: Is told how far it is, and may end it.
    """
    import ml_dtypes  # noqa: F401 - NumPy knows bfloat16 from then on, which safetensors asks it for
    from keras_hub.src.utils.transformers.safetensor_utils import SafetensorLoader

    class Reader(SafetensorLoader):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(str(place))
            self.taken: set[str] = set()
            wanted = [size for name, size in self._sizes.items() if not UNUSED.search(name)]
            reading.begin(sum(wanted), len(wanted))

        def get_tensor(self, hf_weight_key: str) -> NDArray[Any]:
            # Qwen 3.5's converter knows its texts as a part of what sees, too.
            if hf_weight_key.startswith(_WITHIN) and hf_weight_key not in self.names:
                hf_weight_key = hf_weight_key.replace(_WITHIN, "model.", 1)
            found: NDArray[Any] = super().get_tensor(hf_weight_key)
            # Tied embeddings are read again, and count once.
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
            # One that is named and isn't there is told when it is asked for.
            return {name: found[file].get(name, 0) for name, file in where.items()}

    return Reader()
