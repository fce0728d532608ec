"""A real model's files, and reference results for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Real:
    """A model's files, and other programs' results for it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.gguf = folder / "model.gguf"
        self.exact = folder / "exact.gguf"
        self.hugging_face = folder / "hugging_face"
        self.said: dict[str, Any] = json.loads((folder / "said.json").read_text())
        self.conversations: list[dict[str, Any]] = json.loads((folder / "conversations.json").read_text())
        self.llama: dict[str, dict[str, Any]] = {
            form: json.loads((folder / f"llama-{form}.json").read_text()) for form in ("model", "exact")
        }
