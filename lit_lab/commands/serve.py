"""`lit-lab serve`: the model service as replicas on Ray, for several users."""

from __future__ import annotations

import argparse
import ipaddress
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lit_lab.commands.shared import count, model, saving
from lit_lab.demo import DEFAULT_MODEL
from lit_lab.model_spec import ModelSpec
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.cluster.settings import ReplicaSettings
    from lit_lab.protocol import HubAccess

_ABOUT = (
    "Run the model service for several users, as replicas on Ray Serve on this machine, until Ctrl+C; or write a file with which Ray "
    "Serve runs it on a cluster. docs/cluster.md explains both."
)


def add(commands: Any) -> None:
    """Describe the command."""
    command = commands.add_parser(
        "serve", help="run the model service for several users, as replicas on Ray", description=_ABOUT
    )
    command.add_argument("--replicas", type=count, default=1, metavar="N", help="how many processes (default: 1)")
    command.add_argument(
        "--model",
        type=model,
        action="append",
        default=[],
        dest="models",
        metavar="NAME:PATH",
        help=f"a model, as in c.LitLab.models; several times: several (default: {DEFAULT_MODEL})",
    )
    command.add_argument(
        "--port", type=int, default=0, metavar="N", help="where it answers (default: a free port; in a file: 8000)"
    )
    command.add_argument("--host", help="the address to listen on (default: 127.0.0.1; in a file: 0.0.0.0)")
    command.add_argument(
        "--prefix",
        metavar="PATH",
        help="the path that it answers below, as behind a proxy (default: /; on a hub: /services/NAME)",
    )
    command.add_argument(
        "--name",
        action="append",
        default=[],
        dest="hosts",
        metavar="HOST",
        help="a host name that requests may be for, besides localhost and --host's address",
    )
    command.add_argument(
        "--secret-file",
        type=Path,
        metavar="FILE",
        help="the secret that requests carry; made if it isn't there (default: a new one; on a hub: none)",
    )
    command.add_argument("--certificate", type=Path, metavar="FILE", help="the certificate for https")
    command.add_argument("--key", type=Path, metavar="FILE", help="the certificate's key")
    command.add_argument(
        "--gpus", type=float, default=0.0, metavar="N", help="GPUs of each replica, such as 1 or 0.5 (default: 0)"
    )
    command.add_argument(
        "--threads", type=count, metavar="N", help="threads of each replica (default: all cores but one, shared)"
    )
    command.add_argument(
        "--memory-limit", type=count, metavar="BYTES", help="most memory of each replica (default: no limit)"
    )
    command.add_argument(
        "--backend",
        default="tensorflow",
        choices=["tensorflow", "jax", "torch"],
        help="the backend of Keras (default: tensorflow)",
    )
    command.add_argument(
        "--precision",
        default="auto",
        choices=["auto", "float32", "bfloat16", "float16"],
        help="the number format that models are loaded in, as in c.LitLab.precision (default: auto)",
    )
    command.add_argument(
        "--max-length", type=count, metavar="N", help="window in tokens (default: what each model was trained for)"
    )
    _add_shared(command)
    file = command.add_argument_group("a file for a cluster")
    file.add_argument("--write-config", type=Path, metavar="FILE", help="write a file of Serve, and start nothing")
    file.add_argument("--max-replicas", type=count, metavar="N", help="have up to so many, as the load asks for")
    file.add_argument("--apart", action="store_true", help="have replicas of its own for each model, below its name")
    command.set_defaults(run=_run)


def _add_shared(command: argparse.ArgumentParser) -> None:
    shared = command.add_argument_group("many users")
    shared.add_argument(
        "--hub-service",
        metavar="NAME",
        help="its name on a JupyterHub, whose users' tokens requests carry (default: as the hub says that starts it)",
    )
    shared.add_argument(
        "--hub-api", metavar="URL", help="the hub's API as replicas reach it (default: JUPYTERHUB_API_URL)"
    )
    shared.add_argument(
        "--max-computations", type=count, default=16, metavar="N", help="of one user in a replica (default: 16)"
    )
    shared.add_argument(
        "--max-requests", type=count, default=32, metavar="N", help="of one user, of all kinds (default: 32)"
    )
    shared.add_argument(
        "--max-body-bytes",
        type=count,
        metavar="BYTES",
        help="of one user's requests in a replica together (default: 128 MiB)",
    )
    shared.add_argument(
        "--body-seconds",
        type=float,
        metavar="N",
        help="that a request may take to come in whole (default: 60)",
    )
    shared.add_argument(
        "--pass-cache", type=count, metavar="BYTES", help="forward passes that a model caches (default: the latest two)"
    )
    shared.add_argument(
        "--kv-cache",
        type=count,
        metavar="BYTES",
        help="keys and values that it caches (default: the latest sequence's)",
    )
    shared.add_argument(
        "--metrics-token-file",
        type=Path,
        metavar="FILE",
        help="the token that reads /metrics (on a hub; default: nobody)",
    )
    shared.add_argument(
        "--batches",
        type=Path,
        metavar="FOLDER",
        help="store and run batches over datasets here, where all replicas can (on a hub; default: they have none)",
    )
    for name, default, what in (
        ("days", 30, "days until an idle batch is deleted"),
        ("bytes", 2_000_000_000, "the most bytes of one user's batches"),
        ("count", 20, "the most batches of one user"),
        ("rows", 100_000, "the most rows of a batch"),
    ):
        said = f"{what} (default: {default:,})"
        shared.add_argument(f"--batch-{name}", type=count, default=default, metavar="N", help=said)
    shared.add_argument("--log-format", choices=["text", "json"], help="of replicas (default: text; in a file: json)")


