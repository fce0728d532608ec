"""LIT datasets of prompts."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from lit_lab.protocol import DatasetInfo, DatasetRow, DatasetRowsResponse, DatasetsResponse

from .errors import ServiceError

SAMPLE_PROMPTS = "sample_prompts"
_NOTES = {SAMPLE_PROMPTS: "LIT's sample prompts"}


def prompt_examples(path: Path) -> Any:
    """Return a JSON Lines file of prompts (`prompt`, optional `target` and `source`) as a LIT dataset.

    LIT's own class for it imports LIT's whole application, about four seconds; this one has the same spec.

    Raises:
        ServiceError: `bad_dataset`, naming the line.
    """
    from lit_nlp.api import dataset as lit_dataset
    from lit_nlp.api import types as lit_types

    spec = {
        "source": lit_types.CategoryLabel(),
        "prompt": lit_types.TextSegment(),
        "target": lit_types.TextSegment(),
    }
    examples = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            examples.append({key: str(row.get(key, "")) for key in spec})
        except (ValueError, AttributeError) as error:
            raise ServiceError(
                422, "bad_dataset", f"Line {number} of {path.name} isn't a JSON object: {error}", "Correct that line."
            ) from error
    return lit_dataset.Dataset(spec=spec, examples=examples)


def sample_prompts() -> Any:
    """Return LIT's sample prompts, from where its package keeps them, as a LIT dataset.

    Raises:
        ServiceError: `missing_libraries`.
    """
    spec = importlib.util.find_spec("lit_nlp")
    if spec is None or spec.origin is None:
        raise ServiceError(
            503, "missing_libraries", "lit-nlp isn't installed.", "Install it with: pip install 'lit-lab[service]'"
        )
    return prompt_examples(Path(spec.origin).parent / "examples" / "prompt_debugging" / "prompt_examples.jsonl")


class Datasets:
    """Datasets by name, read on first use."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def all(self) -> DatasetsResponse:
        """Return names and sizes."""
        datasets = [DatasetInfo(name=name, size=len(self._get(name)), note=note) for name, note in _NOTES.items()]
        return DatasetsResponse(datasets=datasets)

    def rows(self, name: str) -> DatasetRowsResponse:
        """Return all rows of a dataset.

        Raises:
            ServiceError: `unknown_dataset`.
        """
        rows = [
            DatasetRow(index=index, prompt=row["prompt"], target=row["target"], source=row["source"])
            for index, row in enumerate(self._get(name).examples)
        ]
        return DatasetRowsResponse(name=name, rows=rows)

    def lit(self) -> dict[str, Any]:
        """Return all as LIT's own datasets, by name."""
        return {name: self._get(name) for name in _NOTES}

    def _get(self, name: str) -> Any:
        if name not in _NOTES:
            raise ServiceError(
                404, "unknown_dataset", f"There is no dataset {name}.", f"There is: {', '.join(_NOTES)}."
            )
        if name not in self._loaded:
            self._loaded[name] = sample_prompts()
        return self._loaded[name]
