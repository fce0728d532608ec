"""Checks what a preset's weights declare against their files, before anything of them is read.

In HDF5, a small file can declare any number of values: packed, filled with one value, or with the same bytes several times. Keras
reads each dataset at once, into as much memory as it declares. It writes datasets plainly, so only plain ones are read. A group,
too, can name any number of objects: its tree can lead to the same few names from many places.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import regular

MAX_DATASETS = 200_000
MAX_NAMES = 16 * 2**20  # bytes of the names of all datasets and groups
MAX_HEADER = 32 * 2**20  # bytes of a safetensors file's header
MAX_LEVELS = 64

_SHARD = re.compile(r"\w[\w.-]{0,200}\.(h5|safetensors)", re.ASCII)
_BITS = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8}
_BITS |= {"I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32}
_BITS |= {"F64": 64, "I64": 64, "U64": 64, "C64": 64}


class UnfitError(ValueError):
    """A file of weights declares more than its size allows; the message says what, in words that follow its name."""


def numbers_in(file: Path) -> int:
    """Return how many numbers a file of weights contains.

    Args:
        file: A `.h5` or `.safetensors` file.

    Raises:
        UnfitError: It declares more than it contains, or leads elsewhere.
        OSError: It can't be read, or isn't of its format.
    """
    return sum(count for _, count, _ in _in_safetensors(file)) if file.suffix == ".safetensors" else _in_h5(file).total


def bytes_in(file: Path) -> int:
    """Return how many bytes of a `.h5` file are numbers. Raises as `numbers_in`."""
    return _in_h5(file).held


def tensors_in(file: Path) -> dict[str, int]:
    """Return the bytes of each tensor of a `.safetensors` file, by its name. Raises as `numbers_in`."""
    return {name: size for name, _, size in _in_safetensors(file)}


def shards_of(index: Path) -> set[str]:
    """Return the names of the files with weights, according to an index.

    Raises:
        UnfitError: It isn't an index, or a name leads out of its folder.
        regular.TooMuchError, ValueError, OSError: As `regular.json_of`.
    """
    content = regular.json_of(index)
    weights = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(weights, dict):
        raise UnfitError("has no weight_map")
    names: set[str] = set()
    for value in weights.values():
        for name in value if isinstance(value, list) else [value]:
            # Other programs' leftovers aren't checked, and files with other names don't count as weights.
            if not isinstance(name, str) or not _SHARD.fullmatch(name):
                raise UnfitError("names a file that isn't a file of weights in its folder")
            names.add(name)
    return names


def _in_safetensors(file: Path) -> list[tuple[str, int, int]]:
    """Return each tensor's name, numbers and bytes."""
    with regular.opened(file) as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        head = stream.read(8)
        if len(head) < 8:
            raise UnfitError("is cut short")
        (length,) = struct.unpack("<Q", head)
        if length > min(MAX_HEADER, size - 8):
            raise UnfitError("has a header of an impossible size")
        try:
            header = regular.parsed(stream.read(length), 16 * MAX_DATASETS, 4 * MAX_DATASETS)
        except ValueError as error:
            raise UnfitError("has a header that can't be read") from error
    if not isinstance(header, dict):
        raise UnfitError("has a header that can't be read")
    found = []
    held = 0
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        if not isinstance(tensor, dict) or str(tensor.get("dtype")) not in _BITS:
            raise UnfitError("has a header that can't be read")
        count, offsets = math.prod(_counts(tensor.get("shape"))), _counts(tensor.get("data_offsets"))
        if len(offsets) != 2 or not offsets[0] <= offsets[1] <= size - 8 - length:
            raise UnfitError("has a header that can't be read")
        if (count * _BITS[tensor["dtype"]] + 7) // 8 != offsets[1] - offsets[0]:
            raise UnfitError("declares numbers that it doesn't contain")
        found.append((name, count, offsets[1] - offsets[0]))
        held += offsets[1] - offsets[0]
    if held > size:
        raise UnfitError("declares more numbers than it contains")
    return found


