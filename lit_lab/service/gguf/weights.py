"""Reads a GGUF file's tensors for keras-hub's converters, and puts the large ones straight into their variables."""

from __future__ import annotations

import contextlib
import ctypes
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import memory
from ..hugging_face.weights import AsStored
from ..weights.reading import Reading
from .contents import SIGHT, GgufError, Header, Tensor
from .names import DERIVED, change_of, known_as
from .options import UnfamiliarError
from .rows import rows

AT_ONCE = 2**20  # numbers to read at a time; dequantizing takes three times their memory
# After reading so many bytes, return freed memory to the system: it would grow to a quarter of the weights.
TRIM_BYTES = 2**26
MIN_LATE_NUMBERS = 2**23  # a tensor with at least so many numbers isn't in memory beside its variable
_EMBEDDINGS = "embed_tokens.weight"
_TURNED = "lm_head.weight"  # transposed in Keras

Hook = Callable[[NDArray[Any], list[int]], NDArray[Any]]


class Later:
    """A tensor that is read when it becomes an array. Gemma 3's converter gets one only to see whether it exists."""

    def __init__(self, read: Callable[[Tensor], NDArray[np.float32]], tensor: Tensor) -> None:
        self._read = read
        self._tensor = tensor

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the array for NumPy."""
        return self._read(self._tensor).astype(dtype or np.float32, copy=False)


class Reader(contextlib.ExitStack):
    """Gives keras-hub's converters their weights, like `SafetensorLoader`.

    Args:
        header: The file's header.
        config: The model's configuration, in Hugging Face's format.
        reading: Receives the progress, and may end it.

    Attributes:
        taken: The weights requested so far, by their names in Hugging Face's format.
        names: All weights.
    """

    def __init__(self, header: Header, config: dict[str, Any], reading: Reading) -> None:
        super().__init__()
        self._config = config
        self._reading = reading
        self._read_once: set[str] = set()
        self._untrimmed = 0
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
        """Return a whole tensor; a large one is read when it is used. Raises `GgufError` if there is no such tensor."""
        tensor = self._find(name)
        return Later(self._read, tensor) if tensor.numbers >= MIN_LATE_NUMBERS else self._read(tensor)

    def _read(self, tensor: Tensor) -> NDArray[np.float32]:
        result = np.empty((tensor.numbers // tensor.shape[-1], tensor.shape[-1]), np.float32)
        for first, part in self._rows(tensor):
            result[first : first + len(part)] = part
        result = result.reshape(tensor.shape)
        change = change_of(tensor.name, self._family, self._config)
        return (result if change is None else change(result)).view(AsStored)

    def port_weight(self, keras_variable: Any, hf_weight_key: str, hook_fn: Hook | None = None) -> None:
        """Assign a tensor to a variable, as `SafetensorLoader.port_weight` does.

        Args:
            keras_variable: The variable.
            hf_weight_key: The tensor's name in Hugging Face's format.
            hook_fn: Gets the tensor and the variable's shape, and returns the variable's value.
        """
        tensor = self._find(hf_weight_key)
        shape = tuple(keras_variable.shape)
        # The two large ones, with a known change; Phi-3's head may also be its embeddings.
        turned = hf_weight_key.endswith(_TURNED) or tensor.shape != shape
        if not hf_weight_key.endswith((_EMBEDDINGS, _TURNED)) or tensor.numbers < MIN_LATE_NUMBERS:
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
        """Yield a tensor's rows, and report progress. A tensor that is read again, such as tied embeddings, counts once."""
        is_new = tensor.name not in self._read_once
        for first, part in rows(tensor, AT_ONCE):
            yield first, part
            self._untrimmed += part.nbytes
            if self._untrimmed >= TRIM_BYTES:
                memory.trim()
                self._untrimmed = 0
            self._reading.took(len(part) * tensor.row_size if is_new else 0)
        self._read_once.add(tensor.name)
        self._reading.took(0, int(is_new))

    def _find(self, name: str) -> Tensor:
        # Qwen 3's converter omits the prefix that all names have.
        found = next((each for each in (name, f"model.{name}") if each in self._tensors), None)
        if found is None:
            raise GgufError(f"has no {name}, as Hugging Face calls it")
        self.taken.add(found)
        return self._tensors[found]


def _misshapen(tensor: Tensor) -> GgufError:
    return GgufError(f"has a {tensor.name[:100]} of another shape than its family's")


class _Filling:
    """Writes rows into a variable, if the backend's variables can be changed in place; else collects them."""

    def __init__(self, variable: Any, turned: bool) -> None:
        import keras

        self._variable = variable
        self._turned = turned
        self._backend = keras.backend.backend()
        self._gathered: NDArray[np.float32] | None = None
        self._memory = _memory_of(variable.value) if self._backend == "tensorflow" else None
        if self._memory is None and self._backend != "torch":
            self._gathered = np.empty(tuple(variable.shape), np.float32)

    def __enter__(self) -> _Filling:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._gathered is not None:
            self._variable.assign(self._gathered)

    def put(self, first: int, part: NDArray[np.float32]) -> None:
        """Write rows at their place, the first of them at `first`."""
        here = slice(first, first + len(part))
        place = (slice(None), here) if self._turned else (here, slice(None))
        values = part.T if self._turned else part
        if self._memory is not None:
            self._memory[place] = values
        elif self._gathered is not None:
            self._gathered[place] = values
        else:
            import torch

            with torch.no_grad():
                self._variable.value.data[place] = torch.from_numpy(np.ascontiguousarray(values)).to(
                    device=self._variable.value.device, dtype=self._variable.value.dtype
                )


def _memory_of(variable: Any) -> NDArray[Any] | None:
    """Return the writable memory of a TensorFlow variable; None if it isn't in this process's memory.

    TensorFlow's own assignment to a part of a variable makes every later read copy the variable.
    """
    import tensorflow

    held = tensorflow.raw_ops.ReadVariableOp(resource=variable.handle, dtype=variable.dtype)
    if "CPU" not in held.device:
        return None
    kind = np.dtype(variable.dtype.as_numpy_dtype)
    # NumPy's dlpack doesn't support bfloat16.
    bits = tensorflow.bitcast(held, f"uint{8 * kind.itemsize}")
    address = np.from_dlpack(_Handed(bits)).ctypes.data
    memory = (ctypes.c_char * (kind.itemsize * math.prod(variable.shape))).from_address(address)
    return np.frombuffer(memory, dtype=kind).reshape(tuple(variable.shape))


class _Handed:
    """A TensorFlow tensor in the form that NumPy imports."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor

    def __dlpack__(self, **_: Any) -> Any:
        import tensorflow

        return tensorflow.experimental.dlpack.to_dlpack(self._tensor)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)  # this process's memory


def check_names(header: Header) -> None:
    """Refuse a file with weights that don't belong to its family. Raises `UnfamiliarError`."""
    left = sorted(
        name
        for name in header.tensors
        if name not in DERIVED and not SIGHT.match(name) and known_as(name, header.architecture) is None
    )
    if left:
        raise UnfamiliarError(f"has weights that no model of its family has, {left[0][:60]} for one")
