"""Helpers that read a file as a dataset."""

from dataclasses import dataclass

from lit_lab.datasets.open_dataset import OpenDataset
from lit_lab.protocol import DatasetFullRow, DatasetState


@dataclass
class Read:
    state: DatasetState
    rows: list[DatasetFullRow]

    @property
    def pairs(self):
        """Prompts and targets."""
        return [(row.prompt, row.target) for row in self.rows]

    @property
    def reasons(self):
        """Why rows can't be used, by line."""
        return [(bad.line, bad.reason) for bad in self.state.bad_rows]

    @property
    def error(self):
        """Why the file can't be read, with what to do."""
        return f"{self.state.error.message} {self.state.error.hint}" if self.state.error else ""


def read(path, columns=None, limit=0, most=1000, **choices):
    """Read a file, and return its state and first rows."""
    dataset = OpenDataset("me", path.name, path.name, columns, limit, **choices)
    dataset.read_file(path, "lines")
    state = dataset.state()
    rows = [dataset.table.row(number) for number in range(1, min(state.rows, most) + 1)]
    dataset.table.close()
    return Read(state, rows)