def _run(options: argparse.Namespace) -> int:
    _take_hub(options)
    return _write(options) if options.write_config is not None else _serve(options)


def _write(options: argparse.Namespace) -> int:
    from lit_lab.cluster.serve_config import ClusterOptions, serve_config

    if options.secret_file is None and options.hub is None:
        raise Problem(
            422,
            "no_secret",
            "A cluster's replicas read their secret from a file.",
            "Name it as the nodes see it: --secret-file FILE; or a JupyterHub's service: --hub-service NAME --hub-api URL",
        )
    if options.max_replicas is not None and options.max_replicas < options.replicas:
        raise Problem(422, "bad_replicas", "--max-replicas is less than --replicas.", "Choose a larger number.")
    if options.apart and options.prefix != "/":
        raise Problem(422, "bad_prefix", "--apart puts each model below its own name.", "Leave --prefix out.")
    if options.apart and options.hub is not None:
        raise Problem(422, "bad_hub", "A hub's service has one address, and --apart several.", "Leave --apart out.")
    if options.log_format is None:
        options.log_format = "json"
    text = serve_config(
        _settings(options, options.secret_file, options.metrics_token_file, _models(options)),
        ClusterOptions(
            options.replicas,
            options.max_replicas,
            gpus=options.gpus,
            cpus=float(options.threads or 1),
            memory=options.memory_limit,
            host=options.host or "0.0.0.0",  # noqa: S104 - in a pod, behind a NetworkPolicy
            port=options.port or 8000,
            prefix=options.prefix,
            apart=options.apart,
        ),
    )
    with saving(options.write_config):
        options.write_config.expanduser().write_text(text, encoding="utf-8")
    print(f"{options.write_config} is for: serve deploy {options.write_config}")
    if not options.hosts:
        print("Replicas answer only requests for localhost, such as a proxy's on each node. Name others: --name HOST")
    return 0


def _serve(options: argparse.Namespace) -> int:
    from lit_lab.cluster.local import LocalOptions, check_installed, serve_here
    from lit_lab.cluster.settings import read_secret

    check_installed()
    for given in ("max_replicas", "apart"):  # what only a file has
        if getattr(options, given):
            raise Problem(
                422,
                "only_file",
                f"--{given.replace('_', '-')} is for a cluster.",
                "Add --write-config FILE, or leave it out.",
            )
    named = _check_address(options)
    secret_file = _secret(options.secret_file) if options.hub is None else None
    metrics_token_file = options.metrics_token_file and options.metrics_token_file.expanduser().absolute()
    try:
        for file in (secret_file, metrics_token_file):
            if file is not None:
                read_secret(str(file))

        def started(url: str) -> None:
            print(_how_to_connect(url, secret_file, options.hub), flush=True)

        models = [spec.absolute() for spec in _models(options)]
        serve_here(
            _settings(options, secret_file, metrics_token_file, models),
            LocalOptions(
                options.replicas,
                options.port,
                options.host,
                named,
                options.prefix,
                options.gpus,
                options.certificate,
                options.key,
            ),
            started,
            lambda message: print(message, flush=True),
        )
    finally:
        if options.secret_file is None and secret_file is not None:
            secret_file.unlink(missing_ok=True)
            secret_file.parent.rmdir()
    return 0


def _take_hub(options: argparse.Namespace) -> None:
    """Complete the options with what a hub says that starts this command. Sets `options.hub`. Raises `Problem`."""
    from pydantic import ValidationError

    from lit_lab.cluster.managed import host_name, managed
    from lit_lab.protocol import HubAccess, describe_validation

    options.hub = None
    options.hosts = [host_name(host) for host in options.hosts]
    if options.hub_service is not None and options.secret_file is not None:
        raise Problem(
            422, "bad_hub", "On a hub, requests carry its users' tokens.", "Choose --hub-service or --secret-file."
        )
    try:
        found = managed(os.environ) if options.secret_file is None and options.write_config is None else None
        if found is not None:
            options.hub_service = options.hub_service or found.hub.service
            options.prefix = options.prefix or found.prefix
            options.port = options.port or found.port
            options.hosts = options.hosts or found.hosts
        if options.hub_service is not None:
            api = options.hub_api or os.environ.get("JUPYTERHUB_API_URL", "")
            options.hub = HubAccess(api_url=api, service=options.hub_service)
            options.prefix = options.prefix or f"/services/{options.hub_service}"
    except ValidationError as error:
        raise Problem(
            422,
            "bad_hub",
            f"The hub can't be asked: {describe_validation(error)}",
            "Name it: --hub-service NAME --hub-api http://127.0.0.1:8081/hub/api",
        ) from None
    options.prefix = f"/{(options.prefix or '').strip('/')}"


