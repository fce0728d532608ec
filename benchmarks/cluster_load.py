"""Simulated users of a model service: they ask, look at a map, think, edit their prompt, and ask again."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

PATIENCE = 600.0
EDITS = (
    "Answer briefly.",
    "Be specific.",
    "Name one reason.",
    "Mention the price.",
    "Don't repeat yourself.",
    "Use plain words.",
)


@dataclass(frozen=True)
class Load:
    """What users do.

    Attributes:
        users: How many there are.
        turns: How often each asks.
        think: The median of the seconds between two turns. They are distributed log-normally.
        spread: The standard deviation of their logarithm.
        tokens: The most tokens of an answer.
        affinity: Whether each user's requests name their session, so that a replica may be chosen by it.
        seed: The same seed gives the same users.
    """

    users: int
    turns: int
    think: float = 2.0
    spread: float = 0.8
    tokens: int = 16
    affinity: bool = True
    seed: int = 1


@dataclass
class Measured:
    """What users saw.

    Attributes:
        first_tokens: Seconds from each request to its first token.
        first_maps: Seconds from each request to its answer's map.
        waited: For each user, the seconds spent waiting.
        generations: Seconds that the service computed, for each answer.
        maps: The same for each map.
        follow_ups: Requests whose prompt had been sent before, but for an edit.
        hits: Those of them of which the service reused something.
        failed: Requests without a result.
        seconds: The duration.
        cpu: Processor seconds of the users themselves.
    """

    first_tokens: list[float] = field(default_factory=list)
    first_maps: list[float] = field(default_factory=list)
    waited: dict[int, float] = field(default_factory=dict)
    generations: list[float] = field(default_factory=list)
    maps: list[float] = field(default_factory=list)
    follow_ups: int = 0
    hits: int = 0
    failed: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    def figures(self) -> dict[str, float]:
        """Return the figures that a table shows."""
        return {
            "turns": len(self.first_maps),
            "failed": self.failed,
            "turns_per_second": len(self.first_maps) / self.seconds if self.seconds else 0.0,
            "first_token_p50": quantile(self.first_tokens, 0.5),
            "first_token_p95": quantile(self.first_tokens, 0.95),
            "first_map_p50": quantile(self.first_maps, 0.5),
            "first_map_p95": quantile(self.first_maps, 0.95),
            "fairness": jain(list(self.waited.values())),
            "cache_hits": self.hits / self.follow_ups if self.follow_ups else 0.0,
            "users_cpu": self.cpu / self.seconds if self.seconds else 0.0,
        }


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile; not a number if there are no values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def jain(values: Sequence[float]) -> float:
    """Return Jain's index of fairness: 1 if all values are equal, 1/n if one has all."""
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else float("nan")


async def prompts(client: httpx.AsyncClient) -> list[str]:
    """Return LIT's sample prompts."""
    reply = await client.get("/datasets/sample_prompts/rows")
    reply.raise_for_status()
    table = reply.json()
    return [row[table["columns"].index("prompt")] for row in table["rows"]]


async def first_byte(client: httpx.AsyncClient, times: int = 40) -> float:
    """Return the median of the seconds to the first byte of an answer that computes nothing."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        async with client.stream("GET", "/health") as reply:
            async for _ in reply.aiter_raw():
                break
        found.append(time.perf_counter() - start)
    return statistics.median(found)


async def simulate(url: str, secret: str, model: str, load: Load) -> Measured:
    """Let users work, all at the same time, and return what they saw."""
    measured = Measured()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=load.users)
    headers = {"Authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=PATIENCE, limits=limits, trust_env=False
    ) as client:
        texts = await prompts(client)
        start, cpu = time.perf_counter(), time.process_time()
        users = (_User(client, model, number, texts, load, measured).work() for number in range(load.users))
        await asyncio.gather(*users)
        measured.seconds, measured.cpu = time.perf_counter() - start, time.process_time() - cpu
    return measured


class _User:
    def __init__(
        self, client: httpx.AsyncClient, model: str, number: int, texts: list[str], load: Load, measured: Measured
    ) -> None:
        self._client = client
        self._model = model
        self._number = number
        self._chance = random.Random(load.seed * 100_003 + number)
        self._prompt = self._chance.choice(texts)
        self._load = load
        self._measured = measured

    async def work(self) -> None:
        think = [
            self._chance.lognormvariate(0.0, self._load.spread) * self._load.think for _ in range(self._load.turns)
        ]
        for number, seconds in enumerate(think):
            await asyncio.sleep(seconds)
            start = time.perf_counter()
            try:
                await self._turn(start, number > 0)
            except (httpx.HTTPError, ValueError):
                self._measured.failed += 1
            waited = time.perf_counter() - start
            self._measured.waited[self._number] = self._measured.waited.get(self._number, 0.0) + waited
            self._prompt += f"\n{self._chance.choice(EDITS)}"

    async def _turn(self, start: float, is_follow_up: bool) -> None:
        ids: list[int] = []
        prompt = 0
        request = {"model": self._model, "prompt": self._prompt, "max_new_tokens": self._load.tokens, "chat": "off"}
        is_first = True
        async for event in self._events("generate", request):
            if event["event"] == "prompt":
                ids, prompt = [token["id"] for token in event["tokens"]], len(event["tokens"])
            elif event["event"] == "token" and is_first:
                is_first = False
                self._measured.first_tokens.append(time.perf_counter() - start)
            elif event["event"] == "answer":
                ids += [token["id"] for token in event["tokens"]]
                self._measured.generations.append(event["seconds"])
                self._measured.follow_ups += is_follow_up
                self._measured.hits += is_follow_up and event["reused"] > 0
        if len(ids) == prompt:
            return
        target = {"start": prompt, "end": len(ids)}
        salience = {"model": self._model, "ids": ids, "targets": [target], "methods": ["grad_l2"]}
        async for event in self._events("salience", salience):
            if event["event"] == "scores":
                self._measured.first_maps.append(time.perf_counter() - start)
            elif event["event"] == "done":
                self._measured.maps.append(event["seconds"])

    async def _events(self, kind: str, body: dict[str, Any]) -> Any:
        owner = f"user {self._number}"
        session = owner if self._load.affinity else f"{self._chance.random()}"
        headers = {"X-LIT-Lab-Owner": owner, "X-Session-ID": session}
        async with self._client.stream("POST", f"/{kind}", json={"kind": kind, **body}, headers=headers) as reply:
            if reply.status_code != 200:
                raise ValueError(reply.status_code)
            async for line in reply.aiter_lines():
                event = json.loads(line)
                if event["event"] == "error":
                    raise ValueError(event["error"])
                yield event
