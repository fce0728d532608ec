"""LIT datasets of prompts."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lit_lab.problem import Problem
from lit_lab.protocol import MAX_TEXT, ServiceDataset

from . import arithmetic

SAMPLE_PROMPTS = "sample_prompts"
_PAGE_CHARS = 8_000_000  # after which a page ends

log = logging.getLogger(__name__)


def prompt_examples(path: Path) -> Any:
    """Return a JSON Lines file of prompts (`prompt`, optional `target` and `source`) as a LIT dataset.

    LIT's own class for it imports LIT's whole application, about four seconds; this one has the same spec.

    Raises:
        Problem: `bad_dataset`, naming the line.
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
            raise Problem(
                422, "bad_dataset", f"Line {number} of {path.name} isn't a JSON object: {error}", "Correct that line."
            ) from error
    return lit_dataset.Dataset(spec=spec, examples=examples)


def sample_prompts() -> Any:
    """Return LIT's sample prompts, from its package, as a LIT dataset.

    Raises:
        Problem: `missing_libraries`.
    """
    spec = importlib.util.find_spec("lit_nlp")
    if spec is None or spec.origin is None:
        raise Problem(
            503, "missing_libraries", "lit-nlp isn't installed.", "Install it with: pip install 'lit-lab[service]'"
        )
    return prompt_examples(Path(spec.origin).parent / "examples" / "prompt_debugging" / "prompt_examples.jsonl")


class Datasets:
    """LIT datasets by name: the sample prompts, and classes with LIT's `Dataset` API. Each is made on first use.

    Args:
        classes: `module:Class` by name.
    """

    def __init__(self, classes: Mapping[str, str] | None = None) -> None:
        self._classes = dict(classes or {})
        self._loaded: dict[str, Any] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        """All names."""
        return [SAMPLE_PROMPTS, *self._classes]

    def get(self, name: str) -> Any:
        """Return a dataset; blocks while it is created.

        Raises:
            Problem: `unknown_dataset`, `bad_dataset`.
        """
        if name not in self.names:
            raise Problem(
                404, "unknown_dataset", f"There is no dataset {name}.", f"Choose one of: {', '.join(self.names)}."
            )
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = _make(name, self._classes[name]) if name in self._classes else sample_prompts()
            return self._loaded[name]

    def lit(self) -> dict[str, Any]:
        """Return all datasets by name, as LIT's; without those that can't be created."""
        found = {}
        for name in self.names:
            with contextlib.suppress(Problem):  # the log says why
                found[name] = self.get(name)
        return found

    def rows(self, name: str, offset: int, limit: int) -> ServiceDataset:
        """Return some rows of a dataset as text, without fields that are neither text nor numbers or lists of them.

        Raises:
            Problem: `unknown_dataset`, `bad_dataset`.
        """
        dataset = self.get(name)
        try:
            with arithmetic.undisturbed():
                columns = [str(column) for column in dataset.spec()]
                examples = dataset.examples
                rows: list[list[str]] = []
                size = 0
                for example in examples[offset : offset + limit]:
                    row = [_text(example.get(column)) for column in columns]
                    rows.append(row)
                    size += sum(map(len, row))
                    if size > _PAGE_CHARS:
                        break
                return ServiceDataset(columns=columns, rows=rows, total=len(examples))
        except Exception as error:  # other people's code
            raise _bad(name, error) from error


def _make(name: str, cls: str) -> Any:
    module, _, attribute = cls.partition(":")
    try:
        with arithmetic.undisturbed():
            return getattr(importlib.import_module(module), attribute)()
    except Exception as error:  # other people's code
        log.exception("the dataset %s could not be made", cls)
        raise _bad(name, error) from error


def _bad(name: str, error: Exception) -> Problem:
    return Problem(
        422,
        "bad_dataset",
        f"The dataset {name} can't be read: {type(error).__name__}: {error}",
        "Check its class in c.LitLab.datasets: it must be importable in the model service's environment, take no arguments, "
        "and have LIT's Dataset API. See the service's log for details.",
    )


def _text(value: Any) -> str:
    """Return a value as displayable text."""
    if isinstance(value, str):
        # A lone surrogate would make the whole response fail.
        return value[:MAX_TEXT].encode(errors="replace").decode()
    plain = isinstance(value, (bool, int, float))
    if plain or (isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)):
        return json.dumps(value, ensure_ascii=False)[:MAX_TEXT].encode(errors="replace").decode()
    return ""
