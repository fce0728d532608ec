"""The passes of a prompt apart from what continues it, so that answering it and explaining the answer share one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from .backends import Spec, backend, bytes_of
from .buckets import rest_bucket
from .cut import Cut, Part
from .head import Head
from .passes import Check
from .pieces import Pieces, Step, are_shared


@dataclass
class Rest:
    """The forward pass of a prompt's last token and what continues it but for its last, kept.

    Attributes:
        ids: The whole sequence.
        own: These tokens' embeddings, `<float32>[num_tokens, width]`.
        steps: One for each part.
        losses: In nats, `<float32>[compiled rows]`; zero beyond the sequence.
        upstream: Gradient of each row's loss with respect to its hidden state, `[1, compiled rows, width]`; likewise.
    """

    ids: tuple[int, ...]
    own: NDArray[np.float32]
    steps: list[Step]
    losses: NDArray[np.float32]
    upstream: Any


@dataclass
class Prompt:
    """A prompt's forward pass, kept.

    Attributes:
        ids: Its tokens, without padding.
        own: Their embeddings, `<float32>[num_tokens, width]`.
        steps: One for each part.
        known: Each part's keys and values; None of a part that has none.
        hidden: The hidden state that its next token is predicted by, `[1, width]`.
        rest: What continued it last.
    """

    ids: tuple[int, ...]
    own: NDArray[np.float32]
    steps: list[Step]
    known: list[Any]
    hidden: Any
    rest: Rest | None = None


class PromptPasses:
    """The compiled passes for prompts of up to `length` tokens, and for what continues them.

    A block is run twice: on the prompt, where its keys and values are results as well, and on the rest, which takes
    them. Backward, the rest says how they matter, and the prompt's own pass leads on from there to its tokens. The last
    token of the prompt predicts the first one of the rest, and is part of both: its second keys and values replace its
    first.

    Args:
        cut: The model; it `goes_on`.
        head: Its head.
        length: In tokens; prompts are padded to it.
    """

    def __init__(self, cut: Cut, head: Head, length: int) -> None:
        self.length = length
        self._cut = cut
        self._head = head
        self._backend = backend()
        self._embeddings = self._backend.open_graph(cut.embeddings, [Spec((1, None), "int32")])
        self._pieces = Pieces()
        self._type = cut.embed.compute_dtype
        parts = cut.prompt()
        kept = cut.keys_and_values
        blocks = (len(cut.blocks),) if len(parts) == 1 else ()
        states = Spec((1, length, cut.width), self._type)
        known = Spec((1, *blocks, 2, length, kept.heads, kept.width), kept.dtype)
        last = len(parts) - 1
        self._inputs = [[states, Spec((), "int32")] if at == last else [states] for at in range(last + 1)]
        outputs = [[states] if at != last else [] for at in range(last + 1)]
        # A stem has neither keys nor values.
        self._known = [[known] if at or not last else [] for at in range(last + 1)]
        self._prompt = [
            (part, self._pieces.of(part, given, found + specs, is_shared))
            for part, given, found, specs, is_shared in zip(
                parts, self._inputs, outputs, self._known, are_shared(parts), strict=True
            )
        ]
        self._rests: dict[int, list[tuple[Part, Any]]] = {}

    def kept_bytes(self, rows: int) -> int:
        """Return how much a prompt's kept pass takes, with that of `rows` further tokens, known from shapes alone."""
        rows = rest_bucket(rows)
        states = bytes_of(Spec((1, rows, self._cut.width), self._type))
        specs = [*self._inputs, *self._known]  # a part's output is the next one's input
        pieces = [piece for _, piece in [*self._prompt, *self._rest_pieces(rows)]]
        of_pieces: int = sum(piece.kept_bytes for piece in pieces)
        return of_pieces + sum(bytes_of(spec) for each in specs for spec in each) + (len(self._prompt) + 1) * states

    def rows(self, rows: int) -> int | None:
        """Return the compiled number of rows that so many fit into; None: none that wouldn't be mostly padding."""
        return next((size for size in sorted(self._rests) if rows <= size <= 2 * rest_bucket(rows)), None)

    def compile(self, rows: int) -> None:
        """Compile everything for prompts and `rows` further tokens, by running it once; others may be used meanwhile."""
        self._head.compile()
        rows = rest_bucket(rows)
        pieces = self._rest_pieces(rows)
        prompt = self.read((0,) * self.length, lambda: None)
        self.cache(prompt)
        rest = self._read_rest(prompt, (0,) * (self.length + rows), pieces, rows, lambda: None)
        self._gradient(prompt, rest, self.length, self.length + 1, lambda: None)
        self._rests[rows] = pieces

    def read(self, ids: tuple[int, ...], check: Check) -> Prompt:
        """Run the model on a prompt."""
        x = self._embedded(ids, self.length)
        own = self._backend.array(x)[0, : len(ids)]
        row = ops.convert_to_tensor(len(ids) - 1, "int32")
        steps, known = [], []
        for at, ((part, piece), specs) in enumerate(zip(self._prompt, self._known, strict=True)):
            check()
            is_last = at == len(self._prompt) - 1
            outputs, step = self._pieces.run(piece, part, [x, row] if is_last else [x])
            steps.append(step)
            known.append(outputs[-2 if is_last else -1] if specs else None)
            x = outputs[-1 if is_last else 0]
        return Prompt(ids, own, steps, known, x[0])

    def cache(self, prompt: Prompt) -> Any:
        """Return a prompt's keys and values, as the model's family has them."""
        known = [each for each in prompt.known if each is not None]
        return self._cut.keys_and_values.cache(known[0] if len(self._prompt) == 1 else ops.stack(known, axis=1))

    def gradient(
        self, prompt: Prompt, ids: tuple[int, ...], start: int, end: int, check: Check
    ) -> tuple[float, NDArray[np.float32], NDArray[np.float32]]:
        """Return a target's loss in nats, its tokens' embeddings and its gradient, `<float32>[end - 1, width]` both.

        Args:
            prompt: A prompt that was read by these passes.
            ids: The sequence that it is the beginning of; `rows` has a number for what continues it.
            start: First token of the target, none of the prompt.
            end: The token after its last.
            check: Called between pieces of work.
        """
        if prompt.rest is None or prompt.rest.ids != ids:
            prompt.rest = None  # not both at once
            size = self.rows(len(ids) - len(prompt.ids))
            if size is None:
                raise ValueError("not compiled for so many rows")
            prompt.rest = self._read_rest(prompt, ids, self._rests[size], size, check)
        return self._gradient(prompt, prompt.rest, start, end, check)

    def _gradient(
        self, prompt: Prompt, rest: Rest, start: int, end: int, check: Check
    ) -> tuple[float, NDArray[np.float32], NDArray[np.float32]]:
        first = len(prompt.ids) - 1  # row i predicts token i + 1
        rows = first + np.arange(len(rest.losses))
        wanted = (start - 1 <= rows) & (rows < end - 1)
        upstream = rest.upstream * ops.convert_to_tensor(wanted[np.newaxis, :, np.newaxis], rest.upstream.dtype)
        earlier, later = self._backward(prompt, rest, upstream, check)
        gradient = np.concatenate([earlier[:first], later])[: end - 1]
        own = np.concatenate([prompt.own[:first], rest.own])[: end - 1]
        return float(np.sum(rest.losses[wanted], dtype=np.float64)), own, gradient

    def _rest_pieces(self, rows: int) -> list[tuple[Part, Any]]:
        parts = self._cut.rest(self.length, rows)
        states, place = Spec((1, rows, self._cut.width), self._type), Spec((), "int32")
        return [
            (part, self._pieces.of(part, [states, *specs, place], [states], is_shared))
            for part, specs, is_shared in zip(parts, self._known, are_shared(parts), strict=True)
        ]

    def _read_rest(
        self, prompt: Prompt, ids: tuple[int, ...], parts: list[tuple[Part, Any]], rows: int, check: Check
    ) -> Rest:
        first = len(prompt.ids) - 1
        x = self._embedded(ids[first:-1], rows)
        own = self._backend.array(x)[0, : len(ids) - 1 - first]
        place = ops.convert_to_tensor(first, "int32")
        steps = []
        for (part, piece), known in zip(parts, prompt.known, strict=True):
            check()
            inputs = [x, place] if known is None else [x, known, place]
            [x], step = self._pieces.run(piece, part, inputs)
            steps.append(step)
        labels = np.full(rows, -1, np.int32)
        labels[: len(ids) - 1 - first] = ids[first + 1 :]
        losses, upstream = self._head(x[0], labels)
        return Rest(ids, own, steps, self._backend.array(losses), upstream[np.newaxis])

    def _backward(
        self, prompt: Prompt, rest: Rest, upstream: Any, check: Check
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the gradients with respect to the prompt's embeddings and to the rest's, padded."""
        later = upstream
        of_known = []
        for step in reversed(rest.steps):
            check()
            later, *known = step.backward(later)
            of_known.append(known)
        earlier: list[Any] = []
        for step, known in zip(reversed(prompt.steps), of_known, strict=True):
            check()
            earlier = step.backward(*earlier, *known)
        return self._backend.array(earlier[0])[0], self._backend.array(later)[0]

    def _embedded(self, ids: tuple[int, ...], length: int) -> Any:
        padded = np.array([ids + (0,) * (length - len(ids))], np.int32)
        return self._embeddings(ops.convert_to_tensor(padded))
