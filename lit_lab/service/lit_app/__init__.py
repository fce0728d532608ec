"""LIT's own web app over the service's models and datasets: imported and created on first need."""

from __future__ import annotations

from .files import read_file
from .host import LitHost

__all__ = ["LitHost", "read_file"]