def _counts(value: Any) -> list[int]:
    if not isinstance(value, list) or len(value) > MAX_LEVELS or any(type(n) is not int or n < 0 for n in value):
        raise UnfitError("has a header that can't be read")
    return value


def _in_h5(file: Path) -> _Reading:
    import h5py

    # By its descriptor, so that exactly the checked file is opened, even if its name now refers to another one.
    with regular.opened(file) as stream, h5py.File(stream, "r") as weights:
        size = stream.seek(0, 2)
        result = _Reading(size)
        result.go_through(weights)
        return result


class _Reading:
    """Walks through an HDF5 file of a given size, without reading its datasets.

    Attributes:
        held: The datasets' stored bytes.
        total: The datasets' numbers.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self.held = self.total = self._objects = self._names = 0
        self._seen: set[int] = set()

    def go_through(self, top: Any) -> None:
        """Check everything below a group. Raises `UnfitError`."""
        import h5py

        waiting = [(top, 0)]
        while waiting:
            group, level = waiting.pop()
            # `h5o.get_info` walks through the group's whole tree.
            address = int(h5py.h5g.get_objinfo(group.id).objno[0])
            if address in self._seen or level > MAX_LEVELS:
                raise UnfitError("has groups in a circle, or nested too deeply")
            self._seen.add(address)
            for name in self._names_in(group):
                found = group[name]
                if isinstance(found, h5py.Group):
                    waiting.append((found, level + 1))
                elif isinstance(found, h5py.Dataset):
                    self._add(found)

    def _names_in(self, group: Any) -> Iterable[bytes]:
        """Return the names in a group. Raises `UnfitError`."""
        import h5py

        names: dict[bytes, None] = {}

        def unfit(name: bytes, link: Any) -> str | None:
            self._objects += 1
            self._names += len(name)
            if self._objects > MAX_DATASETS:
                return f"has more than {MAX_DATASETS:,} datasets and groups"
            if self._names > MAX_NAMES:
                return f"has names of more than {MAX_NAMES // 2**20} MiB"
            if name in names:
                return "has several datasets and groups of one name"
            if link.type != h5py.h5l.TYPE_HARD:
                return "leads into another file, or to another place"
            names[name] = None
            return None

        # `for name in group` reads all names before the first one can be checked; so does HDF5 in any order but the file's own.
        why, _ = group.id.links.iterate(unfit, info=True, order=h5py.h5.ITER_NATIVE)
        if why is not None:
            raise UnfitError(why)
        return names

    def _add(self, dataset: Any) -> None:
        import h5py

        plist = dataset.id.get_create_plist()
        if dataset.is_virtual or dataset.external:
            raise UnfitError("leads into another file")
        # Any tree can declare the size of chunks.
        if plist.get_nfilters() or plist.get_layout() not in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT):
            raise UnfitError("is packed or in pieces, which Keras never writes")
        if dataset.shape is None or not _is_number(dataset.dtype):
            raise UnfitError("contains something other than numbers")
        declared = math.prod(dataset.shape) * dataset.dtype.itemsize
        self.held += declared
        # Compare one dataset's stored bytes, and the sum of all: several datasets may share the same bytes.
        if declared > dataset.id.get_storage_size() or self.held > self._size:
            raise UnfitError("declares more numbers than it contains")
        if "dtype" in dataset.attrs and math.prod(dataset.attrs.get_id("dtype").shape) != 1:
            raise UnfitError("has an attribute that Keras doesn't write")
        self.total += math.prod(dataset.shape)


def _is_number(dtype: Any) -> bool:
    # Keras writes bfloat16 as two bytes, because HDF5 has no type for it.
    return dtype.kind in "fiub" or (dtype.kind == "V" and dtype.names is None and dtype.itemsize <= 2)
