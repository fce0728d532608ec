"""Asking again when the model service ends in the middle of a job: whether, when, and for what.

A service elsewhere may have several replicas. One that is gone says nothing about the job, so the job goes to the next one. The
server's own process may have ended because of the job, for example because memory ran out. So it gets a job once more after
that, and no third time.
"""

from __future__ import annotations

import random

from lit_lab import protocol
from lit_lab.problem import Problem
from lit_lab.service_client import Broke, NeverSent
from lit_lab.supervision.endpoint import Away, Busy, ServiceGone

PAUSES = (0.2, 3.0)
"""Seconds before a service elsewhere is asked again, one for each further try; each up to a half shorter or longer."""

MAX_TRIES = 10
"""Maximum number of tries of one job at a service elsewhere, even if each brings new results."""

AWAY_PAUSE = 2.0
"""Seconds until a service elsewhere is looked for again, while nothing answers at its address."""

MAX_AWAY_SECONDS = 60.0
"""Maximum seconds that one job waits for that: a service that is updated takes about as long."""

MAX_OWN_TRIES = 2
"""Tries of this server's own process: a job that ended it twice doesn't get a third one."""

MAX_BUSY_SECONDS = 600.0
"""Maximum seconds that one job waits because a service elsewhere accepts no more of its owner's requests."""

MAX_BUSY_PAUSE = 30.0
"""Maximum seconds until the next try, whatever the service says; up to a half longer."""

MIN_BUSY_PAUSE = 0.5

_GOING = frozenset({"service_failed", "service_died", "service_unreachable", "service_silent"})
"""Codes of a service elsewhere that is away, perhaps only while another replica takes over."""


class InexactError(Exception):
    """Exact effects come after those in half precision: they can't be compared, so the job asks for all of them, exactly."""


class Tries:
    """The tries of one job.

    Args:
        elsewhere: Whether the service isn't this server's own process.
    """

    def __init__(self, elsewhere: bool) -> None:
        self._elsewhere = elsewhere
        self._broken = 0
        self._unsent = 0
        self._tried = 0
        self._num_results = 0
        self._waited = 0.0
        self._was_away = 0.0

    def again(self, problem: Problem, num_results: int = 0) -> tuple[float, str]:
        """Return the seconds until the next try, and what to tell the user; empty: nothing was lost.

        Args:
            problem: Why the last try failed.
            num_results: How many results that stay the job has.

        Raises:
            Problem: There is no further try.
        """
        if self._elsewhere and num_results > self._num_results:
            # A long job may outlive several replicas, as long as it gets on.
            self._broken, self._was_away = 0, 0.0
        self._num_results = num_results
        if isinstance(problem, NeverSent) and not (self._elsewhere and (self._tried or self._unsent)):
            # The process had ended before this try began, which wasn't known yet. The next process runs it.
            self._unsent += 1
            if self._unsent > 1:
                raise problem
            return 0.0, ""
        if self._elsewhere:
            return self._of_replica(problem)
        return self._of_process(problem)

    def wait(self, busy: Busy) -> float:
        """Return the seconds until a service that accepts nothing now is asked again. Raises `Problem`: it has been long enough."""
        pause = min(max(busy.seconds, MIN_BUSY_PAUSE), MAX_BUSY_PAUSE)
        pause *= random.uniform(1.0, 1.5)  # noqa: S311 - only so that not all servers come at once, and none too early
        if self._waited + pause > MAX_BUSY_SECONDS:
            raise busy
        self._waited += pause
        return pause

    def _of_replica(self, problem: Problem) -> tuple[float, str]:
        if isinstance(problem, NeverSent) or (isinstance(problem, Away) and (self._tried or self._unsent)):
            pause = AWAY_PAUSE * random.uniform(0.75, 1.25)  # noqa: S311 - as below
            if self._was_away + pause > MAX_AWAY_SECONDS:
                raise problem
            self._was_away += pause
            return pause, ""
        is_away = isinstance(problem, Broke) or (self._broken > 0 and problem.code in _GOING)
        if not is_away or self._broken >= len(PAUSES) or self._tried >= MAX_TRIES - 1:
            raise problem
        pause = PAUSES[self._broken] * random.uniform(0.5, 1.5)  # noqa: S311 - only so that not all come at once
        self._broken += 1
        self._tried += 1
        return pause, "The connection to the model service broke. Restarted on another replica, if there is one."

    def _of_process(self, problem: Problem) -> tuple[float, str]:
        if not isinstance(problem, Broke):
            raise problem
        problem = problem.why
        # On a busy machine, it may not be known yet that the process has ended.
        may_again = problem.again if isinstance(problem, ServiceGone) else problem.code == "service_silent"
        self._broken += 1
        if not may_again or self._broken >= MAX_OWN_TRIES:
            if not may_again or not isinstance(problem, ServiceGone):
                raise problem
            raise Problem(
                problem.status,
                problem.code,
                f"{problem.message} It was restarted during this run, and ended again.",
                problem.advice,
            )
        if not isinstance(problem, ServiceGone):
            return 0.0, f"{problem.message} This run begins again."
        return 0.0, f"{problem.message} The service was restarted, and this run with it."


class Results:
    """What a job has results for: they are neither asked for nor sent twice.

    Args:
        request: The job's request.

    Attributes:
        seconds: Duration of the computation of an answer, once it is complete.
        num: How many scores, curves and effects the job has. They stay when it begins again.
    """

    def __init__(self, request: protocol.JobRequest) -> None:
        self._request = request
        self._scores = set[tuple[int, int, str]]()
        self._curves = set[tuple[str, str]]()
        self._sets = request.skip if isinstance(request, protocol.EffectsRequest) else 0
        self._total: int | None = None
        self._is_exact: bool | None = None  # of the effects so far
        self._is_whole = False
        self.seconds = 0.0
        self.num = 0

    def is_new(self, event: protocol.JobEvent) -> bool:
        """Note an event, and return whether the job doesn't have it already.

        Raises:
            InexactError: These effects are exact, and those before them aren't.
        """
        if isinstance(event, protocol.ScoresEvent):
            score = event.target.start, event.target.end, event.method
            if score in self._scores:
                return False
            self._scores.add(score)
            self.num += 1
        elif isinstance(event, protocol.CurveEvent):
            curve = event.kind, event.order
            if curve in self._curves:
                return False
            self._curves.add(curve)
            self.num += 1
        elif isinstance(event, protocol.EffectsEvent):
            is_exact = event.difference is None
            if is_exact and self._is_exact is False:
                self._is_exact, self._sets = True, 0
                raise InexactError
            self._is_exact = is_exact
            self.num += 1
            self._sets, self._total = event.first + len(event.removed), event.total
        elif isinstance(event, protocol.AnswerEvent):
            self._is_whole, self.seconds = True, event.seconds
        elif isinstance(event, protocol.SegmentScoresEvent | protocol.FaithfulnessEvent):
            self._is_whole = True
        return True

    def missing(self) -> protocol.JobRequest | None:
        """Return the request for what has no results yet; None: nothing is missing."""
        request = self._request
        if self._is_whole:
            return None
        if isinstance(request, protocol.SalienceRequest):
            targets = [
                span
                for span in request.targets
                if any((span.start, span.end, method) not in self._scores for method in request.methods)
            ]
            return request.model_copy(update={"targets": targets}) if targets else None
        if isinstance(request, protocol.EffectsRequest):
            if self._sets == self._total:
                return None
            # Effects are compared with each other, and the next replica may have no copy in half precision, or another one.
            precision = "float32" if self._is_exact else request.precision
            return request.model_copy(update={"skip": self._sets, "precision": precision})
        return request
