"""The route table: everything that `/lit-lab/api/` answers, in one place.

The handlers are registered from it, the authentication tests walk it, and `docs/openapi.json` with the TypeScript types
is written from it (`scripts/generate_api.py`). Types are named, not imported: pydantic is not needed at server start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lit_lab.protocol import Action

PREFIX = "lit-lab/api"
"""Below the server's base URL."""

RESOURCE = "lit-lab"
"""What authorizers are asked about; the action is each route's own."""

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Query:
    """A parameter of the query string: a non-negative integer."""

    name: str
    default: int
    description: str


@dataclass(frozen=True)
class Route:
    """One method on one path.

    `request`, `response` and `stream` name types in `lit_lab.protocol`. `stream` is the type of one line of a
    newline-delimited JSON response, `media` the media type of a response that isn't JSON. `action` is what an
    authorizer checks: `read` only looks, `write` changes the service's state, `execute` makes the model compute.
    `errors` are the statuses in addition to those that any route can return.
    """

    operation: str
    method: Literal["GET", "POST", "DELETE"]
    path: str
    action: Action
    summary: str
    description: str = ""
    request: str | None = None
    response: str | None = None
    stream: str | None = None
    media: str | None = None
    status: int = 200
    queries: tuple[Query, ...] = ()
    errors: tuple[int, ...] = ()
    max_body: int = 0

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the path's parameters, in order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))


_STARTS = "Starts the model service if it is stopped, and waits for it."

