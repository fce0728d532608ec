"""A model's results: computed once, stored, and turned into figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import faithfulness_figures as figures
import faithfulness_peers as peers
from faithfulness_items import Item
from faithfulness_plan import MODELS, VERSIONS, Settings
from faithfulness_store import Store, key_of

KEPT = Path(__file__).parent / "results" / "faithfulness"
"""Figures by item, kept with the code."""


class Bench:
    """A model's results.

    Args:
        name: The model's name: a key of `MODELS`, or a preset's.
        folder: The folder of `make test-real`.
        results: Where results are stored.
        settings: How much to compute.
        kept: Where their figures are stored.
    """

    def __init__(self, name: str, folder: Path, results: Path, settings: Settings, kept: Path = KEPT) -> None:
        self.name, self._settings = name, settings
        is_file = name in MODELS and name != "embedded"
        self.path = str(folder / name / "model.gguf") if is_file else name
        file_name = "".join(letter if letter.isalnum() else "-" for letter in name)
        self._stored = Store(results / f"{file_name}.jsonl")
        self._kept = Store(kept / f"{file_name}.jsonl")
        self._models: dict[bool, Any] = {}
        self._runs: dict[str, Any] = {}

    def key(self, item: Item, part: str) -> str:
        """Return the settings that a part's result depends on."""
        version = VERSIONS.get(part, VERSIONS["added"])
        return key_of(self.name, part, version, item.prompt, item.planted, asdict(self._settings))

    def is_known(self, item: Item, part: str) -> bool:
        """Whether a part's result is known."""
        stored = all(self._record(item, each) is not None for each in ("basic", part))
        return stored or self._kept.get(item.name, part, self.key(item, part)) is not None

    def figures(self, item: Item, part: str) -> dict[str, Any] | None:
        """Return a part's figures, from its record or as stored beside the code. None if there are none."""
        basic, record = self._record(item, "basic"), self._record(item, part)
        if basic is None or record is None:
            found: dict[str, Any] | None = self._kept.get(item.name, part, self.key(item, part))
            return found
        return figures.figures(part, item.name, basic, record)

    def compute(self, item: Item, part: str) -> None:
        """Compute a part, and store it."""
        import faithfulness_parts as parts

        if part != "basic" and self._record(item, "basic") is None:
            self.compute(item, "basic")  # only its figures were stored
        run = self._run(item)
        model = self._model(part == "random_weights")
        self._store(item, part, parts.part_of(part)(model, run, self._settings) if run.is_usable else {"targets": []})

    def compute_peers(self, wanted: Sequence[Item], python: Path, threads: int) -> None:
        """Compute the part `peers` of some items, if it is missing.

        Args:
            wanted: The items.
            python: The Python of `faithfulness_peers.environment`.
            threads: The number of threads.

        Raises:
            MissingError: If the other libraries failed, or read another sequence.
        """
        import faithfulness_parts as parts

        missing = [item for item in wanted if not self.is_known(item, "peers")]
        for item in missing:
            if self._record(item, "basic") is None:
                self.compute(item, "basic")
        runs = [run for run in map(self._run, missing) if run.is_usable]
        asked = [peers.request_of(run) for run in runs]
        for run, found in zip(runs, peers.maps_of(python, Path(self.path), asked, threads), strict=True):
            peers.check(found, self._record(run.item, "basic") or {})
            self._store(run.item, "peers", parts.with_top_sets(self._model(False), run, found["maps"]))

    def keep(self, item: Item, part: str) -> None:
        """Store a part's figures beside the code, if there are any."""
        found = self.figures(item, part)
        if found is not None:
            self._kept.keep(item.name, part, self.key(item, part), found)

    def write_kept(self) -> None:
        """Write the stored figures."""
        self._kept.write()

    def _record(self, item: Item, part: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._stored.get(item.name, part, self.key(item, part))
        return found

    def _store(self, item: Item, part: str, record: dict[str, Any]) -> None:
        self._stored.put(item.name, part, self.key(item, part), record)

    def _run(self, item: Item) -> Any:
        import faithfulness_runs as runs

        if item.name not in self._runs:
            self._runs[item.name] = runs.run_of(self._model(False), item, self._settings)
        return self._runs[item.name]

    def _model(self, has_random_weights: bool) -> Any:
        import faithfulness_runs as runs

        if has_random_weights not in self._models:
            self._models[has_random_weights] = (runs.randomized if has_random_weights else runs.load)(self.path)
        return self._models[has_random_weights]
