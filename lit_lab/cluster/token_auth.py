"""Ray's own ports: anybody who reaches one can run programs on all nodes, unless Ray asks for a token.

Ray reads its variables when it is imported, so these are set before.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from lit_lab.problem import Problem

MODE = "RAY_AUTH_MODE"
TOKEN_PATH = "RAY_AUTH_TOKEN_PATH"  # noqa: S105 - a variable's name
TOKEN = "RAY_AUTH_TOKEN"  # noqa: S105 - a variable's name

_FIXED = {
    MODE: "token",
    "RAY_USAGE_STATS_ENABLED": "0",  # Ray would send figures about the cluster to its makers
    "RAY_SERVE_ENABLE_HA_PROXY": "0",  # its reloads cut long streams
    "RAY_SERVE_LOG_CLIENT_ADDRESS": "0",
    # A busy machine takes longer for an agent's or a worker's imports than Ray waits, and the driver then waits for ever.
    "RAY_agent_register_timeout_ms": "300000",
    "RAY_worker_register_timeout_seconds": "300",
    # The same for Serve's proxy: Serve would replace it again and again before it is there.
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "300",
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "30",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_DASHBOARD_STARTUP_TIMEOUT_S": "300",  # a busy machine takes its time; without it Serve's own agent is missing
}


def create_token(folder: Path) -> Path:
    """Write a new token into a file of a folder that only this user may read, and return its path."""
    path = folder / "ray_token"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    return path


def local_variables(token_file: Path) -> dict[str, str]:
    """Return the variables of a Ray that starts on this machine, with a token of its own."""
    return {**_FIXED, TOKEN_PATH: str(token_file)}


def check_cluster(variables: Mapping[str, str]) -> None:
    """Refuse a cluster that doesn't ask for a token.

    Args:
        variables: The variables of a process in the cluster, which nodes give to what they start.

    Raises:
        Problem: `ray_open`.
    """
    if variables.get(MODE, "").lower() != "token":
        raise Problem(
            503,
            "ray_open",
            "This Ray cluster asks for no token: who reaches one of its ports can run programs on all of its nodes, and read prompts.",
            f"Start each node with {MODE}=token, and with the same token in a file with mode 0600 that {TOKEN_PATH} names. "
            "In Kubernetes: authOptions: {mode: token} (docs/cluster.md).",
        )
    if variables.get(TOKEN):
        return  # as KubeRay gives it to its pods, from a secret
    path = Path(variables.get(TOKEN_PATH) or Path.home() / ".ray" / "auth_token")
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise Problem(
            503,
            "ray_open",
            f"Ray's token, {path}, can't be read: {error.strerror or error}.",
            f"Put the cluster's token there, with mode 0600, or name its file in {TOKEN_PATH}.",
        ) from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Problem(503, "ray_open", f"Others may read Ray's token, {path}.", f"Run: chmod 600 {path}")
