"""A single open dataset."""

from lit_lab.datasets.contents import Origin
from lit_lab.datasets.open_dataset import OpenDataset
from lit_lab.problem import Problem


def test_a_dataset_that_was_read_in_part_says_so_where_that_is_saved():
    dataset = OpenDataset("me", "own.parquet", "own.parquet", None)
    dataset.read_rows(["prompt"], [["a"], ["b"]], 0, 3)
    dataset.fail(Problem(422, "bad_dataset", "The file is damaged."))
    written = dataset.write(None, False)
    dataset.saved(Origin("new.jsonl", None, None), dataset.table.revision, written, False)
    state = dataset.state()
    dataset.table.close()
    assert (state.name, state.state, state.rows) == ("new.jsonl", "ready", 2)
    assert state.remark == ("own.parquet couldn't be read to its end, so its rest was not written.")
