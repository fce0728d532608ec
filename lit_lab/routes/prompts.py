"""Prompts: datasets, and the characters that Python's literals name."""

from __future__ import annotations

from .route import MIB, Route

DATASETS: tuple[Route, ...] = (
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
)

UNICODE: tuple[Route, ...] = (
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
)
