"""Stores the results of ended jobs in the history, now or as soon as possible.

Results are in memory, so a full disk or another program's lock needn't lose them: storing is retried until it succeeds, until
more results wait than memory should hold, or until the server ends. Then the user with the most waiting results loses the
oldest of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from lit_lab import discreet, protocol
from lit_lab.history import NO_ROOM_FOR_OWNER, History, sequence_of
from lit_lab.job_record import record_of
from lit_lab.problem import Problem
from lit_lab.streamed import comparable
from lit_lab.timeouts import within

MAX_WAITING = 1_000
MAX_WAITING_BYTES = 128 * 1024 * 1024
MAX_READ_BYTES = 8 * 1024 * 1024
"""Bytes of waiting events that stay parsed for the next try: parsed, they take several times the memory."""
FIRST_DELAY = 1.0
"""Seconds until the first retry; they double each time."""
MAX_DELAY = 30.0
PATIENCE = 15.0
"""Seconds that a request waits for a result that is being stored. Waiting for a lock ends earlier."""

_EVENT: TypeAdapter[protocol.JobEvent] = TypeAdapter(protocol.JobEvent)
_FULL = "disk_full"

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Ended:
    """A job that has ended, whose result isn't stored yet.

    Attributes:
        owner: The owner of the history that stores it.
        lines: Its events as JSON.
        size: Bytes of the lines and of the request.
        found: The parsed lines, if they are cached.
        tried: Set once storing it has been tried, or given up.
    """

    owner: str
    job_id: str
    created: float
    request: protocol.JobRequest
    lines: Sequence[bytes]
    size: int
    found: _Run | _Scores | None = None
    tried: asyncio.Event = field(default_factory=asyncio.Event)


class RunRecorder:
    """Stores jobs that have ended, one after the other: a run before its scores.

    Args:
        history: The history that stores them.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._waiting: list[_Ended] = []
        self._again = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._problem: Problem | None = None
        self._lost = 0

    def record(
        self,
        owner: str,
        job_id: str,
        created: float,
        request: protocol.JobRequest,
        lines: Sequence[bytes],
        request_bytes: int = 0,
    ) -> None:
        """Store the results of a job, even of one that didn't finish: a run with an answer, or the scores of a run.

        Called in the same step that adds the job's last event. So a client that has read that event finds the results stored,
        or waits for them (`settled`).

        Args:
            owner: The owner of the history that stores them.
            job_id: The job's id, and so the run's.
            created: The time of the request, in seconds since the epoch.
            request: The job's request.
            lines: The job's events as JSON; they no longer change.
            request_bytes: Bytes that the request takes.
        """
        if not self._history.enabled or isinstance(request, protocol.FaithfulnessRequest | protocol.LitAppRequest):
            return  # a test of a map is quickly repeated, and LIT's app is no run
        if isinstance(request, protocol.GenerateRequest | protocol.ScoreRequest) and not request.keep:
            return
        self._waiting.append(_Ended(owner, job_id, created, request, lines, sum(map(len, lines)) + request_bytes))
        while self._waiting and (
            len(self._waiting) > MAX_WAITING or sum(ended.size for ended in self._waiting) > MAX_WAITING_BYTES
        ):
            self._lose(self._oldest_of_the_most())
        self.retry()

    def waiting(self) -> dict[str, int]:
        """Return the jobs that wait to be stored, each with the bytes of its events and request."""
        return {ended.job_id: ended.size for ended in self._waiting}

    def _oldest_of_the_most(self) -> _Ended:
        by_bytes = sum(ended.size for ended in self._waiting) > MAX_WAITING_BYTES
        held: Counter[str] = Counter()
        for ended in self._waiting:
            held[ended.owner] += ended.size if by_bytes else 1
        ((owner, _),) = held.most_common(1)
        return next(ended for ended in self._waiting if ended.owner == owner)

    def retry(self) -> None:
        """Try to store waiting results now."""
        self._again.set()
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def settled(self, owner: str, run_id: str = "") -> History:
        """Return the history, once storing the owner's ended jobs has been tried.

        It doesn't wait for what couldn't be stored; `status` reports that.

        Args:
            owner: The history's owner.
            run_id: The run that the caller needs; empty: no particular one.

        Raises:
            Problem: That run isn't stored yet.
        """
        under_way = [ended.tried.wait() for ended in self._waiting if ended.owner == owner]
        with contextlib.suppress(asyncio.TimeoutError):
            await within(PATIENCE, asyncio.gather(*under_way))
        if any((ended.owner, ended.job_id) == (owner, run_id) for ended in self._waiting):
            why = self._problem or Problem(503, "history_unavailable", "The disk is slow.", "Try again in a moment.")
            raise Problem(503, "not_stored_yet", f"This run isn't stored yet. {why.message}", why.hint)
        return self._history

    async def delete(self, owner: str, run_id: str) -> protocol.RunsDeleted:
        """Delete one of the owner's runs. Raises `Problem`."""
        deleted = await (await self.settled(owner, run_id)).delete(owner, run_id)
        self.retry()  # there may be room now
        return deleted

    async def clear(self, owner: str, starred: bool = False) -> protocol.RunsDeleted:
        """Delete the owner's runs, including those that wait to be stored. Raises `Problem`.

        Args:
            owner: The history's owner.
            starred: Whether starred runs are deleted, too.
        """
        history = await self.settled(owner)
        dropped = [
            ended
            for ended in self._waiting
            # Scores may belong to a starred run, which stays. Those of a deleted run are dropped when they are stored.
            if ended.owner == owner and isinstance(ended.request, protocol.GenerateRequest | protocol.ScoreRequest)
        ]
        for ended in dropped:  # first, so that none of them is stored after the deletion
            self._drop(ended)
        try:
            deleted = await history.clear(owner, starred)
        except Problem:
            self._waiting[:0] = dropped
            raise
        finally:
            self.retry()
        return deleted

    def status(self) -> protocol.HistoryStatus:
        """Return whether runs are stored, how many results wait, and what went wrong."""
        status = self._history.status()
        messages = []
        problem = self._problem if self._waiting else None
        if problem is not None:
            messages.append(problem.message)
        elif status.message:
            messages.append(status.message)
        if self._waiting and problem is not None:
            count = len(self._waiting)
            messages.append("1 result waits to be stored." if count == 1 else f"{count:,} results wait to be stored.")
        if self._lost:
            messages.append(
                ("1 result" if self._lost == 1 else f"{self._lost:,} results")
                + " could not be stored; the server's log says why."
            )
        return status.model_copy(
            update={"message": " ".join(messages), "hint": problem.hint if problem is not None else status.hint}
        )

    async def close(self) -> None:
        """Try a last time to store what waits."""
        self._closing = True
        self._again.set()
        if self._task is not None:
            await self._task
        await self.attempt()
        if self._waiting and self._problem is not None:
            log.warning(
                "LIT Lab: the results of %d jobs were not stored: %s %s",
                len(self._waiting),
                self._problem.message,
                self._problem.hint,
            )

    async def _work(self) -> None:
        delay = FIRST_DELAY
        while self._waiting and not self._closing:
            self._again.clear()
            await self.attempt()
            if self._waiting:
                with contextlib.suppress(asyncio.TimeoutError):
                    await within(delay, self._again.wait())
                delay = min(2 * delay, MAX_DELAY)

    async def attempt(self) -> None:
        """Try once to store each job that waits."""
        no_room: dict[tuple[str, str], Problem] = {}
        waiting = list(self._waiting)
        for ended in waiting:
            try:
                await self._store(ended, no_room)
            except Problem as problem:
                if problem.code == NO_ROOM_FOR_OWNER:  # which another try wouldn't change
                    self._lose(ended, f"{problem.message} {problem.hint}")
                    continue
                if self._problem is None:
                    log.warning("LIT Lab: a result can't be stored yet. %s %s", problem.message, problem.hint)
                self._problem = problem
                ended.tried.set()
                if problem.code != _FULL:  # else a smaller one may have room
                    for other in waiting:
                        other.tried.set()
                    return
            except Exception as error:
                log.error("LIT Lab: a result could not be stored\n%s", discreet.trace(error))
                self._lose(ended)
            else:
                self._drop(ended)
        if not self._waiting:
            self._problem = None

    async def _store(self, ended: _Ended, no_room: dict[tuple[str, str], Problem]) -> None:
        # Many megabytes, perhaps: not in the server's own thread.
        found = ended.found or await asyncio.to_thread(read_result, ended)
        if found is None or ended not in self._waiting:
            return  # nothing came of it, or it was deleted meanwhile
        if sum(one.size for one in self._waiting if one.found is not None) + ended.size <= MAX_READ_BYTES:
            ended.found = found
        sequence = (ended.owner, sequence_of(found.model, found.ids))
        if sequence in no_room:
            raise no_room[sequence]  # scores don't go before their run
        try:
            if isinstance(found, _Scores):
                await self._history.store_scores(ended.owner, found.model, found.ids, found.scores)
            else:
                await self._history.store(ended.owner, found.run)
        except Problem as problem:
            if problem.code == _FULL:
                no_room[sequence] = problem
            raise

    def _drop(self, ended: _Ended) -> None:
        ended.tried.set()
        with contextlib.suppress(ValueError):  # deleted meanwhile
            self._waiting.remove(ended)

    def _lose(self, ended: _Ended, why: str = "") -> None:
        self._lost += 1
        self._drop(ended)
        log.warning("LIT Lab: the results of job %s are not in the history. %s", ended.job_id, why)


