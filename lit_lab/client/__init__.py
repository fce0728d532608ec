"""Runs prompts by program: over a Jupyter server with LIT Lab, or with a model service of this process.

`connect` finds out where; `AsyncClient` sends jobs there, and returns their results in the protocol's types. What users call,
`lit_lab.explain` and `lit_lab.aio`, is built on these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lit_lab.client.async_client import AsyncClient, connect

__all__ = ["AsyncClient", "connect"]


def __getattr__(name: str) -> Any:
    """Import on first use: this imports httpx and pydantic."""
    if name in __all__:
        from lit_lab.client import async_client

        return getattr(async_client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
