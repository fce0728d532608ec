"""Who owns jobs and runs. Imported at server start, so this imports nothing."""

from __future__ import annotations

ANYONE = "anyone with the token"
"""Owner of what belongs to no named user."""
