"""How far the loading of a model is, and its end."""

from __future__ import annotations

from lit_lab.protocol import ModelReading

from ..cancellation import Cancellation


class Reading:
    """One attempt to load a model: told by the thread that loads, looked at and stopped from others.

    Attributes:
        stopped: Ends it; what reads weights checks it before each piece of them.
    """

    def __init__(self) -> None:
        self.stopped = Cancellation()
        self._done = self._total = self._tensors = self._all_tensors = 0

    def begin(self, total: int, tensors: int) -> None:
        """Say what is there to be read.

        Args:
            total: Bytes, as they are stored.
            tensors: How many tensors.
        """
        self._done = self._tensors = 0
        self._total, self._all_tensors = total, tensors

    def took(self, size: int, tensors: int = 0) -> None:
        """Say what was read: bytes, as they were stored, and tensors that are whole now. Raises `Cancelled`."""
        self._done += size
        self._tensors += tensors
        self.stopped.check()

    def end(self) -> None:
        """Say that all is read, and that something else is done from now on. Raises `Cancelled`."""
        self._all_tensors = 0
        self.stopped.check()

    @property
    def progress(self) -> ModelReading | None:
        """How far it is; None: no weights are being read."""
        if not self._all_tensors:
            return None
        return ModelReading(done=self._done, total=self._total, tensors=self._tensors, tensors_total=self._all_tensors)


def figures(progress: ModelReading) -> str:
    """Return in words how far it is, such as `1.2 GB of 2.6 GB, 140 of 290 tensors`."""
    unit, digits, name = (1e9, 1, "GB") if progress.total >= 1e9 else (1e6, 0, "MB")
    done, total = (f"{size / unit:,.{digits}f} {name}" for size in (progress.done, progress.total))
    return f"{done} of {total}, {progress.tensors:,} of {progress.tensors_total:,} tensors"
