"""Start the model service: `python -m lit_lab.service`.

It reads its configuration (`lit_lab.protocol.ServiceConfig`) as one line of JSON from standard input, listens on the
Unix socket named there, or on a loopback port, and reports what it is doing on standard output, as lines of JSON
(`ServiceLine`). It ends when standard input closes. To start it by hand, with the embedded model:

    (echo '{"secret": "0123456789abcdef", "models": ["demo:embedded"]}'; cat) | python -m lit_lab.service --port 8999
    curl -H 'Authorization: Bearer 0123456789abcdef' localhost:8999/health
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import NoReturn, TextIO

from pydantic import BaseModel, ValidationError

from lit_lab import discreet
from lit_lab.problem import Problem
from lit_lab.protocol import (
    Arithmetic,
    Backend,
    FailedLine,
    LeftoverLine,
    ListeningLine,
    ModelAsked,
    ProgressLine,
    ReadyLine,
    ServiceConfig,
    describe_validation,
)
from lit_lab.supervision import diagnosis, surroundings
from lit_lab.supervision.ended import Ended
from lit_lab.version import version

from . import garbage_collection, json_log, libraries, log_limit, loopback, process_priority

EXIT_FAILED = 3
"""Exit status if the service can't start or continue; the last line on standard output gives the reason."""

log = logging.getLogger(__name__)


class Lines:
    """Standard output, reserved for `ServiceLine`s: output of libraries goes to standard error."""

    def __init__(self) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self._lock = threading.Lock()
        os.dup2(2, 1)

    def say(self, line: BaseModel) -> None:
        """Write a line; there may be no reader any more."""
        with self._lock:
            try:
                self._out.write(line.model_dump_json() + "\n")
                self._out.flush()
            except BrokenPipeError:
                log.info("standard output has no reader")


def main() -> None:
    """Read the configuration; serve until standard input closes or a signal arrives."""
    parser = argparse.ArgumentParser(prog="python -m lit_lab.service", description="LIT Lab's model service.")
    parser.add_argument("--port", type=int, default=0, help="loopback port to listen on (default: a free one)")
    arguments = parser.parse_args()
    lines = Lines()
    leave_no_core()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=json_log.TEXT)
    for handler in logging.getLogger().handlers:
        handler.addFilter(log_limit.LogLimit())
    try:
        config = read_config(sys.stdin)
        for handler in logging.getLogger().handlers:
            handler.setFormatter(json_log.formatter(config.log_format))
        process_priority.lower_priority()
        libraries.check_interpreter(config.backend)
        serve(config, arguments.port, lines)
    except Problem as error:
        fail(lines, error)


def leave_no_core() -> None:
    """Forbid core files, for this process and its children: they would contain its memory, including prompts."""
    with contextlib.suppress(ImportError):  # Windows
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read_config(stdin: TextIO) -> ServiceConfig:
    """Read the configuration from standard input's first line.

    Raises:
        Problem: `bad_config`.
    """
    try:
        return ServiceConfig.model_validate_json(stdin.readline())
    except ValidationError as error:
        raise Problem(
            400,
            "bad_config",
            f"The model service can't use its configuration: {describe_validation(error)}",
            "The Jupyter server and the model service may be of different versions: install the same lit_lab for both.",
        ) from error


