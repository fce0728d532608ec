"""The history's runs."""

from __future__ import annotations

from .route import MIB, Query, Route

RUNS: tuple[Route, ...] = (
    Route(
        operation="runs",
        method="POST",
        path="runs/search",
        action="read",
        summary="The caller's runs in the history, newest first",
        request="RunsRequest",
        response="RunsResponse",
        errors=(404, 503, 507),
        max_body=MIB,
    ),
    Route(
        operation="run",
        method="GET",
        path="runs/{id}",
        action="read",
        summary="One of the caller's runs, with all its scores",
        response="RunRecord",
        errors=(404, 503, 507),
    ),
    Route(
        operation="changeRun",
        method="POST",
        path="runs/{id}",
        action="write",
        summary="Rename or star a run",
        description="507 `history_full` if starred runs would leave too little space for new ones.",
        request="RunChange",
        response="RunInfo",
        errors=(404, 503, 507),
        max_body=MIB,
    ),
    Route(
        operation="deleteRun",
        method="DELETE",
        path="runs/{id}",
        action="write",
        summary="Delete a run",
        response="RunsDeleted",
        errors=(404, 503, 507),
    ),
    Route(
        operation="clearRuns",
        method="DELETE",
        path="runs",
        action="write",
        summary="Delete the caller's runs",
        description="Starred runs remain, unless `starred` is set.",
        response="RunsDeleted",
        queries=(Query("starred", 0, "1: starred runs, too."),),
        errors=(404, 503, 507),
    ),
)
