"""Replicas on this machine: a Ray of its own, which ends with the command.

The service listens on loopback. Ray's own servers listen on all addresses, and refuse everybody who lacks a token that only this user can read
(SECURITY.md).
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from lit_lab.problem import Problem

from .options import APPLICATION, DEPLOYMENT
from .progress import Progress, Say
from .settings import ReplicaSettings
from .token_auth import create_token, local_variables

LOOPBACK = "127.0.0.1"
LOOK_SECONDS = 1.0
START_SECONDS = 600.0
"""Seconds that Serve's proxy may take to start. A replica may take as long as its models do."""

OBJECT_STORE = 100 * 2**20
"""Bytes of Ray's shared memory. Requests and streams go past it."""


@dataclass(frozen=True)
class LocalOptions:
    """How the replicas run on this machine.

    Attributes:
        replicas: How many there are.
        port: Where the service answers; 0: a free port.
        host: The address that it listens on.
        named: The host name of its address for users' servers.
        prefix: The path that it answers below.
        gpus: GPUs of each replica; a fraction if they share one.
        certificate: The file of a certificate, for https.
        key: The file of its key.
    """

    replicas: int
    port: int = 0
    host: str = LOOPBACK
    named: str = LOOPBACK
    prefix: str = "/"
    gpus: float = 0.0
    certificate: Path | None = None
    key: Path | None = None


def check_installed() -> None:
    """Raise `Problem` if Ray isn't installed."""
    if importlib.util.find_spec("ray") is None:
        raise Problem(
            503,
            "missing_ray",
            "Replicas run on Ray, which isn't installed here.",
            "Install it with: pip install 'lit-lab[service,cluster]'",
        )


def serve_here(settings: ReplicaSettings, options: LocalOptions, started: Callable[[str], None], say: Say) -> None:
    """Run the service on this machine until a signal ends it.

    Args:
        settings: The settings of each replica.
        options: How they run.
        started: Called with the service's address when all replicas are ready.
        say: Takes messages about what happens.

    Raises:
        Problem: Ray is missing, or the service can't start.
    """
    check_installed()
    with _private_folder() as folder:
        os.environ.update(local_variables(create_token(folder)))
        os.environ.pop("RAY_ADDRESS", None)  # it must not join another cluster
        os.environ.pop("JUPYTERHUB_API_TOKEN", None)  # of a hub that starts this; no replica needs it
        port = options.port or _free_port(options.host)
        try:
            _start(settings, options, port, folder, say)
            with _ended_by_signals():
                scheme = "http" if options.certificate is None else "https"
                started(f"{scheme}://{options.named}:{port}{options.prefix.rstrip('/')}")
                _watch(options.replicas, say)
        finally:
            _end()