ROUTES: tuple[Route, ...] = (
    Route(
        operation="status",
        method="GET",
        path="status",
        action="read",
        summary="State of the Jupyter server extension and of the model service",
        description="Never starts the service.",
        response="Status",
    ),
    Route(
        operation="startService",
        method="POST",
        path="service/start",
        action="write",
        summary="Start the model service",
        description="Returns at once; `GET status` reports the progress. Does nothing if the service is starting or "
        "ready.",
        response="ServiceStatus",
        status=202,
    ),
    Route(
        operation="restartService",
        method="POST",
        path="service/restart",
        action="write",
        summary="Stop the model service and start it again",
        description="Returns at once. Running jobs fail with `service_restarted`; the events that they have sent remain.",
        response="ServiceStatus",
        status=202,
        errors=(409,),
    ),
    Route(
        operation="setUpService",
        method="POST",
        path="service/setup",
        action="write",
        summary="Set up a separate environment for the model service, or continue the setup",
        description=(
            "Returns at once; `GET status` reports the progress. Installs packages with pip and its settings, "
            "then starts the service if it had failed. 409 `setup_not_ours` if the service's Python is "
            "configured, or if the service runs elsewhere."
        ),
        response="SetupStatus",
        status=202,
        errors=(409,),
    ),
    Route(
        operation="stopSetup",
        method="DELETE",
        path="service/setup",
        action="write",
        summary="Stop the setup of the model service's environment",
        description="A later setup continues from here.",
        response="SetupStatus",
        errors=(409,),
    ),
    Route(
        operation="log",
        method="GET",
        path="service/log",
        action="execute",
        summary="The last lines that the model service wrote",
        description=(
            "At most 500 lines, including those of earlier starts, so that they show the cause of a crash. They "
            "report all users' computations, without the texts, so `read` isn't enough."
        ),
        response="LogResponse",
    ),
    Route(
        operation="models",
        method="GET",
        path="models",
        action="read",
        summary="The models: configured ones, added ones, and others found on this machine",
        description="Never starts the service: while it isn't ready, the models are reported as `unloaded`.",
        response="ModelsResponse",
        errors=(502, 503),
    ),
    Route(
        operation="changeModel",
        method="POST",
        path="models/change",
        action="write",
        summary="Add, remove, load or unload a model; start or stop its download",
        description=(
            "Loading and downloading start the service and continue in the background; `GET models` reports the "
            "progress. A folder or archive is in Jupyter's contents, and needs the permission to read them. 409 "
            "`service_remote` if the service runs elsewhere."
        ),
        request="ModelChanging",
        response="ModelsResponse",
        errors=(404, 409, 422, 502, 503, 507),
        max_body=MIB,
    ),
    Route(
        operation="kaggle",
        method="GET",
        path="kaggle",
        action="read",
        summary="Whether there are credentials for Kaggle, and where they come from",
        response="KaggleStatus",
    ),
    Route(
        operation="logInToKaggle",
        method="POST",
        path="kaggle",
        action="write",
        summary="Use credentials for Kaggle in this server's process only",
        description="Also saves them in Kaggle's own folder if `save` is set. No route ever returns them.",
        request="KaggleLoggingIn",
        response="KaggleStatus",
        errors=(409, 502, 503, 507),
        max_body=64 * KIB,
    ),
    Route(
        operation="logOutOfKaggle",
        method="DELETE",
        path="kaggle",
        action="write",
        summary="Forget the credentials for Kaggle from the panel",
        description="Credentials from the environment and from files remain.",
        response="KaggleStatus",
        errors=(409, 502, 503),
    ),
    Route(
        operation="tokens",
        method="POST",
        path="tokens",
        action="execute",
        summary="The tokens of a prompt and of an answer",
        description=_STARTS,
        request="TokensRequest",
        response="TokensResponse",
        errors=(404, 422, 502, 503),
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
        errors=(404, 409, 422, 502, 503),
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
        errors=(404, 422, 502, 503),
        max_body=8 * MIB,
    ),
    Route(
        operation="datasets",
        method="GET",
        path="datasets",
        action="read",
        summary="The datasets of prompts that have a name",
        description="Doesn't need the model service.",
        response="DatasetsResponse",
    ),
    Route(
        operation="openDataset",
        method="POST",
        path="datasets/open",
        action="read",
        summary="Open a dataset",
        description=(
            "Returns at once; `GET datasets/{id}` reports the progress of reading. A path needs the permission to "
            "read Jupyter's contents. If the dataset needs the model service, starts it, provided that the caller "
            "may start it."
        ),
        request="DatasetOpening",
        response="DatasetState",
        status=202,
        errors=(404, 422, 429),
        max_body=MIB,
    ),
    Route(
        operation="dataset",
        method="GET",
        path="datasets/{id}",
        action="read",
        summary="One of the caller's open datasets",
        response="DatasetState",
        errors=(404,),
    ),
    Route(
        operation="closeDataset",
        method="DELETE",
        path="datasets/{id}",
        action="read",
        summary="Close a dataset, and stop reading it",
        description="Unsaved changes are lost.",
        response="DatasetClosed",
        errors=(404,),
    ),
    Route(
        operation="datasetRows",
        method="POST",
        path="datasets/{id}/search",
        action="read",
        summary="Search, filter and sort the rows of an open dataset, a page at a time",
        request="DatasetSearch",
        response="DatasetPage",
        errors=(404, 507),
        max_body=MIB,
    ),
    Route(
        operation="datasetRow",
        method="GET",
        path="datasets/{id}/rows/{row}",
        action="read",
        summary="A row of an open dataset with all its columns",
        response="DatasetFullRow",
        errors=(404, 507),
    ),
    Route(
        operation="editDataset",
        method="POST",
        path="datasets/{id}/edit",
        action="write",
        summary="Add, duplicate, change, delete or restore a row",
        request="DatasetEditing",
        response="DatasetEdited",
        errors=(404, 409, 507),
        max_body=24 * MIB,
    ),
    Route(
        operation="saveDataset",
        method="POST",
        path="datasets/{id}/save",
        action="write",
        summary="Save an open dataset as JSON Lines",
        description="Needs the permission to write Jupyter's contents. 409 `file_exists` unless `overwrite` is set.",
        request="DatasetSaving",
        response="DatasetState",
        errors=(404, 409, 413, 422, 500, 507),
        max_body=MIB,
    ),
    Route(
        operation="unicodeNames",
        method="POST",
        path="unicode/names",
        action="read",
        summary=r"The characters that Python's `\N{…}` names",
        description="Doesn't need the model service. As in Python's literals, aliases work and named sequences don't.",
        request="UnicodeNamesRequest",
        response="UnicodeNamesResponse",
        max_body=MIB,
    ),
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
    Route(
        operation="litPage",
        method="GET",
        path="lit/page",
        action="execute",
        summary="The page that shows LIT's own app",
        description=(
            "HTML with its own sandbox: it has no origin, no cookies and no network. The page that embeds it "
            "passes it LIT's files and makes its requests (`POST lit/call`)."
        ),
        media="text/html",
    ),
    Route(
        operation="litFile",
        method="GET",
        path="lit/files/{name}",
        action="read",
        summary="One of LIT's own files that its page needs",
        description="Doesn't start the service: returns 503 `service_stopped` if it is stopped.",
        media="application/octet-stream",
        errors=(404, 502, 503),
    ),
    Route(
        operation="callLit",
        method="POST",
        path="lit/call",
        action="execute",
        summary="A request of LIT's page to LIT",
        description=(
            "Newline-delimited JSON: a `heartbeat` after 5 seconds without other lines, finally `lit_answer` or "
            "`error`. Closing the connection ends LIT's work. A job of the kind `lit_app` prepares LIT; without "
            "it, this returns `lit_not_open`, or 503 `service_stopped` if the service is stopped."
        ),
        request="LitCall",
        stream="LitEvent",
        errors=(422, 502, 503),
        max_body=24 * MIB,
    ),
)
