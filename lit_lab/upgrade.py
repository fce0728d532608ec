"""Reads runs of earlier versions: gives the fields of their JSON the names that this version has.

`src/api/upgrade.ts` does the same in the browser; tests/fixtures/runs_0_1_0.json holds both to it.
"""

from __future__ import annotations

from typing import Any


def upgrade_run(run: Any) -> Any:
    """Return a run's JSON with this version's names; what isn't a run stays as it is, and is refused by validation.

    Args:
        run: A `RunRecord` of this or an earlier version, as JSON. It doesn't change.
    """
    if not isinstance(run, dict):
        return run
    upgraded = dict(run)
    if run.get("reason") == "given":
        upgraded["reason"] = "forced_answer"
    if isinstance(run.get("scores"), list):
        upgraded["scores"] = [_upgrade_scores(stored) for stored in run["scores"]]
    return upgraded


def _upgrade_scores(stored: Any) -> Any:
    event = stored.get("event") if isinstance(stored, dict) else None
    if not isinstance(event, dict) or "instead" not in event or "foil" in event:
        return stored
    return {**stored, "event": {("foil" if name == "instead" else name): value for name, value in event.items()}}