@dataclass(frozen=True)
class _Run:
    run: protocol.RunRecord

    @property
    def model(self) -> str:
        return self.run.model

    @property
    def ids(self) -> list[int]:
        return [token.id for token in [*self.run.prompt_tokens, *self.run.answer_tokens]]


@dataclass(frozen=True)
class _Scores:
    model: str
    ids: Sequence[int]
    scores: Iterable[protocol.KeptScores | protocol.KeptEffects]


@dataclass(frozen=True)
class _ScoresOfLines:
    """The scores among a job's events, parsed one at a time: all of them parsed take several times the lines' room."""

    mode: protocol.Removal | None
    lines: Sequence[bytes]

    def __iter__(self) -> Iterator[protocol.KeptScores]:
        for line in self.lines:
            event = _EVENT.validate_json(line)
            if isinstance(event, protocol.ScoresEvent | protocol.SegmentScoresEvent):
                yield protocol.KeptScores(mode=self.mode, event=event)


def read_result(ended: _Ended) -> _Run | _Scores | None:
    """Return what the history stores of a job; None: nothing."""
    request = ended.request
    if isinstance(request, protocol.GenerateRequest | protocol.ScoreRequest):
        events = [_EVENT.validate_json(line) for line in ended.lines]
        run = record_of(ended.job_id, ended.created, request, events)
        return _Run(run) if run.answer_tokens else None
    if isinstance(request, protocol.FaithfulnessRequest | protocol.LitAppRequest):
        return None
    if isinstance(request, protocol.EffectsRequest):
        effects = [
            event for event in map(_EVENT.validate_json, ended.lines) if isinstance(event, protocol.EffectsEvent)
        ]
        kept = protocol.KeptEffects(
            segments=request.segments,
            answer_segments=request.answer_segments,
            held_out=request.held_out,
            seed=request.seed,
            events=comparable(effects),
        )
        return _Scores(request.model, request.ids, [kept]) if effects else None
    scores = _ScoresOfLines(request.mode if isinstance(request, protocol.AblationRequest) else None, ended.lines)
    return _Scores(request.model, request.ids, scores) if any(True for _ in scores) else None