def serve(config: ServiceConfig, port: int, lines: Lines) -> NoReturn:
    """Serve until a signal arrives; import the libraries meanwhile.

    Raises:
        Problem: `missing_libraries`, `bad_model`, `port_in_use` or `no_loopback`.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise Problem(
            503, "missing_libraries", f"{error}.", "Install the service's part with: pip install 'lit-lab[service]'"
        ) from error
    from .app import create_app
    from .building import build_registry
    from .datasets import Datasets
    from .memory import Watchdog
    from .scheduler import Scheduler
    from .unauthenticated import ACCEPTED, Server, connections_for

    discreet.install()
    threads = process_priority.threads(config.threads)
    found = dict(os.environ)
    libraries.set_environment(threads, config.backend)
    unix = loopback.listen_at(config.socket) if config.socket and not port else None
    listener = unix or loopback.listen(port)
    # Only this user can enter the socket's folder; every user of the machine can connect to a port.
    unauthenticated = None if unix else connections_for(config.sharing)
    known = None if unauthenticated is None else unauthenticated.remove

    is_own = config.sharing is None  # users of a shared service add no models
    registry = build_registry(
        config,
        lambda say: import_libraries(threads, config.backend, say, found),
        config.model_idle_timeout,
        config.scanners if is_own else (),
        config.model_folders if is_own else (),
    )
    for name in config.added:
        registry.get(name).added = True
    registry.kaggle = config.kaggle
    scheduler = Scheduler(registry, config.max_waiting)

    async def start() -> None:
        if unix:
            lines.say(ListeningLine(socket=unix.getsockname(), version=version()))
        else:
            host, number = listener.getsockname()[:2]
            lines.say(ListeningLine(port=number, host=host, version=version()))
        try:
            await registry.start(lambda detail: lines.say(ProgressLine(message=detail)))
        except Problem as error:
            fail(lines, error)
        lines.say(ReadyLine(arithmetic=registry.arithmetic))
        for model in config.asked or [ModelAsked(name=next(iter(registry.entries)), load=True)]:
            await ask(model)

    async def ask(model: ModelAsked) -> None:
        try:
            entry = registry.get(model.name)
            entry.requested_precision, entry.max_length = model.precision, model.max_length
            if model.load:
                async for message in registry.ready(model.name):
                    lines.say(ProgressLine(message=message))
        except Problem as error:
            # The service continues: another model may load, and /models reports the reason.
            lines.say(ProgressLine(message=error.message))

    def leftover(models: list[ModelAsked] | None) -> None:
        lines.say(LeftoverLine(models=models))

    if config.memory_limit is not None:
        Watchdog(config.memory_limit, scheduler.end_all, lambda error: fail(lines, error)).start()
    threading.Thread(target=end_with_stdin, args=(sys.stdin,), name="stdin", daemon=True).start()
    app = create_app(
        registry, scheduler, config.secret, start, Datasets(config.datasets), known, leftover, config.sharing
    )
    server = Server(
        uvicorn.Config(
            app,
            http="h11" if unauthenticated is None else unauthenticated.protocol,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
            backlog=ACCEPTED,
        )
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve(sockets=[listener]))
    os._exit(0)  # at once: a thread may be importing or computing, and its result isn't needed any more


def import_libraries(
    threads: int, backend: Backend, say: Callable[[str], None], variables: Mapping[str, str]
) -> Arithmetic:
    """Import Keras's backend, Keras and LIT, report progress, and check their arithmetic.

    Args:
        threads: Maximum number of threads for arithmetic.
        backend: Keras's backend.
        say: Receives progress messages.
        variables: The user's environment, unchanged.

    Returns:
        Keras's arithmetic.

    Raises:
        Problem: `missing_libraries`; `broken_libraries` if they are there but fail, or `diagnosis`'s code if their surroundings
            are known to be at fault; `inexact_arithmetic`.
    """
    try:
        with garbage_collection.paused(keep=True):
            say(f"Starting the model service: importing {libraries.BACKEND_NAMES[backend]}…")
            libraries.import_backend(threads, backend)
            say("Starting the model service: importing Keras…")
            libraries.import_keras()
            from . import arithmetic

            found = arithmetic.checked(backend)
    except Problem:
        raise
    except Exception as error:  # a broken installation fails in many ways, not only with ImportError
        # With its message: no request has come this far, and only the message shows what is broken.
        log.error("import failed\n%s", traceback.format_exc())
        raise why_not_imported(error, variables) from error
    log.info("%s", arithmetic.described(found))
    return found


def why_not_imported(error: Exception, variables: Mapping[str, str]) -> Problem:
    """Return why an import failed, and what to do about it.

    Args:
        error: The import's exception.
        variables: The user's environment, unchanged.
    """
    message = f"The model service can't import its libraries: {type(error).__name__}: {error}"
    lines = "".join(traceback.format_exception(error)).splitlines()
    found = diagnosis.explain(
        Ended(None, lines, variables, surroundings.limits(), surroundings.foreign(variables)),
    )
    if found is None:
        missing = isinstance(error, ModuleNotFoundError)
        return Problem(
            503, "missing_libraries" if missing else "broken_libraries", message, f"See its log for details. {_ANEW}"
        )
    return Problem(503, found.error, found.message, found.hint)


_ANEW = f'Install them again: {sys.executable} -m pip install --force-reinstall "lit_lab[service]=={version()}"'


def end_with_stdin(stdin: TextIO) -> NoReturn:
    """End the process when standard input closes: the process that started the service is gone."""
    for _ in stdin:
        pass
    log.info("standard input was closed: ending")
    os._exit(0)


def fail(lines: Lines, error: Problem) -> NoReturn:
    """Write why the service can't continue, and end it at once, without waiting for its threads."""
    log.error("%s %s", error.message, error.hint)
    lines.say(FailedLine(**error.body()))
    os._exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
