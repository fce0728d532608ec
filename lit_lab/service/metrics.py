"""What a shared service measures of itself, in Prometheus's text format: no prompt, no user, no address.

Imported only where the service is shared: `prometheus_client`, which Jupyter's server depends on, too, takes time to import.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from . import memory
from .admission import Asgi, Scope
from .registry import Registry

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Upper ends of the histograms' buckets: from a cached answer to a long map of a large model."""

OTHER = "other"
"""The label of requests that reach no route, whatever their path or method: a path may contain anything."""

_METHODS = frozenset({"GET", "POST"})


class Metrics:
    """Measurements of one process. With several replicas, Prometheus adds them up.

    Args:
        models: The models, whose names the administrator has chosen.
    """

    def __init__(self, models: Registry) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(
            "lit_lab_requests",
            "Requests that were answered, also with an error.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._waited = Histogram(
            "lit_lab_wait_seconds",
            "Seconds that computations waited for their turn, and for their model to be loaded.",
            ["model"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._computed = Histogram(
            "lit_lab_compute_seconds",
            "Seconds that computations took in their turn.",
            ["model", "outcome"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._registry.register(_State(models))

    def text(self) -> bytes:
        """Return all measurements."""
        found: bytes = generate_latest(self._registry)
        return found

    def began(self, model: str, seconds: float) -> None:
        """Note how long a computation waited."""
        self._waited.labels(model).observe(seconds)

    def ended(self, model: str, seconds: float, outcome: str) -> None:
        """Note how long a computation took, and how it ended: `done`, `cancelled` or `failed`."""
        self._computed.labels(model, outcome).observe(seconds)

    def answered(self, scope: Scope, status: int) -> None:
        """Note an answer."""
        route = getattr(scope.get("route"), "path", OTHER)
        method = scope["method"] if scope["method"] in _METHODS else OTHER
        self._requests.labels(method, route, str(status)).inc()


class Metering:
    """Counts the requests of an application, also those that the admission refuses.

    Args:
        app: The application.
        metrics: Where to count.
    """

    def __init__(self, app: Asgi, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass a request on, and count its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 499  # the client left before an answer

        async def counting(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counting)
        finally:
            self._metrics.answered(scope, status)


class _State:
    """What is measured when it is asked for."""

    def __init__(self, models: Registry) -> None:
        self._models = models
        self._started = time.time()

    def collect(self) -> Iterator[Metric]:
        """Yield the measurements."""
        yield GaugeMetricFamily("lit_lab_resident_bytes", "Memory of the process.", memory.resident_bytes())
        yield GaugeMetricFamily("lit_lab_start_seconds", "When it was started, since the epoch.", self._started)
        waiting = GaugeMetricFamily("lit_lab_waiting", "Computations that wait for their turn.", labels=["model"])
        running = GaugeMetricFamily("lit_lab_running", "Computations that have the turn.", labels=["model"])
        loaded = GaugeMetricFamily("lit_lab_model_loaded", "Whether the model is loaded.", labels=["model"])
        weights = GaugeMetricFamily("lit_lab_model_bytes", "Bytes of the model's weights.", labels=["model"])
        hits = CounterMetricFamily("lit_lab_cache_hits", "Lookups that found something.", labels=["model", "cache"])
        misses = CounterMetricFamily("lit_lab_cache_misses", "Lookups that found nothing.", labels=["model", "cache"])
        size = GaugeMetricFamily("lit_lab_cache_bytes", "Bytes that are cached, about.", labels=["model", "cache"])
        for name, entry in list(self._models.entries.items()):
            waiting.add_metric([name], len(entry.turn))
            running.add_metric([name], int(entry.turn.locked()))
            loaded.add_metric([name], int(entry.model is not None))
            if entry.model is None:
                continue
            weights.add_metric([name], entry.memory or 0)
            for cache, stats in entry.model.caches().items():
                hits.add_metric([name, cache], stats.hits)
                misses.add_metric([name, cache], stats.misses)
                size.add_metric([name, cache], stats.size)
        yield from (waiting, running, loaded, weights, hits, misses, size)
