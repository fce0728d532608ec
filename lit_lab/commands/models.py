"""`lit-lab models`: list the models."""

from __future__ import annotations

import argparse
from typing import Any

from lit_lab.commands.terminal import json_line

_ABOUT = (
    "List the models: those of a running Jupyter server of yours, or else those that are configured or were added. The first one is the "
    "default. Starts no model service."
)


def add(commands: Any) -> None:
    """Describe the command."""
    command = commands.add_parser("models", help="list the models", description=_ABOUT)
    command.add_argument("--server", metavar="URL", help="the Jupyter server to use; own: none")
    command.add_argument("--json", action="store_true", help="print one JSON object for each model, a line each")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    import lit_lab

    models = lit_lab.list_models(server=options.server)
    if options.json:
        for model in models:
            print(json_line(model.model_dump(mode="json")))
        return 0
    rows = [("NAME", "STATE", "PATH"), *((model.name, model.state, model.path) for model in models)]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, state, path in rows:
        print(f"{name:<{widths[0]}}  {state:<{widths[1]}}  {path}")
    return 0
