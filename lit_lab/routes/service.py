"""The model service, its environment, its models, and credentials for them."""

from __future__ import annotations

from .route import KIB, MIB, Route

SERVICE: tuple[Route, ...] = (
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
        errors=(429, 502, 503),
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
        errors=(404, 409, 422, 429, 502, 503, 507),
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
        errors=(409, 429, 502, 503, 507),
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
        errors=(409, 429, 502, 503),
    ),
)
