"""What XLA compiled for TensorFlow, which TensorFlow itself never lets go of."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

_TYPE = b"N10tensorflow14DeviceCompilerIN3xla15LocalExecutableENS1_11LocalClientEEE"
"""Of the cache of a device, as C++ spells it."""
_NAME, _CONTAINER = "xla_device_compiler", "localhost"


_lock = threading.Lock()
_launched = 0  # compiled functions that run now, in any thread


@contextmanager
def launching() -> Iterator[None]:
    """Keep what is compiled while something compiled is run, or compiled to be run: it is lost with the process else."""
    global _launched
    with _lock:
        _launched += 1
    try:
        yield
    finally:
        with _lock:
            _launched -= 1


def forget_compiled() -> bool:
    """Let go of everything that XLA compiled, of all functions; those that are used again are compiled again.

    A device's cache of executables (`device_compilation_cache.h`: "no cache eviction policy is implemented and the cache
    grows without bound") outlives the functions that they were compiled for, 10 to 70 MB for a small model. It is a
    resource of the device like any other, so that the operation for these destroys it.

    Returns:
        Whether there was anything, and nothing ran that needs it.
    """
    with _lock:  # what is to run waits for it: milliseconds
        return not _launched and _destroy()


def _destroy() -> bool:
    found = False
    for device in tf.config.list_logical_devices():
        try:
            with tf.device(device.name):
                _destroyer(device.name)()
        except tf.errors.NotFoundError:
            continue
        found = True
    return found


@functools.cache
def _destroyer(device: str) -> Any:
    """Return a function that destroys a device's cache."""
    handle = tensor_pb2.TensorProto(dtype=types_pb2.DT_RESOURCE)
    handle.tensor_shape.SetInParent()
    whole = tf.DeviceSpec.from_string(f"/job:localhost/replica:0/task:0{device}").to_string()
    handle.resource_handle_val.add(device=whole, container=_CONTAINER, name=_NAME, hash_code=_hash(_TYPE))
    graph = tf.compat.v1.GraphDef()
    node = graph.node.add(name="handle", op="Const")
    node.attr["dtype"].type = types_pb2.DT_RESOURCE
    node.attr["value"].tensor.CopyFrom(handle)

    def destroy() -> None:
        [cache] = tf.graph_util.import_graph_def(graph, return_elements=["handle:0"], name="")
        tf.raw_ops.DestroyResourceOp(resource=cache, ignore_lookup_error=False)

    return tf.function(destroy, autograph=False)


def _hash(data: bytes) -> int:
    """Return TensorFlow's `Hash64` of a type's name, which its resources go by (MurmurHash64A, with a seed of its own)."""
    most, factor = (1 << 64) - 1, 0xC6A4A7935BD1E995
    value = 0xDECAFCAFFE ^ (len(data) * factor & most)
    whole = len(data) // 8 * 8
    for at in range(0, whole, 8):
        part = int.from_bytes(data[at : at + 8], "little") * factor & most
        value = (value ^ ((part ^ part >> 47) * factor & most)) * factor & most
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * factor & most
    value = (value ^ value >> 47) * factor & most
    return value ^ value >> 47
