"""The contents of a GGUF file's header: fields, lists and tensors; and the errors of reading it."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import forms
from .forms import TYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIGHT = re.compile(r"(v|mm)\.")
"""Prefixes of vision tensors, which Ollama stores in the same file as the text model's."""


SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""`struct`'s characters for the kinds of numbers in a file."""

TEXT = 8
"""The kind of texts in a file."""


class GgufError(ValueError):
    """A file contradicts its size or its format; the message says how, in words that follow its name."""


class UnreadError(GgufError):
    """A file may be valid, but its format can't be read; the message says which, in words that follow its name.

    Attributes:
        hint: What to do.
    """

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why)
        self.hint = hint


@dataclass(frozen=True)
class Items:
    """A list in a header, which is read when it is used."""

    kind: int
    count: int
    content: memoryview | bytes

    def numbers(self) -> NDArray[Any]:
        """Return a list of numbers. Raises `GgufError` if it is a list of texts."""
        if self.kind not in SCALARS:
            raise GgufError("has a list of texts instead of numbers")
        import numpy as np

        return np.frombuffer(self.content, dtype=np.dtype(f"<{SCALARS[self.kind]}"), count=self.count)

    def texts(self) -> list[str]:
        """Return a list of texts. Raises `GgufError` if it is a list of numbers, or isn't valid text."""
        if self.kind != TEXT:
            raise GgufError("has a list of numbers instead of texts")
        result, position = [], 0
        content = bytes(self.content)
        for _ in range(self.count):
            (length,) = struct.unpack_from("<Q", content, position)
            position += 8 + length
            result.append(decoded(content[position - length : position]))
        return result


@dataclass(frozen=True)
class Tensor:
    """A tensor's place and format.

    Attributes:
        shape: Outermost dimension first, as in NumPy.
        kind: Key of `forms.TYPES`.
        file: Index of its file.
        start: Its first byte in that file.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    file: Path
    start: int

    @property
    def numbers(self) -> int:
        """Number of its values."""
        return math.prod(self.shape)

    @property
    def row_size(self) -> int:
        """Bytes of a row, along its innermost dimension."""
        _, block, size = TYPES[self.kind]
        return self.shape[-1] // block * size

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.numbers // self.shape[-1] * self.row_size


@dataclass
class Header:
    """A model's header.

    Attributes:
        files: All parts.
        fields: Numbers, texts and `Items` by name.
        tensors: Tensors by name.
    """

    files: list[Path]
    fields: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)

    @property
    def architecture(self) -> str:
        """llama.cpp's name of the model's family."""
        return self.text("general.architecture")

    @property
    def numbers(self) -> int:
        """Number of its weights, without those of vision."""
        return sum(tensor.numbers for name, tensor in self.tensors.items() if not SIGHT.match(name))

    @property
    def quantization(self) -> str:
        """The format of its weights, as in files' names."""
        named = forms.FILES.get(self.fields.get("general.file_type", -1))
        if named is not None:
            return named
        counts: dict[int, int] = {}
        for tensor in self.tensors.values():
            counts[tensor.kind] = counts.get(tensor.kind, 0) + tensor.numbers
        return TYPES[max(counts, key=counts.__getitem__)][0] if counts else ""

    def text(self, name: str) -> str:
        """Return a text; empty if there is none."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float | int | None:
        """Return a number; None if there is none. Raises `GgufError` if it is something else."""
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise GgufError(f"has an impossible {name[:100]}")
        return value

    def whole(self, name: str) -> int | None:
        """Return a whole number that isn't negative; None if there is none.

        A list with one number for each layer counts as a number if all are equal.
        """
        value = self.fields.get(name)
        if isinstance(value, Items) and value.kind in SCALARS and value.count:
            values = set(value.numbers().tolist())
            value = values.pop() if len(values) == 1 else None
        return value if type(value) is int and value >= 0 else None


def decoded(content: bytes) -> str:
    """Return UTF-8 as text. Raises `GgufError`."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise GgufError("has a text that isn't UTF-8") from error
