"""The command `lit-lab`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from lit_lab.commands import batch, check, completion, explain, fetch, models, serve, setup_service
from lit_lab.commands.terminal import for_terminal
from lit_lab.problem import Problem
from lit_lab.version import version

INTERRUPTED = 130  # 128 and the number of the signal, as shells report it
PIPE_CLOSED = 141

_ABOUT = "LIT Lab: see why a language model answered a prompt as it did, in JupyterLab and Notebook 7."
_EXIT = (
    "exit status: 0: success; 1: a failure, which standard error names; 2: wrong arguments; 130: stopped by Ctrl+C; 141: "
    "nobody reads the output any more"
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    made = argparse.ArgumentParser(prog="lit-lab", description=_ABOUT, epilog=_EXIT)
    made.add_argument("--version", action="version", version=f"lit-lab {version()}")
    commands = made.add_subparsers(dest="command", metavar="command", required=True)
    for command in (explain, batch, check, models, fetch, setup_service, serve):
        command.add(commands)
    completion.add(commands, made)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0 for success, 1 for a reported failure, 130 if the user stopped the command, 141 if nobody reads its output.
    """
    options = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may not have all letters
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except Problem as problem:
        print(for_terminal(f"lit-lab: {problem.message}\n{problem.hint}".rstrip(), sys.stderr), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes standard output once more at its end, which would fail again, and say so.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED


if __name__ == "__main__":
    sys.exit(main())
