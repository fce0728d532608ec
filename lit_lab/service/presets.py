"""Presets: finding and loading a Keras CausalLM, with errors that say what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lit_lab import demo

from .errors import ServiceError


def resolve(path: str) -> str:
    """Return what Keras is to load for the `path` of a `name:path`; `embedded` is the model in the package."""
    return str(demo.preset_path()) if path == demo.EMBEDDED else str(Path(path).expanduser()) if _local(path) else path


def load(path: str) -> Any:
    """Load a preset as float32, in Keras's safe mode (its default: nothing of a preset is run as code).

    Args:
        path: `embedded`, a preset name, a folder, or a `kaggle://` or `hf://` address.

    Raises:
        ServiceError: what is missing or not allowed, and what to do about it.
    """
    import keras_nlp

    preset = resolve(path)
    if _local(preset) and not Path(preset).is_dir():
        raise ServiceError(
            404,
            "preset_not_found",
            f"There is no folder {preset}.",
            "Write a preset's folder, a preset name such as gemma2_instruct_2b_en, kaggle://… or hf://… after the colon.",
        )
    try:
        # Weights that are stored in half precision (the embedded model's are) are computed in float32: their
        # gradients in float16 would overflow, and float32 is what salience is exact in.
        causal_lm = keras_nlp.models.CausalLM.from_preset(preset, dtype="float32")
    except Exception as error:  # each source of presets has exceptions of its own; all end here, worded
        raise _explain(path, error) from error
    if causal_lm.preprocessor is None:
        raise ServiceError(422, "unsupported_model", f"The preset {path} has no tokenizer.", "Use a complete preset.")
    return causal_lm


def _local(path: str) -> bool:
    return "://" not in path and (path.startswith(("/", "./", "../", "~")) or Path(path).exists())


def _explain(path: str, error: Exception) -> ServiceError:
    """Word a failed load for the person who can act on it."""
    names = {kind.__name__ for kind in type(error).__mro__}
    text = str(error)
    known = text.lower()
    kaggle = path.startswith("kaggle://") or "kaggle" in known
    account = "Kaggle" if kaggle else "Hugging Face"
    if isinstance(error, MemoryError) or "ResourceExhaustedError" in names:
        return ServiceError(
            507,
            "out_of_memory",
            f"There isn't enough memory to load {path}.",
            "Choose a smaller model, or free memory.",
        )
    if any(word in known for word in ("403", "not accessible", "gated", "forbidden", "consent")):
        return ServiceError(
            403,
            "preset_forbidden",
            f"{account} doesn't give {path} to you: its terms of use aren't accepted.",
            f"Open the model's page on {account}, accept its terms, and check that you are logged in with that account.",
        )
    if any(word in known for word in ("401", "unauthorized", "unauthenticated", "credentials", "permission_denied")):
        return ServiceError(
            401,
            "preset_login",
            f"{account} needs a login for {path}.",
            "Set KAGGLE_USERNAME and KAGGLE_KEY (or put kaggle.json into ~/.kaggle) before JupyterLab starts."
            if kaggle
            else "Set HF_TOKEN to an access token before JupyterLab starts.",
        )
    if names & {"ConnectionError", "ConnectTimeout", "ReadTimeout", "Timeout", "LocalEntryNotFoundError"} or any(
        word in known for word in ("name resolution", "connection", "offline", "max retries", "timed out")
    ):
        return ServiceError(
            503,
            "preset_unreachable",
            f"{path} can't be downloaded: there is no connection to {account}.",
            "Check the network, or use a preset in a folder on this machine.",
        )
    if "unknown preset identifier" in known or "unexpected kaggle preset" in known or "404" in known:
        return ServiceError(
            404,
            "preset_not_found",
            f"Keras knows no preset {path}.",
            "Write a preset name such as gemma2_instruct_2b_en, a folder, kaggle://… or hf://… after the colon.",
        )
    if "has no config.json" in known and "://" in path:
        # keras-hub looks for the file, and takes every refusal and every missing connection for its absence.
        return ServiceError(
            404,
            "preset_unavailable",
            f"{account} doesn't hand out {path}.",
            f"Check the network and the spelling; log in to {account} (KAGGLE_USERNAME and KAGGLE_KEY, or HF_TOKEN) and "
            "accept the model's terms of use on its page.",
        )
    if "unable to" in known and "open file" in known:
        return ServiceError(
            422, "preset_damaged", f"The weights of {path} can't be read: {_first_line(text)}", "Copy the preset again."
        )
    if isinstance(error, FileNotFoundError) or "has no config.json" in known:
        return ServiceError(
            404,
            "preset_incomplete",
            f"{path} isn't a complete Keras preset: {_first_line(text)}",
            "A preset is a folder with config.json, task.json, tokenizer.json, model.weights.h5 and assets/.",
        )
    if isinstance(error, ImportError):
        return ServiceError(
            424,
            "missing_libraries",
            f"Loading {path} needs a package that is missing: {_first_line(text)}",
            "Install it.",
        )
    return ServiceError(
        422,
        "preset_failed",
        f"{path} can't be loaded: {_first_line(text) or type(error).__name__}",
        "The service's log tells more. The preset must be a text model that keras_nlp.models.CausalLM can load.",
    )


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:300]
