"""Measures memory in separate processes, forked from one that has imported the needed modules, which takes a second or two."""

from __future__ import annotations

import atexit
import json
import os
import re
import subprocess
import sys
import textwrap
import traceback
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_END = "\0"  # ends a process's output, before its exit status


def measured(code: str, *arguments: str) -> str:
    """Run `measure` in a separate process, and return its output.

    Args:
        code: Imports the needed modules, and defines `measure`, which may call `resident("VmHWM")`.
        arguments: The arguments of `measure`.
    """
    process = _importing(code)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(arguments) + "\n")
    process.stdin.flush()
    said = ""
    for line in process.stdout:
        if line.startswith(_END):
            assert line == f"{_END}0\n", said
            return said.removesuffix("\n")
        said += line
    raise AssertionError(f"it ended: {said}")


@cache
def _importing(code: str) -> subprocess.Popen[str]:
    """Return the process that has run this code, which ends with the current one."""
    process = subprocess.Popen(
        [sys.executable, __file__, textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    atexit.register(process.communicate)
    return process


def resident(what: str) -> int:
    """Return this process's memory in bytes: `VmRSS` is its current size, `VmHWM` its peak.

    The peak that getrusage reports includes some of the parent's memory.
    """
    (found,) = re.findall(rf"^{what}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found) * 1024


def _fork(code: str) -> None:
    sys.path[0] = str(ROOT)
    names: dict[str, Any] = {"resident": resident}
    exec(code, names)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            status = 1
            try:
                names["measure"](*json.loads(line))
                status = 0
            except BaseException:
                traceback.print_exc(file=sys.stdout)
            finally:
                sys.stdout.flush()
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        # On a separate line, whatever the child printed last.
        print(f"\n{_END}{os.waitstatus_to_exitcode(ended)}", flush=True)


if __name__ == "__main__":
    _fork(sys.argv[1])
