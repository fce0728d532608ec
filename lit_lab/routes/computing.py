"""Tokens, estimates and jobs."""

from __future__ import annotations

from .route import MIB, Query, Route

TOKENS: tuple[Route, ...] = (
    Route(
        operation="tokens",
        method="POST",
        path="tokens",
        action="execute",
        summary="The tokens of a prompt and of an answer",
        description="Starts the model service if it is stopped, and waits for it.",
        request="TokensRequest",
        response="TokensResponse",
        errors=(404, 422, 429, 502, 503),
        max_body=24 * MIB,
    ),
    Route(
        operation="countTokens",
        method="POST",
        path="tokens/count",
        action="execute",
        summary="The number of tokens of a prompt",
        description=(
            "For use while a user types: neither starts the service nor loads a model. Returns 503 "
            "`service_stopped` if the service is stopped, and 409 `model_not_loaded` if the model isn't loaded."
        ),
        request="TokenCountRequest",
        response="TokenCount",
        errors=(404, 409, 422, 429, 502, 503),
        max_body=24 * MIB,
    ),
    Route(
        operation="estimate",
        method="POST",
        path="estimate",
        action="read",
        summary="The estimated cost of a job",
        description="Computes nothing and doesn't start the service: returns 503 `service_stopped` if it is stopped.",
        request="EstimateRequest",
        response="Estimate",
        errors=(404, 422, 429, 502, 503),
        max_body=8 * MIB,
    ),
)

JOBS: tuple[Route, ...] = (
    Route(
        operation="startJob",
        method="POST",
        path="jobs",
        action="execute",
        summary="Start a job",
        description=(
            "Returns at once. The job starts the service if it is stopped, and continues when no client listens. "
            "422 `result_too_large` if the result is certain to be larger than the server can hold."
        ),
        request="JobRequest",
        response="JobInfo",
        status=202,
        errors=(422, 429),
        max_body=24 * MIB,
    ),
    Route(
        operation="jobs",
        method="GET",
        path="jobs",
        action="read",
        summary="The caller's jobs, newest first",
        response="JobsResponse",
    ),
    Route(
        operation="job",
        method="GET",
        path="jobs/{id}",
        action="read",
        summary="One of the caller's jobs",
        response="JobInfo",
        errors=(404,),
    ),
    Route(
        operation="events",
        method="GET",
        path="jobs/{id}/events",
        action="read",
        summary="A job's events, as they happen",
        description=(
            "Newline-delimited JSON. Event number N, from 0, is the Nth line, not counting heartbeats. Ends after "
            "`done`, `error` or `cancelled`. Sends a `heartbeat` after 5 seconds without other events."
        ),
        stream="JobEvent",
        queries=(Query("from", 0, "Number of the first event to send; earlier ones are skipped."),),
        errors=(404,),
    ),
    Route(
        operation="cancelJob",
        method="DELETE",
        path="jobs/{id}",
        action="execute",
        summary="Stop a job",
        description="Does nothing to a job that has ended. The job and its events stay readable for a while.",
        response="JobInfo",
        errors=(404,),
    ),
)
