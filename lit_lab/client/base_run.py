"""What a run holds, and how it shows itself. `Run` and `AsyncRun` add what is computed."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lit_lab.client.recorded import SalienceMap, recorded_map
from lit_lab.client.rendering import one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lit_lab.client.comparison import Comparison
    from lit_lab.client.run_state import RunState
    from lit_lab.effects import Effects


class BaseRun:
    """A prompt, its answer, and the maps that were computed.

    Token indices count the whole sequence: template, prompt, answer. `seam` is the index of the answer's first token.

    Args:
        state: What is known of the run.
    """

    def __init__(self, state: RunState) -> None:
        self._state = state
        # What arrays are made of, and the arrays.
        self._maps: tuple[object, tuple[SalienceMap, ...]] | None = None
        self._effects: tuple[object, tuple[Effects, ...]] | None = None

    @property
    def id(self) -> str:
        """Its id in the history."""
        return self._state.record.id

    @property
    def model(self) -> str:
        """The model's name."""
        return self._state.record.model

    @property
    def created(self) -> datetime:
        """When it was requested."""
        return datetime.fromtimestamp(self._state.record.created, timezone.utc)

    @property
    def title(self) -> str:
        """The user's name for it; empty: none."""
        return self._state.record.title

    @property
    def prompt(self) -> str:
        """The prompt. Of a conversation, each turn after a line that names its role."""
        return self._state.record.prompt

    @property
    def answer(self) -> str:
        """The answer."""
        return self._state.record.answer

    @property
    def reason(self) -> str | None:
        """Why the answer ended: `end`, `stop`, `length`, `window` or `forced_answer`; None: it was stopped, or failed."""
        return self._state.record.reason

    @property
    def turns(self) -> tuple[tuple[str, str], ...]:
        """Role and text of each turn of a conversation; empty if the prompt is a text."""
        return tuple((turn.role, turn.text) for turn in self._state.record.turns)

    @property
    def seam(self) -> int:
        """The index of the answer's first token."""
        return len(self._state.record.prompt_tokens)

    @property
    def pieces(self) -> tuple[str, ...]:
        """The vocabulary's spelling of each token."""
        return tuple(token.piece for token in self._tokens)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text that each token stands for.

        The prompt's texts join to `prompt`, the answer's to `answer`; of a conversation, each turn's join to the turn's text.
        """
        return tuple(token.text for token in self._tokens)

    @property
    def ids(self) -> NDArray[np.int64]:
        """The id of each token: `<int64>[num_tokens]`."""
        import numpy as np

        return np.array([token.id for token in self._tokens], np.int64)

    @property
    def logprobs(self) -> NDArray[np.float64]:
        """Natural logarithm of each answer token's probability: `<float64>[num_answer_tokens]`; NaN if unknown."""
        import numpy as np

        found = [token.logprob for token in self._state.record.answer_tokens]
        return np.array([np.nan if logprob is None else logprob for logprob in found], np.float64)

    @property
    def chat(self) -> str:
        """How the prompt was sent.

        `wrapped`: it was a turn in the model's chat format; `written`: it had turns of its own; `turns`: it was a conversation;
        else `plain`.
        """
        return self._state.record.chat

    @property
    def terms(self) -> str:
        """The terms that the model is provided under, with an address; empty if unknown."""
        terms = self._state.record.terms
        return f"{terms.name}: {terms.url}" if terms else ""

    @property
    def turn_tokens(self) -> tuple[slice, ...]:
        """The tokens of each turn, whose texts join to its text; empty if the run was stopped before them."""
        return tuple(slice(span.start, span.end) for span in self._state.record.turn_spans)

    @property
    def maps(self) -> tuple[SalienceMap, ...]:
        """The scores of all maps so far, in the order in which they were computed."""
        scores = self._state.record.scores
        if self._maps is None or self._maps[0] is not scores:
            self._maps = (scores, tuple(map(recorded_map, scores)))
        return self._maps[1]

    @property
    def effects(self) -> tuple[Effects, ...]:
        """What deleting parts of the prompt does to the answer, for each way in which it was cut into segments."""
        from lit_lab.effects import effects_of

        effects = self._state.record.effects
        if self._effects is None or self._effects[0] is not effects:
            self._effects = (effects, effects_of(effects, self.seam))
        return self._effects[1]

    def text(self, tokens: slice) -> str:
        """Return the text of some tokens, such as a map's target."""
        return "".join(self.texts[tokens])

    def compare(self, other: BaseRun) -> Comparison:
        """Return how another run differs from this one. Computes nothing.

        Args:
            other: The other run.
        """
        from lit_lab.client.comparison import compare

        return compare(self._state.record, other._state.record)

    def to_json(self) -> str:
        """Return everything that is known of the run, as the panel saves it. `load_run` reads it."""
        return self._state.record.model_dump_json()

    def save(self, path: str | os.PathLike[str], format: Literal["json", "html"] | None = None) -> None:
        """Write the run into a file.

        Args:
            path: The file.
            format: `json`: as `to_json`; `html`: a page without scripts, with the map of the answer's last sentence. None: what the
                file's name ends in.

        Raises:
            ValueError: The name ends in neither.
        """
        kind = format or Path(path).suffix[1:].lower()
        if kind not in ("json", "html"):
            raise ValueError("the format is json or html: give it, or a file name that ends in one")
        Path(path).write_text(self.to_json() if kind == "json" else self.to_html(), "utf-8")

    def to_html(self) -> str:
        """Return the run as a page without scripts, with the map of the answer's last sentence."""
        from lit_lab.client import run_display

        return run_display.html_page(self._state.record)

    def __repr__(self) -> str:
        record = self._state.record
        return f"<{type(self).__name__} {record.id}: {record.model}, “{one_line(record.prompt, 30)}” → “{one_line(record.answer, 40)}”>"

    def __str__(self) -> str:
        from lit_lab.client import run_display

        return run_display.plain_text(self._state.record)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from lit_lab.client import run_display

        return run_display.bundle(self._state.record)

    @property
    def _tokens(self) -> list[Any]:
        return [*self._state.record.prompt_tokens, *self._state.record.answer_tokens]
