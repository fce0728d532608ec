"""How long would 500 users wait for 8 replicas? A simulation from measured service times.

    python benchmarks/cluster.py --json > measured.json
    python benchmarks/cluster_simulation.py --measured measured.json [--faster 4] [--json]

Each user thinks (log-normal), asks for an answer, then for its map, and thinks again. A request goes to the replica that a
consistent hash of its user names, or to a neighbour if that one has `max_ongoing_requests`; there it waits for its turn, as in
`lit_lab/service/fair_queue.py`: owners take turns. What it takes is drawn from the measured seconds, divided by `--faster`. The
simulation has neither a network nor caches, and knows nothing of batches, so it is a rough guide to how many replicas are needed.
"""

from __future__ import annotations

import argparse
import bisect
import hashlib
import heapq
import itertools
import json
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cluster_load import jain, quantile

from lit_lab.cluster.options import MAX_ONGOING

FALLBACKS = 2
RETRY = 0.5  # seconds after which a request that found all its replicas full tries again
VIRTUAL = 100  # places of each replica on the ring


@dataclass
class Replica:
    """One replica: one computation at a time, owners in turn."""

    waiting: dict[int, deque[tuple[int, float]]] = field(default_factory=dict)
    ongoing: int = 0
    is_busy: bool = False
    worked: float = 0.0

    def take(self) -> tuple[int, float] | None:
        """Return the next user and the seconds of the computation."""
        if not self.waiting:
            return None
        owner = next(iter(self.waiting))
        found = self.waiting[owner].popleft()
        rest = self.waiting.pop(owner)
        if rest:
            self.waiting[owner] = rest  # last
        return found


@dataclass(frozen=True)
class Setting:
    """What is simulated.

    Attributes:
        users: How many there are.
        replicas: How many there are.
        think: Median seconds between a map and the next request.
        spread: Standard deviation of its logarithm.
        minutes: Simulated time.
        faster: What the measured seconds are divided by.
        seed: The same seed gives the same result.
    """

    users: int = 500
    replicas: int = 8
    think: float = 45.0
    spread: float = 1.0
    minutes: float = 60.0
    faster: float = 1.0
    seed: int = 1


def ring(replicas: int) -> list[tuple[int, int]]:
    """Return the places of the replicas on the ring."""
    return sorted((_hash(f"{replica}:{number}"), replica) for replica in range(replicas) for number in range(VIRTUAL))


def ranked(places: Sequence[tuple[int, int]], key: str) -> list[int]:
    """Return a key's replica, and those that follow on the ring."""
    start = bisect.bisect(places, (_hash(key), -1))
    found: dict[int, None] = {}
    for _, replica in (*places[start:], *places[:start]):
        found.setdefault(replica)
        if len(found) > FALLBACKS:
            break
    return list(found)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def simulate(setting: Setting, seconds: dict[str, list[float]]) -> dict[str, float]:
    """Return the figures of a simulation.

    Args:
        setting: What is simulated.
        seconds: Measured seconds of `generate` and `salience`.
    """
    chance = random.Random(setting.seed)
    replicas = [Replica() for _ in range(setting.replicas)]
    places = ring(setting.replicas)
    homes = [ranked(places, f"user {user}") for user in range(setting.users)]
    order = itertools.count()
    events: list[tuple[float, int, str, int, Any]] = []
    asked = [0.0] * setting.users
    total = [0.0] * setting.users
    turns = [0] * setting.users
    maps: list[float] = []
    waits: list[float] = []
    spilled = sent = 0

    def at(when: float, what: str, user: int, more: Any = None) -> None:
        heapq.heappush(events, (when, next(order), what, user, more))

    def think() -> float:
        return chance.lognormvariate(0.0, setting.spread) * setting.think

    def begin(now: float, number: int) -> None:
        replica = replicas[number]
        if not replica.is_busy and (found := replica.take()) is not None:
            user, needed = found
            replica.is_busy = True
            replica.worked += needed
            at(now + needed, "done", user, number)

    kinds = ["generate"] * setting.users
    since = [0.0] * setting.users
    for user in range(setting.users):
        at(think(), "ask", user)
    end = setting.minutes * 60
    while events and events[0][0] < end:
        now, _, what, user, more = heapq.heappop(events)
        if what == "ask":
            asked[user], kinds[user] = now, "generate"
            at(now, "send", user)
        elif what == "send":
            free = [number for number in homes[user] if replicas[number].ongoing < MAX_ONGOING]
            if not free:
                at(now + RETRY, "send", user)
                continue
            sent += 1
            spilled += free[0] != homes[user][0]
            replicas[free[0]].ongoing += 1
            since[user] = now
            needed = chance.choice(seconds[kinds[user]]) / setting.faster
            replicas[free[0]].waiting.setdefault(user, deque()).append((user, needed))
            begin(now, free[0])
        else:
            replicas[more].is_busy = False
            replicas[more].ongoing -= 1
            waits.append(now - since[user])
            if kinds[user] == "generate":
                kinds[user] = "salience"
                at(now, "send", user)
            else:
                maps.append(now - asked[user])
                total[user] += now - asked[user]
                turns[user] += 1
                at(now + think(), "ask", user)
            begin(now, more)
    return {
        "turns_per_minute": len(maps) / setting.minutes,
        "first_map_p50": quantile(maps, 0.5),
        "first_map_p95": quantile(maps, 0.95),
        "request_p95": quantile(waits, 0.95),
        "busy": sum(replica.worked for replica in replicas) / (end * setting.replicas),
        "busiest": max(replica.worked for replica in replicas) / end,
        "spilled": spilled / max(1, sent),
        "fairness": jain([all_of / count for all_of, count in zip(total, turns, strict=True) if count]),
    }


def main() -> None:
    """Simulate several numbers of replicas, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measured", type=Path, required=True, help="the JSON of benchmarks/cluster.py")
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--think", type=float, default=45.0, help="median seconds between two turns (default: 45)")
    parser.add_argument("--faster", type=float, default=1.0, help="how many times as fast a replica is (default: 1)")
    parser.add_argument("--replicas", type=int, nargs="*", default=[2, 4, 8, 16])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seconds = json.loads(options.measured.read_text("utf-8"))["seconds"]
    rows = {
        count: simulate(Setting(options.users, count, options.think, faster=options.faster), seconds)
        for count in options.replicas
    }
    if options.json:
        print(json.dumps(rows))
        return
    names = list(next(iter(rows.values())))
    print(f"| Replicas | {' | '.join(names)} |\n|{' --- |' * (len(names) + 1)}")
    for count, figures in rows.items():
        print(f"| {count} | {' | '.join(f'{figures[name]:.2f}' for name in names)} |")


if __name__ == "__main__":
    main()
