"""What do replicas on Ray Serve cost and give, compared with the plain model service?

    python benchmarks/cluster.py [--users 50] [--turns 4] [--kv-cache BYTES] [--json]

It needs the extra `cluster` (`make test-cluster` makes an environment with it: .venv-cluster/bin/python). Simulated users work with
the embedded model, one kind of service after the other: the plain process; one replica, which shows what Ray costs; two, with
and without affinity. On a machine with few cores two replicas aren't faster than one: they share the cores.

The goals are for Ray's share: at most 15 ms to the first byte, and at most 5% of the throughput; and a fairness of 0.95.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from cluster_load import Load, Measured, first_byte, simulate

ROOT = Path(__file__).parents[1]
START = 900.0  # seconds for a service to start
FIRST_BYTE, THROUGHPUT, FAIRNESS = 15.0, 0.05, 0.95
"""Goals: in ms; a share of the plain service's; Jain's index."""
KINDS = ("plain", "1 replica", "2 replicas", "2 replicas, no affinity")


@contextmanager
def plain(folder: Path, kv_cache: int) -> Iterator[tuple[str, str]]:
    """Run the plain service, and yield its address and secret."""
    secret = secrets.token_hex(16)
    command = [sys.executable, "-m", "lit_lab.service"]
    with (folder / "plain.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdin is not None and process.stdout is not None
    try:
        config = {"secret": secret, "models": ["demo:embedded"], "threads": threads(1), "kv_cache_bytes": kv_cache}
        process.stdin.write(json.dumps(config) + "\n")
        process.stdin.flush()
        line = next(line for line in map(json.loads, process.stdout) if line["event"] == "listening")
        yield f"http://{line['host']}:{line['port']}", secret
    finally:
        process.stdin.close()
        process.wait(START)


@contextmanager
def replicas(folder: Path, count: int, kv_cache: int) -> Iterator[tuple[str, str]]:
    """Run `lit-lab serve`, and yield its address and secret. Raises RuntimeError if it doesn't start."""
    log, secret = folder / f"{count}.log", folder / f"{count}.secret"
    command = [sys.executable, "-m", "lit_lab", "serve", "--replicas", str(count), "--secret-file", str(secret)]
    command += ["--kv-cache", str(kv_cache)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + START
        while (found := re.search(r"answers at (\S+)\. ", log.read_text())) is None:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(log.read_text())
            time.sleep(0.5)
        yield found[1], secret.read_text().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START)


def threads(count: int) -> int:
    """Return the threads of each of several replicas, as `lit-lab serve` divides them."""
    return max(1, ((os.cpu_count() or 1) - 1) // count)


async def measured(url: str, secret: str, loads: list[Load]) -> tuple[float, list[Measured]]:
    """Return the seconds to the first byte, and what the users of each load saw."""
    headers = {"Authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=START, trust_env=False) as client:
        await _warm(client)
        byte = await first_byte(client)
    return byte, [await simulate(url, secret, "demo", load) for load in loads]


async def _warm(client: httpx.AsyncClient) -> None:
    while (await client.get("/health")).json()["state"] != "ready":
        await asyncio.sleep(0.5)
    body = {"kind": "generate", "model": "demo", "prompt": "Warm", "max_new_tokens": 2, "chat": "off"}
    for session in range(8):  # some for each replica
        await client.post("/generate", json=body, headers={"X-Session-ID": str(session)})


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--think", type=float, default=2.0, help="median seconds between two turns (default: 2)")
    parser.add_argument(
        "--kv-cache",
        type=int,
        default=2**28,
        help="bytes of keys and values that each process caches (default: 256 MiB)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for benchmarks/cluster_simulation.py, too")
    options = parser.parse_args()
    load = Load(options.users, options.turns, options.think)
    rows: dict[str, dict[str, float]] = {}
    service: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, count in (("plain", 0), ("1 replica", 1), ("2 replicas", 2)):
            loads = [load, replace(load, affinity=False, seed=2)] if count == 2 else [load]
            cache = options.kv_cache
            with plain(folder, cache) if count == 0 else replicas(folder, count, cache) as (url, secret):
                byte, found = asyncio.run(measured(url, secret, loads))
            for label, one in zip((kind, f"{kind}, no affinity"), found, strict=False):
                rows[label] = {"first_byte_ms": 1000 * byte, **one.figures()}
            if kind == "plain":
                service = {"generate": found[0].generations, "salience": found[0].maps}
    if options.json:
        print(json.dumps({"users": options.users, "rows": rows, "seconds": service}))
        return
    _print(rows)


def _print(rows: dict[str, dict[str, float]]) -> None:
    names = list(rows["plain"])
    print(f"{'':18}" + "".join(f"{kind:>26}" for kind in rows))
    for name in names:
        print(f"{name:18}" + "".join(f"{figures[name]:26.3f}" for figures in rows.values()))
    byte = rows["1 replica"]["first_byte_ms"] - rows["plain"]["first_byte_ms"]
    lost = 1 - rows["1 replica"]["turns_per_second"] / rows["plain"]["turns_per_second"]
    fair = min(figures["fairness"] for figures in rows.values())
    print(
        f"\nRay's share: {byte:.1f} ms to the first byte (goal: {FIRST_BYTE:g}), {lost:.1%} of the throughput (goal: {THROUGHPUT:.0%})"
    )
    print(f"Fairness: at least {fair:.3f} (goal: {FAIRNESS})")


if __name__ == "__main__":
    main()
