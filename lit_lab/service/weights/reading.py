"""The progress of loading a model, and its end."""

from __future__ import annotations

from lit_lab.protocol import ModelReading

from ..cancellation import Cancellation


class Reading:
    """One attempt to load a model. The loading thread reports to it; other threads read its progress and stop it.

    Attributes:
        stopped: Ends it; code that reads weights checks it before each piece of them.
    """

    def __init__(self) -> None:
        self.stopped = Cancellation()
        self._done = self._total = self._tensors = self._all_tensors = 0

    def begin(self, total: int, tensors: int) -> None:
        """Report what there is to read.

        Args:
            total: Bytes, as stored.
            tensors: Number of tensors.
        """
        self._done = self._tensors = 0
        self._total, self._all_tensors = total, tensors

    def took(self, size: int, tensors: int = 0) -> None:
        """Report what was read: bytes, as stored, and tensors that are now complete. Raises `Cancelled`."""
        self._done += size
        self._tensors += tensors
        self.stopped.check()

    def end(self) -> None:
        """Report that everything has been read, and another step begins. Raises `Cancelled`."""
        self._all_tensors = 0
        self.stopped.check()

    @property
    def progress(self) -> ModelReading | None:
        """Its progress; None if no weights are being read."""
        if not self._all_tensors:
            return None
        return ModelReading(done=self._done, total=self._total, tensors=self._tensors, tensors_total=self._all_tensors)


def figures(progress: ModelReading) -> str:
    """Return the progress as text, such as `1.2 GB of 2.6 GB, 140 of 290 tensors`."""
    unit, digits, name = (1e9, 1, "GB") if progress.total >= 1e9 else (1e6, 0, "MB")
    done, total = (f"{size / unit:,.{digits}f} {name}" for size in (progress.done, progress.total))
    return f"{done} of {total}, {progress.tensors:,} of {progress.tensors_total:,} tensors"