def _start(settings: ReplicaSettings, options: LocalOptions, port: int, folder: Path, say: Say) -> None:
    logs = folder / "ray" / "session_latest" / "logs"
    progress = Progress(say, logs)
    cores = os.cpu_count() or 1
    with progress.awaiting("Starting Ray, which takes about a minute"):
        from ray import serve

        from .deployment import bound

        logging.getLogger("ray.serve").setLevel(logging.WARNING)
        try:
            _start_ray(max(cores, options.replicas), folder)
        except Exception as error:  # Ray raises bare ones
            raise _failed("ray_failed", "Ray didn't start", error, logs) from error
    http: dict[str, Any] = {"host": options.host, "port": port}
    if options.certificate is not None:
        http |= {"ssl_certfile": str(options.certificate), "ssl_keyfile": str(options.key)}
    with progress.awaiting("Starting Ray Serve"):
        try:
            _start_serve(http)
        except Exception as error:
            raise _failed("ray_failed", "Ray Serve didn't start", error, logs) from error
    threads = settings.threads or max(1, (cores - 1) // options.replicas)
    application = bound(
        settings.model_copy(update={"threads": threads}),
        num_replicas=options.replicas,
        ray_actor_options={"num_cpus": 1, "num_gpus": options.gpus},
    )
    what = f"Starting {options.replicas} replicas" if options.replicas > 1 else "Starting 1 replica"
    with progress.awaiting(what, lambda: f"{_state()[0]} of {options.replicas} ready"):
        try:
            serve.run(application, name=APPLICATION, route_prefix=options.prefix)
        except RuntimeError as error:
            raise Problem(503, "not_deployed", _why(), f"Ray's logs: {logs}") from error


def _start_serve(http: dict[str, Any]) -> None:
    """Start Serve, and wait for its proxy. Raises an exception of Ray's, or `TimeoutError`."""
    from ray import serve
    from ray.serve.schema import ProxyStatus

    until = time.monotonic() + START_SECONDS
    while True:
        try:
            # A second time it only connects: it waits a minute for the proxy, which a busy machine may not have started by then.
            serve.start(proxy_location="HeadOnly", http_options=http, logging_config={"enable_access_log": False})
            break
        except TimeoutError:
            if time.monotonic() > until:
                raise
    while any(status != ProxyStatus.HEALTHY for status in serve.status().proxies.values()):
        if time.monotonic() > until:
            raise TimeoutError(f"its proxy wasn't ready after {START_SECONDS:g} seconds")
        time.sleep(LOOK_SECONDS)


def _failed(code: str, what: str, error: Exception, logs: Path) -> Problem:
    why = str(error).strip().partition("\n")[0] or type(error).__name__
    hint = "A busy machine may need longer than Ray waits: try again when it has less to do." if _is_late(error) else ""
    return Problem(503, code, f"{what}: {why}", f"{hint} Ray's logs: {logs}".strip())


def _is_late(error: Exception) -> bool:
    return isinstance(error, TimeoutError) or "timed out" in str(error).lower()


def _start_ray(cores: int, folder: Path) -> None:
    import ray

    from .agent_ports import agent_ports

    with agent_ports():
        ray.init(
            address="local",
            num_cpus=cores,
            include_dashboard=False,
            dashboard_host=LOOPBACK,
            object_store_memory=OBJECT_STORE,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _node_ip_address=LOOPBACK,
            _temp_dir=str(folder / "ray"),
        )


def _why() -> str:
    """Return why the replicas don't start."""
    _, message = _state()
    wanted = [line for line in message.splitlines() if line.startswith("RuntimeError: ")]
    return wanted[-1].removeprefix("RuntimeError: ") if wanted else f"The replicas didn't start: {message}"


def _state() -> tuple[int, str]:
    """Return how many replicas are ready, and what Serve says about them."""
    from ray import serve

    application = serve.status().applications.get(APPLICATION)
    if application is None or DEPLOYMENT not in application.deployments:
        return 0, "" if application is None else application.message
    deployment = application.deployments[DEPLOYMENT]
    return deployment.replica_states.get("RUNNING", 0), deployment.message


def _watch(replicas: int, say: Say) -> NoReturn:
    """Say when a replica ends, and when it is back."""
    before = replicas
    while True:
        time.sleep(LOOK_SECONDS)
        ready, _ = _state()
        if ready < before:
            say(f"A replica ended; Ray starts another: {ready} of {replicas} are ready.")
        elif ready > before:
            say(f"{ready} of {replicas} replicas are ready.")
        before = ready


def _end() -> None:
    """End Ray and all of its processes. Runs in progress end: their clients see a broken connection."""
    if importlib.util.find_spec("ray") is not None:
        import ray

        with _without_signals():
            ray.shutdown()


class _Ended(KeyboardInterrupt):
    """A signal that ends the service."""


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Return from the context at SIGINT or SIGTERM. Ray has set handlers of its own."""

    def end(_: int, __: FrameType | None) -> None:
        raise _Ended

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with contextlib.suppress(_Ended):
        yield


@contextlib.contextmanager
def _without_signals() -> Iterator[None]:
    """Let a second Ctrl+C not interrupt the end, which would leave processes behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    yield


@contextlib.contextmanager
def _private_folder() -> Iterator[Path]:
    """Make a folder that only this user can enter, with a short path, since sockets are in it; remove it at the end."""
    short = "/tmp"  # noqa: S108 - only as the parent of the folder
    folder = Path(tempfile.mkdtemp(prefix="lit-lab-", dir=short if Path(short).is_dir() else None))
    try:
        yield folder
    except Problem:
        raise  # it names the logs
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port(host: str) -> int:
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as free:
        return int(free.getsockname()[1])
