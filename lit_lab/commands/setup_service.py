"""`lit-lab setup-service`: create a separate environment for the model service."""

from __future__ import annotations

import argparse
import sys
from typing import Any

_SETUP = (
    "Create a separate environment for the model service in Jupyter's data folder. Use this if Jupyter runs on another Python than "
    "3.11 or 3.12, or if its environment has no room for TensorFlow. The service uses the environment from its next start, unless "
    "c.LitLab.service_python is set. You can stop the command with Ctrl+C. Run it again to continue."
)


def add(commands: Any) -> None:
    """Describe the command."""
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
    setup.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    return _remove() if options.remove else _make(options.python, options.backend)


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
