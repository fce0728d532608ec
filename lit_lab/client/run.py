"""A run for programs: what `lit_lab.explain` and `load_run` return."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from lit_lab.client import explaining
from lit_lab.client.background import background
from lit_lab.client.base_run import BaseRun
from lit_lab.client.clients import shared_client
from lit_lab.client.run_text import Cutting

if TYPE_CHECKING:
    from lit_lab.client.methods import MapMethod
    from lit_lab.client.parts import Part
    from lit_lab.client.salience_map import Map
    from lit_lab.client.targets import Target
    from lit_lab.segmentation import Granularity
    from lit_lab.segmentation.shares import Aggregation

T = TypeVar("T")


class Run(BaseRun):
    """A prompt, its answer, and what led to it.

    As the last value of a notebook's cell, it shows the interactive map; where LIT Lab isn't installed, HTML or text.

    Token indices count the whole sequence: template, prompt, answer. `seam` is the index of the answer's first token.
    """

    def map(
        self,
        granularity: Granularity = "sentences",
        method: MapMethod = "effect",
        target: Target = None,
        *,
        aggregation: Aggregation = "squares",
        custom: str | None = None,
        mode: Literal["remove", "mask"] = "remove",
    ) -> Map:
        r"""Return what led to a part of the answer. Computes what isn't known yet, and stores it with the run in the history.

        Args:
            granularity: The segments: `tokens`, `words`, `sentences`, `lines`, `paragraphs`, or `custom`.
            method: `effect`: what deleting the segment's text does to the target's log-probability; `grad_l2`, `grad_dot_input`,
                `integrated_gradients`: gradients; `flow`: what attention reads; `leave_one_out`, `lime`, `shap`: what removing
                tokens does.
            target: The part: a text that is once in the answer, the index of one of its sentences, or a slice of tokens in it.
                None: the last sentence, as in the panel.
            aggregation: How a segment's score is made of its tokens' for methods that score tokens: `squares`, `sum`, `mean` or `max`.
            custom: For the granularity `custom`: a regular expression, as JavaScript writes it; a segment begins after each match.
            mode: For `leave_one_out`, `lime` and `shap`: tokens are deleted, or replaced by the model's padding token.

        Raises:
            Problem: There is no such target; the job failed; or something isn't known, and the run has no connection.

        Example:
            >>> import lit_lab
            >>> run = lit_lab.explain("Suggestion: Onion soup\nAnalysis:", max_new_tokens=8)
            >>> [segment.text for segment in run.map("lines")]
            ['Suggestion: Onion soup', 'Analysis:']
        """
        cutting = Cutting(granularity, custom)
        return self._call(explaining.map_of(self._state, cutting, method, target, aggregation, mode))

    def influence(
        self, part: Part, *, occurrence: int | None = None, turn: int | None = None, target: Target = slice(None)
    ) -> float:
        """Return by how much the answer's log-probability falls without a part of the prompt, in nats (leave one out).

        Positive: the part makes the answer more likely. One nat makes it about 2.7 times as likely.

        Args:
            part: A text of the prompt, a slice of its characters, or a segment of a map.
            occurrence: Which one is meant if the text is in the prompt several times, from 0.
            turn: The index of the conversation's turn that it is in. None: any.
            target: The part of the answer, as for `map`; all of it by default.

        Raises:
            Problem: The part isn't in the prompt, or is there several times; the job failed; or the run has no connection.
        """
        return self._call(explaining.influence_of(self._state, part, occurrence, turn, target))

    def without(
        self, part: Part, *, occurrence: int | None = None, turn: int | None = None, max_new_tokens: int | None = None
    ) -> Run:
        """Run the prompt without a part of it, and return that run. It is in the history, too.

        One of the gaps around the part goes with it. The model, its sampling and where it stops are this run's. A forced answer is
        scored again.

        Args:
            part: As for `influence`.
            occurrence: As for `influence`.
            turn: As for `influence`.
            max_new_tokens: Maximum number of tokens of the answer. None: as this run's.

        Raises:
            Problem: The part isn't in the prompt, or is there several times; the job failed; or the run has no connection.
        """
        return Run(self._call(explaining.without_part(self._state, part, occurrence, turn, max_new_tokens)))

    def connect(self, server: str | None = None, token: str | None = None) -> Run:
        """Let a run that was read from a file compute more. Returns the run itself.

        Args:
            server: As for `lit_lab.explain`.
            token: As for `lit_lab.explain`.

        Raises:
            Problem: What is named can't be used.
        """
        self._state.client = background().call(shared_client(server, token))
        return self

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return background().call(work)
