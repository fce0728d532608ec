"""The queue of a model: turns, notifications, cancelling and a full queue."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from waiting import PATIENCE, until_async

from lit_lab.problem import Problem
from lit_lab.protocol import ProgressEvent
from lit_lab.service import fair_queue
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.fair_queue import FairQueue, Ticket
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scheduler import BUSY, Scheduler


def order_of(queue: FairQueue, holder: Ticket, waiting: dict[str, Ticket]) -> list[str]:
    """Let everyone take their turn, and return the order."""
    found = []
    while waiting:
        holder.leave()
        name = next(name for name, ticket in waiting.items() if ticket._granted.done())
        holder = waiting.pop(name)
        found.append(name)
    holder.leave()
    assert not queue.locked()
    assert not queue._of  # nothing remains of those who left
    return found


async def test_owners_take_turns_so_that_no_second_request_precedes_anothers_first() -> None:
    queue = FairQueue()
    holder = queue.join("a")
    waiting = {name: queue.join(name[0]) for name in ("a2", "a3", "a4", "b1", "b2", "c1")}
    assert [queue.position(ticket) for ticket in waiting.values()] == [3, 5, 6, 1, 4, 2]
    assert order_of(queue, holder, waiting) == ["b1", "c1", "a2", "b2", "a3", "a4"]


async def test_who_comes_later_waits_for_one_of_each_at_max_waiting() -> None:
    queue = FairQueue()
    holder = queue.join("a")
    waiting = {f"a{n}": queue.join("a") for n in range(2, 5)} | {f"b{n}": queue.join("b") for n in range(1, 4)}
    holder.leave()
    holder = waiting.pop("b1")
    waiting["c1"] = queue.join("c")
    assert order_of(queue, holder, waiting) == ["a2", "c1", "b2", "a3", "b3", "a4"]


async def test_what_is_given_up_counts_no_more() -> None:
    queue = FairQueue()
    holder = queue.join("a")
    waiting = {f"a{n}": queue.join("a") for n in range(2, 30)} | {"b1": queue.join("b"), "b2": queue.join("b")}
    for n in range(2, 29):
        waiting.pop(f"a{n}").leave()
    assert len(queue) == 3
    # Many earlier requests are no disadvantage now.
    assert order_of(queue, holder, waiting) == ["b1", "a29", "b2"]


async def test_unloading_comes_before_all_who_wait() -> None:
    queue = FairQueue()
    holder, waiting = queue.join("a"), queue.join("a")
    entered = asyncio.Event()

    async def unload() -> None:
        async with queue:
            entered.set()
            assert not waiting._granted.done()

    task = asyncio.ensure_future(unload())
    await asyncio.sleep(0)
    assert not entered.is_set()
    holder.leave()
    await task
    assert waiting._granted.done()
    waiting.leave()
    assert not queue.locked()


async def test_who_stops_waiting_for_the_next_turn_does_not_get_it() -> None:
    queue = FairQueue()
    holder = queue.join("a")

    async def unload() -> None:
        async with queue:
            raise AssertionError("cancelled before")

    task = asyncio.ensure_future(unload())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    holder.leave()
    assert not queue.locked()


async def test_a_shared_queue_names_no_option_and_says_when_to_ask_again() -> None:
    queue = FairQueue()
    for _ in range(3):
        queue.join("a", max_waiting=4, is_shared=True)
    with pytest.raises(Problem) as full:
        queue.join("a", max_waiting=4, is_shared=True)
    assert full.value.retry_after > 0
    assert "c.LitLab" not in str(full.value)


async def test_it_is_bounded_for_one_and_for_all() -> None:
    queue = FairQueue()
    holder = queue.join("a", max_waiting=4)
    queue.join("a", max_waiting=4)
    queue.join("a", max_waiting=4)
    with pytest.raises(Problem, match="2 of the computations in it are yours") as own:
        queue.join("a", max_waiting=4)
    assert (own.value.status, own.value.code) == (503, "queue_full")
    assert "run it again" in own.value.hint
    for _ in range(2):
        queue.join("b", max_waiting=4)
    with pytest.raises(Problem, match="0 of the computations in it are yours"):
        queue.join("c", max_waiting=4)
    holder.leave()  # the next one's turn begins
    queue.join("c", max_waiting=4)


class Model:
    """Stands in for a language model."""

    def serve(self, owner: str) -> None:
        pass

    is_large = False

    def warm_up_generation(self) -> None:
        pass


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Scheduler:
    monkeypatch.setattr(fair_queue, "NOTIFY_SECONDS", 0.0)
    monkeypatch.setattr(Registry, "_make", lambda *_: Model())
    monkeypatch.setattr(Registry, "rested", lambda self, entry: None)
    return Scheduler(Registry(parse(["one:./x"]), None, lambda say: None), max_waiting=400)


Compute = Callable[[Any, Cancellation], Iterator[BaseModel]]


class Computations:
    """Computations that record their start, and wait for permission to end."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.may_end = threading.Event()

    def of(self, number: int) -> Compute:
        def compute(_: Any, cancellation: Cancellation) -> Iterator[BaseModel]:
            self.begun.append(number)
            self.may_end.wait(PATIENCE)
            yield ProgressEvent(done=1, total=1)

        return compute


async def read(scheduler: Scheduler, compute: Compute, found: list[dict[str, Any]]) -> None:
    async for line in scheduler.stream("one", compute):
        # On a busy machine there may be heartbeats in between.
        if (event := json.loads(line))["event"] != "heartbeat":
            found.append(event)


