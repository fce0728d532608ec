"""Problems of batches, worded for the browser: there, nobody chooses a folder or runs a command."""

from __future__ import annotations

from lit_lab.problem import Problem

_AGAIN = "Delete it, and run the rows again."
_GO_ON = "let the batch go on."

_WORDS = {
    "bad_manifest": ("What its records belong to can't be read.", _AGAIN),
    "no_batch": ("What its records belong to is missing.", _AGAIN),
    "not_a_batch": ("Its folder has files of something else.", _AGAIN),
    "another_batch": ("Its records are of other settings, other rows or another model.", _AGAIN),
    "model_changed": ("", _AGAIN),
    "dataset_changed": ("The copy of its rows has changed.", _AGAIN),
    "no_dataset": ("The copy of its rows can't be read.", _AGAIN),
    "no_rows": ("The copy of its rows is empty.", _AGAIN),
    "batch_runs": ("Another Jupyter server runs this batch.", "Wait for its end, or stop it there."),
    "rows_fail": ("", f"Correct that, and {_GO_ON}"),
    "damaged_part": ("Some of its records can't be read.", f"To have their rows computed again, {_GO_ON}"),
    "no_result": ("", f"To try again, {_GO_ON}"),
    "not_stored": ("", f"Free some space on the disk or check its permissions, and {_GO_ON}"),
    "no_folder": ("", f"Free some space on the disk or check its permissions, and {_GO_ON}"),
}
"""By code: what happened, which is left as it is if this is empty, and what to do."""


def for_browser(problem: Problem) -> Problem:
    """Return a problem of a run in a folder, for those who see the batch in the browser."""
    message, hint = _WORDS.get(problem.code, ("", problem.hint))
    return Problem(problem.status, problem.code, message or problem.message, hint)
