"""Whether a process of a shared service can take requests."""

from __future__ import annotations

from fastapi import Response

from lit_lab.protocol import Readiness

from .registry import Registry


class Ready:
    """Answers a load balancer, which may be anybody: one word, and no model's name.

    Args:
        registry: The models. The first one has to be loaded once; later it may be unloaded while it is idle.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._was_loaded = False

    def state(self) -> Readiness:
        """Return whether it can take requests."""
        registry = self._registry
        first = next(iter(registry.entries.values()))
        self._was_loaded = self._was_loaded or first.model is not None
        if registry.error is not None or (first.state == "failed" and not self._was_loaded):
            return Readiness(state="failed")
        if not registry.imported:
            return Readiness(state="starting")
        return Readiness(state="ready" if self._was_loaded else "loading")

    def response(self) -> Response:
        """Return the state with status 200 if it is ready, else 503."""
        found = self.state()
        status = 200 if found.state == "ready" else 503
        return Response(found.model_dump_json(), status, media_type="application/json")
