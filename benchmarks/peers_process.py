"""Runs peers, each in a process of its own, and makes the environments of those that this one can't have."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from faithfulness_peers import MissingError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = Path.home() / ".cache" / "lit-lab"
LLAMA = "llama-cpp-python"


def ask(python: Path | str, script: str, request: dict[str, Any], threads: int) -> dict[str, Any]:
    """Return a peer's figures.

    Args:
        python: The interpreter.
        script: A file of this folder.
        request: What `peers_child.measure` takes, and what the script says.
        threads: For arithmetic.

    Returns:
        The figures, and the seconds from the process's start to its first map (`import_to_map`) if it computes one.

    Raises:
        RuntimeError: If it fails.
    """
    unset = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if str(python) == sys.executable:
        environment["PYTHONPATH"] = str(ROOT)
    command = [str(python), str(HERE / script), json.dumps(request)]
    figures: dict[str, Any] = {}
    with tempfile.TemporaryFile("w+") as log:
        started = time.perf_counter()
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment, cwd=ROOT
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if not line.startswith("{"):
                    continue  # a library's own output
                said = json.loads(line)
                if said.get("event") == "map":
                    figures["import_to_map"] = time.perf_counter() - started
                else:
                    figures |= said
        if process.returncode:
            log.seek(0)
            raise RuntimeError(f"{script} ended with {process.returncode}: {log.read()[-2000:]}")
    return figures


def with_llama(folder: Path) -> Path:
    """Return a Python that has llama.cpp: `make test-real`'s, or else one in this folder, which is built in minutes.

    Raises:
        MissingError: If it can't be built here.
    """
    for python in (ROOT / ".venv-real" / "bin" / "python", folder / "bin" / "python"):
        if (
            python.exists()
            and not subprocess.run([str(python), "-c", "import llama_cpp"], capture_output=True).returncode
        ):
            return python
    wanted = next(line for line in (ROOT / "requirements" / "real.in").read_text().split() if line.startswith(LLAMA))
    print(f"Building {wanted} in {folder}: minutes, once.", file=sys.stderr, flush=True)
    environment = dict(os.environ)
    if platform.machine() == "x86_64":
        for name in ("CFLAGS", "CXXFLAGS"):
            # Its AMX kernels end in a segmentation fault with files in Q4_1.
            environment[name] = f"{environment.get(name, '')} -mno-amx-int8".strip()
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir", wanted]
    for command in ([sys.executable, "-m", "venv", str(folder)], install):
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode:
            said = [line for line in ended.stderr.splitlines() if line.strip()]
            raise MissingError(f"llama.cpp can't be built here: {said[-1] if said else 'no reason given'}")
    return python