def _check_address(options: argparse.Namespace) -> str:
    """Complete the options with the host name of the address to listen on, and return the one to show.

    Raises:
        Problem: The secret would cross a network in the clear, or nobody elsewhere could name the service.
    """
    from lit_lab.cluster.managed import host_name
    from lit_lab.cluster.settings import LOOPBACK

    if (options.certificate is None) != (options.key is None):
        raise Problem(422, "no_certificate", "--certificate and --key belong together.", "Name both files.")
    try:
        address = ipaddress.ip_address(options.host or LOOPBACK[0])
    except ValueError:
        raise Problem(
            422,
            "bad_host",
            f"--host {options.host} isn't an IP address.",
            "Write the address to listen on, such as 127.0.0.1. --name has the names that requests may be for.",
        ) from None
    if not address.is_loopback and options.certificate is None:
        raise Problem(
            422,
            "no_certificate",
            f"On {options.host}, prompts and the secret would cross the network unencrypted.",
            "Add --certificate FILE --key FILE, or leave --host out and let a proxy with TLS pass requests on.",
        )
    options.host = str(address)
    own = host_name(options.host)
    if address.is_unspecified:
        if not options.hosts:
            raise Problem(
                422,
                "no_name",
                f"On {options.host}, all of the machine's addresses, only requests for localhost would be answered.",
                "Name what users' servers ask for, as in the certificate: --name models.example.org; or name one address: "
                "--host 192.0.2.1",
            )
        return str(options.hosts[0])
    named = own if address.is_loopback or not options.hosts else options.hosts[0]  # the certificate has the name
    if own not in (*LOOPBACK, *options.hosts):
        options.hosts.append(own)
    return str(named)


def _secret(named: Path | None) -> Path:
    """Return the file of the secret, which is made if it isn't there."""
    if named is None:
        import tempfile

        named = Path(tempfile.mkdtemp(prefix="lit-lab-secret-")) / "secret"
    named = named.expanduser().absolute()
    if not named.exists():
        with saving(named), os.fdopen(os.open(named, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    return named


def _models(options: argparse.Namespace) -> list[ModelSpec]:
    return options.models or [ModelSpec.parse(DEFAULT_MODEL)]


def _settings(
    options: argparse.Namespace, secret_file: Path | None, metrics_token_file: Path | None, models: list[ModelSpec]
) -> ReplicaSettings:
    from pydantic import ValidationError

    from lit_lab.cluster.settings import ReplicaSettings
    from lit_lab.protocol import describe_validation

    given = {
        "models": list(map(str, models)),
        "secret_file": secret_file and str(secret_file),
        "hub": options.hub,
        "hosts": options.hosts,
        "prefix": options.prefix.rstrip("/"),
        "metrics_token_file": metrics_token_file and str(metrics_token_file),
        "max_computations": options.max_computations,
        "max_requests": options.max_requests,
        "max_body_bytes": options.max_body_bytes,
        "body_seconds": options.body_seconds,
        "pass_cache_bytes": options.pass_cache,
        "kv_cache_bytes": options.kv_cache,
        "batches": options.batches
        and {
            "path": str(options.batches.expanduser().absolute()),
            "days": options.batch_days,
            "max_bytes": options.batch_bytes,
            "max_batches": options.batch_count,
            "max_rows": options.batch_rows,
        },
        "log_format": options.log_format or "text",
        "max_length": options.max_length,
        "threads": options.threads,
        "memory_limit": options.memory_limit,
        "backend": options.backend,
        "precision": options.precision,
    }
    try:
        return ReplicaSettings.model_validate({key: value for key, value in given.items() if value is not None})
    except ValidationError as error:
        raise Problem(422, "bad_options", describe_validation(error), "lit-lab serve --help explains them.") from None


def _how_to_connect(url: str, secret_file: Path | None, hub: HubAccess | None) -> str:
    if hub is not None:
        return f"""\
The model service answers at {url}. Ctrl+C ends it.
It is the hub's service {hub.service}. In jupyter_server_config.py of all users:
    c.LitLab.hub_service = "{hub.service}\""""
    return f"""\
The model service answers at {url}. Ctrl+C ends it.
Its secret is in {secret_file}. In jupyter_server_config.py:
    from pathlib import Path
    c.LitLab.service_url = "{url}"
    c.LitLab.service_secret = Path("{secret_file}").read_text().strip()"""
