"""Limits that the configuration and the protocol share. Imported at server start, so this imports nothing."""

from __future__ import annotations

MAX_TEXT = 4_000_000
"""Characters of a text: the largest `c.LitLab.max_prompt_chars`."""

MAX_TOKENS = 262_144
"""Tokens of a sequence: the largest `c.LitLab.max_new_tokens`."""

MAX_NAME = 200
"""Characters of a name, such as a model's or a dataset's."""