async def test_of_two_hundred_the_cancelled_half_leaves_at_once_and_never_computes(scheduler: Scheduler) -> None:
    computations = Computations()
    found: list[list[dict[str, Any]]] = [[] for _ in range(200)]
    tasks = []
    for number, events in enumerate(found):
        tasks.append(asyncio.ensure_future(read(scheduler, computations.of(number), events)))
        await asyncio.sleep(0)
    queue = scheduler._registry.get("one").turn
    await until_async(lambda: len(queue) == 199 and len(computations.begun) == 1)
    await until_async(lambda: all(events and events[-1].get("message", "").startswith("Busy") for events in found[1:]))
    assert found[1][-1]["message"] == BUSY.format(1)
    assert found[199][-1]["message"] == BUSY.format(199)

    for task in tasks[101:]:
        task.cancel()  # as when the reader's connection is closed
    # While the first one still computes: they leave without waiting for their turn.
    await until_async(lambda: len(queue) == 100)
    for task in tasks[1:100:2]:
        task.cancel()
    await until_async(lambda: len(queue) == 50)
    await until_async(lambda: found[100][-1]["message"] == BUSY.format(50))
    assert computations.begun == [0]

    computations.may_end.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert computations.begun == list(range(0, 101, 2))
    assert not queue.locked()
    for number in range(2, 101, 2):
        assert found[number][-1]["event"] == "done"
        messages = [event["message"] for event in found[number] if event["event"] == "state"]
        assert messages[-1] == "Computing…"
        positions = [int(message.split("position ")[1].split()[0]) for message in messages if "position" in message]
        assert positions == sorted(positions, reverse=True)
    assert not scheduler._running


async def test_what_is_ended_for_a_reason_tells_it_though_its_turn_never_came(scheduler: Scheduler) -> None:
    computations = Computations()
    first: list[dict[str, Any]] = []
    second: list[dict[str, Any]] = []
    tasks = [
        asyncio.ensure_future(read(scheduler, computations.of(n), events)) for n, events in ((1, first), (2, second))
    ]
    await until_async(lambda: bool(second) and len(computations.begun) == 1)
    # From another thread, like the memory watchdog.
    await asyncio.to_thread(scheduler.end_all, Problem(507, "memory_limit", "Too much.", "Use less."))
    await tasks[1]
    assert second[-1]["error"] == "memory_limit"
    computations.may_end.set()
    await tasks[0]
    assert computations.begun == [1]


async def test_a_full_queue_refuses_requests_with_a_message(scheduler: Scheduler) -> None:
    scheduler._max_waiting = 2
    computations = Computations()
    begun: list[list[dict[str, Any]]] = [[], []]
    tasks = [asyncio.ensure_future(read(scheduler, computations.of(n), events)) for n, events in enumerate(begun)]
    await until_async(lambda: bool(begun[1]) and len(computations.begun) == 1)
    refused: list[dict[str, Any]] = []
    await read(scheduler, computations.of(2), refused)
    assert [event["event"] for event in refused] == ["error"]
    assert (refused[0]["error"], bool(refused[0]["hint"])) == ("queue_full", True)
    computations.may_end.set()
    await asyncio.gather(*tasks)
    assert [events[-1]["event"] for events in begun] == ["done", "done"]


async def test_those_who_ask_first_come_first_however_long_the_model_takes_to_load(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = threading.Event()

    def make(*_: object) -> Model:
        loaded.wait(PATIENCE)
        return Model()

    monkeypatch.setattr(Registry, "_make", make)
    computations = Computations()
    computations.may_end.set()
    tasks = []
    for number in range(20):
        tasks.append(asyncio.ensure_future(read(scheduler, computations.of(number), [])))
        await asyncio.sleep(0.01)  # each checks at a different time whether the model is there
    loaded.set()
    await asyncio.gather(*tasks)
    assert computations.begun == list(range(20))


async def test_unloaded_while_one_waits_it_is_loaded_again_in_its_turn(scheduler: Scheduler) -> None:
    computations = Computations()
    first: list[dict[str, Any]] = []
    second: list[dict[str, Any]] = []
    tasks = [
        asyncio.ensure_future(read(scheduler, computations.of(n), events)) for n, events in ((1, first), (2, second))
    ]
    await until_async(lambda: bool(second) and len(computations.begun) == 1)
    entry = scheduler._registry.get("one")

    async def unload() -> None:
        async with entry.turn:
            scheduler._registry.forget(entry)

    unloading = asyncio.ensure_future(unload())
    await asyncio.sleep(0)
    computations.may_end.set()
    await asyncio.gather(unloading, *tasks)
    assert computations.begun == [1, 2]
    assert second[-1]["event"] == "done"
    assert entry.model is not None


async def test_batches_come_last_but_come() -> None:
    queue = FairQueue()
    holder = queue.join("a")
    batch, later = queue.join("batches of b", is_last=True), queue.join("batches of c", is_last=True)
    users = [queue.join(owner) for _ in range(fair_queue.MAX_PASSED) for owner in ("a", "b")]
    order = []
    while queue.locked():
        holder.leave()
        granted = [ticket for ticket in (batch, later, *users) if ticket._granted.done() and ticket not in order]
        order += granted
        holder = granted[0] if granted else holder
    assert order.index(batch) == fair_queue.MAX_PASSED
    assert order.index(later) == 2 * fair_queue.MAX_PASSED + 1
    assert len(order) == len(users) + 2


async def test_a_full_queue_has_room_for_a_batch() -> None:
    queue = FairQueue()
    queue.join("a")
    queue.join("b", max_waiting=1)
    with pytest.raises(Problem):
        queue.join("c", max_waiting=1)
    waiting = queue.join("batches of c", max_waiting=1, is_last=True)
    assert queue.position(waiting) == 2
