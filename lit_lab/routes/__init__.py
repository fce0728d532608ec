"""The route table: all routes below `/lit-lab/api/`.

The server registers its handlers from it, the authentication tests walk it, and `scripts/generate_api.py` writes
`docs/openapi.json` and the TypeScript types from it. Routes name their types instead of importing them, because the server
starts without pydantic.
"""

from __future__ import annotations

from .batches import BATCHES
from .computing import JOBS, TOKENS
from .history import RUNS
from .lit_app import LIT
from .prompts import DATASETS, UNICODE
from .route import KIB, MIB, PREFIX, RESOURCE, Query, Route
from .service import SERVICE

ROUTES: tuple[Route, ...] = (*SERVICE, *TOKENS, *DATASETS, *BATCHES, *UNICODE, *JOBS, *RUNS, *LIT)

__all__ = ["KIB", "MIB", "PREFIX", "RESOURCE", "ROUTES", "Query", "Route"]
