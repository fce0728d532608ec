"""What a model service elsewhere, or what stands before it, means by an answer that isn't the one asked for."""

from __future__ import annotations

import math
import time
from email.utils import parsedate_to_datetime

from lit_lab.problem import Problem
from lit_lab.protocol import ErrorBody
from lit_lab.supervision.endpoint import Away, Busy, Endpoint


def busy(status: int, retry_after: str | None, body: ErrorBody | None) -> Busy | None:
    """Return that a service accepts nothing for now; None: the answer says nothing of the kind.

    Args:
        status: The answer's status.
        retry_after: Its header `Retry-After`, if any.
        body: Its body, if it is LIT Lab's.
    """
    if retry_after is None:
        return None
    seconds = seconds_of(retry_after)
    if status == 429:
        return Busy(
            body.message if body else "The model service accepts no more requests for now.",
            (body.hint if body else "") or "Run it again later.",
            seconds,
        )
    if status == 503 and body is not None:
        waiting = "Waiting in the queue" if body.error == "queue_full" else "Waiting"
        return Busy(body.message, body.hint or "Run it again later.", seconds, body.error, waiting)
    return None


def seconds_of(retry_after: str) -> float:
    """Return the seconds that the header `Retry-After` names, as a number or as a date."""
    try:
        return max(0.0, float(retry_after)) if float(retry_after) < math.inf else 0.0
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return 0.0


def wrong_secret(endpoint: Endpoint, status: int) -> Problem:
    """Return the problem of a service that doesn't accept the endpoint's secret."""
    if endpoint.named != Endpoint.named:
        return Problem(
            status,
            "service_secret",
            f"The model service at {endpoint.url} does not accept this server's token.",
            f"Check {endpoint.named}, and restart your server on the hub.",
        )
    return Problem(
        status,
        "service_secret",
        f"The model service at {endpoint.url} does not accept this server's secret.",
        "Set c.LitLab.service_secret to the secret that the service was started with.",
    )


def foreign(endpoint: Endpoint, status: int) -> Problem:
    """Return the problem of a service that isn't meant for the address's host name."""
    return Problem(
        status,
        "foreign",
        f"The model service at {endpoint.url} doesn't answer to this host name.",
        "Ask the person who runs it to add the name to the host names that the service allows.",
    )


def absent(endpoint: Endpoint, status: int) -> Problem:
    """Return the problem of an address where something else answers."""
    return Problem(
        503,
        "service_absent",
        f"There is no model service at {endpoint.url}: what answers there says status {status}.",
        f"Check {endpoint.named}.",
    )


def behind_proxy(endpoint: Endpoint, status: int) -> Away:
    """Return the problem of a proxy without a service."""
    return Away(
        503,
        "service_unreachable",
        f"A proxy answers at {endpoint.url}, but the model service behind it doesn't (status {status}).",
        "Try again in a moment; if that fails, ask the person who runs the service.",
    )
