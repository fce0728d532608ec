"""A user's jobs that a service elsewhere has no room for ask it one at a time, in their order."""

import asyncio

import pytest

from lit_lab import waiting_line
from lit_lab.waiting_line import WaitingLines

LONG = 1e6  # seconds; no test waits for them


class Service:
    """Accepts a number of jobs at a time, and notes who asked."""

    def __init__(self, lines, room):
        self.lines = lines
        self.room = room
        self.asked = []
        self.done = []
        self.said = {}

    async def job(self, name, ends, pause=LONG, model="one"):
        says = self.said.setdefault(name, [])
        place = self.lines.place("ada", model, says.append)
        try:
            await place.turn()
            while not self._accepts(name):
                place.join()
                await asyncio.sleep(await place.wait(lambda: pause))
            place.accepted()
            await ends.wait()
            self.room += 1
            self.done.append(name)
        finally:
            place.end()

    def _accepts(self, name):
        self.asked.append(name)
        if not self.room:
            return False
        self.room -= 1
        return True


@pytest.fixture
def begun(monkeypatch):
    monkeypatch.setattr(waiting_line, "FREED_PAUSE", 0.0)

    async def settle():
        for _ in range(20):
            await asyncio.sleep(0.001)

    return settle


async def test_the_first_asks_when_another_has_ended_and_the_rest_wait_for_it(begun):
    service = Service(WaitingLines(), room=1)
    ends = {name: asyncio.Event() for name in "abcde"}
    tasks = {}
    for name in "abcd":
        tasks[name] = asyncio.ensure_future(service.job(name, ends[name]))
        await begun()
    assert service.asked == ["a", "b"]  # c and d joined the line without asking
    assert service.said["d"] == ["Waiting in the queue: 2 of your runs come before this one."]
    tasks["c"].cancel()
    await begun()
    assert service.said["d"][-1] == "Waiting in the queue: one of your runs comes before this one."
    for name in "abd":
        ends[name].set()
        await begun()
    await asyncio.gather(tasks["a"], tasks["b"], tasks["d"])
    assert service.done == ["a", "b", "d"]
    assert service.asked == ["a", "b", "b", "d", "d"]
    # The line is empty: the next one asks at once.
    ends["e"].set()
    await service.job("e", ends["e"])
    assert service.said["e"] == []
    assert not service.lines._lines


async def test_the_first_asks_after_the_services_time_and_another_model_has_its_own_line(begun):
    service = Service(WaitingLines(), room=0)
    ended = asyncio.Event()
    ended.set()
    first = asyncio.ensure_future(service.job("a", ended, pause=0.001))
    other = asyncio.ensure_future(service.job("b", ended, pause=0.001, model="two"))
    while service.asked.count("a") < 3 or service.asked.count("b") < 3:
        await asyncio.sleep(0.001)
    service.room = 1
    await asyncio.gather(first, other)
    assert sorted(service.done) == ["a", "b"]


async def test_an_error_of_the_first_lets_the_next_one_ask(begun):
    lines = WaitingLines()
    service = Service(lines, room=0)
    ended = asyncio.Event()
    ended.set()

    def too_long():
        raise TimeoutError

    place = lines.place("ada", "one", lambda _: None)
    assert place.join()
    waits = asyncio.ensure_future(service.job("b", ended))
    await begun()
    assert service.asked == []
    service.room = 1
    with pytest.raises(TimeoutError):
        await place.wait(too_long)
    place.end()
    await waits
    assert service.done == ["b"]
