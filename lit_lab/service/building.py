"""Makes a process's models from its configuration: that of the model service, or a replica's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from lit_lab.protocol import Arithmetic, Backend, Precision

from .cache_limits import CacheLimits
from .loading import Loading
from .registry import Registry, parse

Importing = Callable[[Callable[[str], None]], Arithmetic]
"""Imports the libraries, reports progress, and returns how they compute."""


class ModelOptions(Protocol):
    """What both configurations say about models; `ServiceConfig` describes each."""

    @property
    def models(self) -> list[str]: ...  # noqa: D102
    @property
    def max_length(self) -> int | None: ...  # noqa: D102
    @property
    def backend(self) -> Backend: ...  # noqa: D102
    @property
    def precision(self) -> Precision: ...  # noqa: D102
    @property
    def memory_limit(self) -> int | None: ...  # noqa: D102
    @property
    def cache(self) -> str | None: ...  # noqa: D102
    @property
    def pass_cache_bytes(self) -> int | None: ...  # noqa: D102
    @property
    def kv_cache_bytes(self) -> int | None: ...  # noqa: D102


def build_registry(
    options: ModelOptions,
    importing: Importing,
    idle_timeout: float = 0.0,
    scanners: Sequence[str] = (),
    model_folders: Sequence[str] = (),
) -> Registry:
    """Return the models, none of which is loaded yet.

    Args:
        options: The configuration.
        importing: Imports the libraries, when the registry starts.
        idle_timeout: Seconds after which an unused model is unloaded; 0: never.
        scanners: Programs whose models are looked for.
        model_folders: Other folders of models.

    Raises:
        Problem: `bad_model`: one of the configured models can't be understood.
    """

    def remembering(say: Callable[[str], None]) -> None:
        registry.arithmetic = importing(say)

    registry = Registry(
        parse(options.models),
        options.max_length,
        remembering,
        Loading(
            options.backend,
            options.precision,
            options.memory_limit,
            Path(options.cache) if options.cache else None,
            idle_timeout,
            tuple(scanners),
            tuple(model_folders),
            CacheLimits(options.pass_cache_bytes, options.kv_cache_bytes),
        ),
    )
    return registry
