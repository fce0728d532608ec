"""Reads a GGUF file's tensors for keras-hub's converters, and puts the large ones straight into their variables."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..hugging_face.weights import AsStored
from ..weights.reading import Reading
from .configuration import UnfamiliarError
from .header import SIGHT, GgufError, Header, Tensor, rows
from .names import DERIVED, change_of, known_as

AT_ONCE = 2**22  # numbers that are read at once
LARGE = 2**23  # numbers from which on a tensor isn't held beside its variable
_EMBEDDINGS = "embed_tokens.weight"
_TURNED = "lm_head.weight"  # Keras has it the other way round

Hook = Callable[[NDArray[Any], list[int]], NDArray[Any]]


class Later:
    """A tensor that is read when it is made an array. Gemma 3's converter asks for one to see whether it is there."""

    def __init__(self, read: Callable[[Tensor], NDArray[np.float32]], tensor: Tensor) -> None:
        self._read = read
        self._tensor = tensor

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return what NumPy asks for."""
        return self._read(self._tensor).astype(dtype or np.float32, copy=False)


class Reader(contextlib.ExitStack):
    """What keras-hub's converters take weights from, as `SafetensorLoader` is.

    Args:
        header: What the file says.
        config: The model's configuration, in Hugging Face's words.
        reading: Is told how far it is, and may end it.

    Attributes:
        taken: What has been asked for so far, by its name in Hugging Face's form.
        names: What there is.
    """

    def __init__(self, header: Header, config: dict[str, Any], reading: Reading) -> None:
        super().__init__()
        self._config = config
        self._reading = reading
        self._read_once: set[str] = set()
        self._family = header.architecture
        self.taken: set[str] = set()
        self._tensors: dict[str, Tensor] = {}
        for name, tensor in header.tensors.items():
            if name not in DERIVED and not SIGHT.match(name):
                self._tensors[known_as(name, self._family) or name] = tensor
        reading.begin(sum(tensor.size for tensor in self._tensors.values()), len(self._tensors))

    @property
    def names(self) -> set[str]:
        """Return the names of all weights."""
        return set(self._tensors)

    def get_tensor(self, name: str) -> NDArray[np.float32] | Later:
        """Return a tensor whole; a large one is read when it is used. Raises `GgufError` where there is none of this name."""
        tensor = self._find(name)
        return Later(self._read, tensor) if tensor.numbers >= LARGE else self._read(tensor)

    def _read(self, tensor: Tensor) -> NDArray[np.float32]:
        result = np.empty((tensor.numbers // tensor.shape[-1], tensor.shape[-1]), np.float32)
        for first, part in self._rows(tensor):
            result[first : first + len(part)] = part
        result = result.reshape(tensor.shape)
        change = change_of(tensor.name, self._family, self._config)
        return (result if change is None else change(result)).view(AsStored)

    def port_weight(self, keras_variable: Any, hf_weight_key: str, hook_fn: Hook | None = None) -> None:
        """Give a variable its numbers, as `SafetensorLoader.port_weight` does.

        Args:
            keras_variable: The variable.
            hf_weight_key: The tensor's name in Hugging Face's form.
            hook_fn: Takes the tensor and the variable's shape, and returns what goes into it.
        """
        tensor = self._find(hf_weight_key)
        shape = tuple(keras_variable.shape)
        # The two large ones, whatever is done to all; Phi-3 may have the former as the latter, too.
        turned = hf_weight_key.endswith(_TURNED) or tensor.shape != shape
        if not hf_weight_key.endswith((_EMBEDDINGS, _TURNED)) or tensor.numbers < LARGE:
            if tensor.numbers != math.prod(shape):
                raise _misshapen(tensor)
            values = self._read(tensor)
            if hook_fn is not None:
                values = hook_fn(values, list(shape))
            if values.shape != shape:
                raise _misshapen(tensor)
            keras_variable.assign(values)
            return
        if (tensor.shape[::-1] if turned else tensor.shape) != shape:
            raise _misshapen(tensor)
        with _Filling(keras_variable, turned) as filling:
            for first, part in self._rows(tensor):
                filling.put(first, part)

    def _rows(self, tensor: Tensor) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield a tensor's rows, and tell of them. One that is read again, as tied embeddings are, counts once."""
        is_new = tensor.name not in self._read_once
        for first, part in rows(tensor, AT_ONCE):
            yield first, part
            self._reading.took(len(part) * tensor.row_size if is_new else 0)
        self._read_once.add(tensor.name)
        self._reading.took(0, int(is_new))

    def _find(self, name: str) -> Tensor:
        # Qwen 3's converter leaves out what all names begin with.
        found = next((each for each in (name, f"model.{name}") if each in self._tensors), None)
        if found is None:
            raise GgufError(f"has no {name}, as Hugging Face calls it")
        self.taken.add(found)
        return self._tensors[found]


def _misshapen(tensor: Tensor) -> GgufError:
    return GgufError(f"has a {tensor.name[:100]} of another shape than its family's")


class _Filling:
    """Puts rows into a variable, where the backend's variables can be changed in place; else gathers them."""

    def __init__(self, variable: Any, turned: bool) -> None:
        import keras

        self._variable = variable
        self._turned = turned
        self._backend = keras.backend.backend()
        self._gathered: NDArray[np.float32] | None = None
        if self._backend not in ("tensorflow", "torch"):
            self._gathered = np.empty(tuple(variable.shape), np.float32)

    def __enter__(self) -> _Filling:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._gathered is not None:
            self._variable.assign(self._gathered)

    def put(self, first: int, part: NDArray[np.float32]) -> None:
        """Put rows where they belong, the first of them at `first`."""
        here = slice(first, first + len(part))
        place = (slice(None), here) if self._turned else (here, slice(None))
        values = part.T if self._turned else part
        if self._gathered is not None:
            self._gathered[place] = values
        elif self._backend == "torch":
            import torch

            with torch.no_grad():
                self._variable.value.data[place] = torch.from_numpy(np.ascontiguousarray(values)).to(
                    device=self._variable.value.device, dtype=self._variable.value.dtype
                )
        else:
            import tensorflow

            inner = self._variable.value
            begin = [each.start or 0 for each in place]
            # `variable[…].assign` reads the variable first, and what is read is copied before it is written.
            tensorflow.raw_ops.ResourceStridedSliceAssign(
                ref=inner.handle,
                begin=begin,
                end=[first + size for first, size in zip(begin, values.shape, strict=True)],
                strides=[1, 1],
                value=tensorflow.cast(values, inner.dtype),
            )


def check_names(header: Header) -> None:
    """Refuse a file with weights that have no place in its family. Raises `UnfamiliarError`."""
    left = sorted(
        name
        for name in header.tensors
        if name not in DERIVED and not SIGHT.match(name) and known_as(name, header.architecture) is None
    )
    if left:
        raise UnfamiliarError(f"has weights that no model of its family has, {left[0][:60]} for one")
