"""How Serve runs the deployment. These are the defaults; a file of Serve may name others."""

from __future__ import annotations

from typing import Any

APPLICATION = "lit-lab"
DEPLOYMENT = "ModelService"
IMPORT_PATH = "lit_lab.cluster.deployment:build"

MAX_ONGOING = 128
"""Requests that one replica has at a time, most of which wait for a model's turn: a full one passes the next to its neighbour.

It is well above what one user may have (`max_requests`): beyond it, requests wait at Serve's proxy, where users don't take turns.
"""

DRAIN_SECONDS = 1800.0
"""How long a replica that leaves may compute on. It gets no new requests, so an update ends no run that takes less."""

OPTIONS: dict[str, Any] = {
    "max_ongoing_requests": MAX_ONGOING,
    # Beyond that a proxy answers 503, which a client reads as "busy"; the queue's places are the replicas' own.
    "max_queued_requests": 512,
    "graceful_shutdown_timeout_s": DRAIN_SECONDS,
    # The event loop stands still while a thread of the compiler doesn't let go of Python's lock.
    "health_check_period_s": 10.0,
    "health_check_timeout_s": 120.0,
    # New replicas are ready, with their models loaded, before old ones leave.
    "max_surge_percent": 100,
    "max_constructor_retry_count": 3,
}

ROUTER: dict[str, Any] = {
    # The same model and owner reach the same replica, which has their keys and values. It is only about speed.
    "request_router_class": "ray.serve.experimental.consistent_hash_router.ConsistentHashRouter",
    "request_router_kwargs": {"num_fallback_replicas": 2},
}


def autoscaling(minimum: int, maximum: int) -> dict[str, Any]:
    """Return how the number of replicas follows the load.

    A stream counts from its request to its last line, and most of that it waits for a model's turn. So the target is how many
    owners may wait for one replica; it isn't a rate, and far less than `MAX_ONGOING`, which is only the most that a replica takes.
    """
    return {
        "min_replicas": minimum,
        "max_replicas": maximum,
        "target_ongoing_requests": 4,
        "look_back_period_s": 60.0,
        "upscale_delay_s": 30.0,
        # Loading a model again takes longer than a pause in somebody's work.
        "downscale_delay_s": 900.0,
    }
