"""Checks of prompts: what a model should answer to them, and which of their parts should have an influence.

`read` reads a file of them, `run_checks` runs it with a function that asks a model, and `junit` writes what came out. docs/checks.md
describes the files.
"""

from __future__ import annotations

from .checks import Check, CheckResult, Influences
from .file import CheckedPrompt, CheckFile, read
from .junit import junit
from .rows import Case
from .running import Explained, Outcome, Report, run_checks
from .settings import Settings

__all__ = [
    "Case",
    "Check",
    "CheckFile",
    "CheckResult",
    "CheckedPrompt",
    "Explained",
    "Influences",
    "Outcome",
    "Report",
    "Settings",
    "junit",
    "read",
    "run_checks",
]
