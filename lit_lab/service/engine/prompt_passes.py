"""Separate passes for a prompt and its continuation: generating an answer and explaining it share the prompt's pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from .backends import Spec, backend, bytes_of
from .buckets import continuation_bucket
from .compiled_parts import CompiledParts, ForwardStep, are_shared
from .head import Head
from .parts import Part
from .passes import Check
from .split_model import SplitModel


@dataclass
class ContinuationForward:
    """The forward pass of a continuation: of the prompt's last token, and of all tokens after it except the last.

    Attributes:
        ids: The whole sequence.
        own: Embeddings of the continuation's tokens, without padding, `<float32>[num_tokens, D]`.
        steps: One for each part.
        losses: Loss of each row in nats, `<float32>[R]`; zero for padding.
        upstream: Gradient of each row's loss with respect to its hidden state, `[1, R, D]`; zero for padding.
    """

    ids: tuple[int, ...]
    own: NDArray[np.float32]
    steps: list[ForwardStep]
    losses: NDArray[np.float32]
    upstream: Any


@dataclass
class PromptForward:
    """A prompt's forward pass, with the values that backward passes need.

    Attributes:
        ids: The prompt, without padding.
        own: The prompt's embeddings, without padding, `<float32>[num_tokens, D]`.
        steps: One for each part.
        keys_values: Keys and values of each part, `[1, 2, T, H, K]`; None for a part that has none.
        hidden: The hidden state that predicts the next token, `[1, D]`.
        continuation: The most recent continuation's forward pass.
    """

    ids: tuple[int, ...]
    own: NDArray[np.float32]
    steps: list[ForwardStep]
    keys_values: list[Any]
    hidden: Any
    continuation: ContinuationForward | None = None


class PromptPasses:
    """Compiled passes for prompts of up to `length` tokens, and for their continuations.

    Each block runs twice: on the prompt, where it also returns keys and values, and on the continuation, where it takes
    them. The backward pass goes through the continuation to these keys and values, and from these through the prompt's
    pass to the prompt's embeddings. The prompt's last token predicts the continuation's first one, so both passes
    contain it; its keys and values from the second pass replace those from the first.

    Args:
        model: The model; `supports_kv_cache` must be true.
        head: The model's head.
        length: T, the length in tokens that prompts are padded to.
    """

    def __init__(self, model: SplitModel, head: Head, length: int) -> None:
        self.length = length
        self._model = model
        self._head = head
        self._backend = backend()
        self._embeddings = self._backend.open_graph(model.embeddings, [Spec((1, None), "int32")])
        self._compiled_parts = CompiledParts()
        self._type = model.embed.compute_dtype
        parts = model.prefill_parts()
        spec = model.kv_cache
        blocks = (len(model.blocks),) if len(parts) == 1 else ()
        states = Spec((1, length, model.width), self._type)
        keys_values = Spec((1, *blocks, 2, length, spec.heads, spec.width), spec.dtype)
        last = len(parts) - 1
        self._inputs = [[states, Spec((), "int32")] if at == last else [states] for at in range(last + 1)]
        outputs = [[states] if at != last else [] for at in range(last + 1)]
        # The stem has no keys and values.
        self._keys_values = [[keys_values] if at or not last else [] for at in range(last + 1)]
        self._prefill = [
            (part, self._compiled_parts.of(part, given, found + specs, is_shared))
            for part, given, found, specs, is_shared in zip(
                parts, self._inputs, outputs, self._keys_values, are_shared(parts), strict=True
            )
        ]
        self._continuations: dict[int, list[tuple[Part, Any]]] = {}

    def residual_bytes(self, rows: int) -> int:
        """Return the bytes that the passes of a prompt and of a continuation of `rows` tokens save.

        They are computed from shapes, without running a pass.
        """
        rows = continuation_bucket(rows)
        states = bytes_of(Spec((1, rows, self._model.width), self._type))
        specs = [*self._inputs, *self._keys_values]  # a part's output is the next one's input
        compiled_parts = [compiled for _, compiled in [*self._prefill, *self._continuation(rows)]]
        of_parts: int = sum(compiled.residual_bytes for compiled in compiled_parts)
        return of_parts + sum(bytes_of(spec) for each in specs for spec in each) + (len(self._prefill) + 1) * states

    def held_bytes(self) -> int:
        """Return the bytes that a prompt's pass holds, together with its longest continuation that is compiled."""
        return self.residual_bytes(max(list(self._continuations), default=1))

    def rows(self, rows: int) -> int | None:
        """Return the compiled number of rows for a continuation of `rows` tokens.

        None if no compiled number is large enough, or if most of the rows would be padding.
        """
        return next(
            (size for size in sorted(self._continuations) if rows <= size <= 2 * continuation_bucket(rows)), None
        )

    def compile(self, rows: int) -> None:
        """Compile the passes for prompts and continuations of `rows` tokens, by running them once.

        Another thread may use the passes that are already compiled meanwhile.
        """
        self._head.compile()
        rows = continuation_bucket(rows)
        compiled_parts = self._continuation(rows)
        prompt = self.read((0,) * self.length, lambda: None)
        self.cache(prompt)
        continuation = self._read_continuation(prompt, (0,) * (self.length + rows), compiled_parts, rows, lambda: None)
        self._gradient(prompt, continuation, self.length, self.length + 1, lambda: None)
        self._continuations[rows] = compiled_parts

    def read(self, ids: tuple[int, ...], check: Check) -> PromptForward:
        """Run the model on a prompt; save what the backward passes and the continuations need."""
        x = self._embedded(ids, self.length)
        own = self._backend.array(x)[0, : len(ids)]
        row = ops.convert_to_tensor(len(ids) - 1, "int32")
        steps, keys_values = [], []
        for at, ((part, compiled), specs) in enumerate(zip(self._prefill, self._keys_values, strict=True)):
            check()
            is_last = at == len(self._prefill) - 1
            outputs, step = self._compiled_parts.run(compiled, part, [x, row] if is_last else [x])
            steps.append(step)
            keys_values.append(outputs[-2 if is_last else -1] if specs else None)
            x = outputs[-1 if is_last else 0]
        return PromptForward(ids, own, steps, keys_values, x[0])

    def cache(self, prompt: PromptForward) -> Any:
        """Return a prompt's keys and values as a key-value cache in the form of the model's family."""
        found = [each for each in prompt.keys_values if each is not None]
        stacked = found[0] if len(self._prefill) == 1 else ops.stack(found, axis=1)  # [1, L, 2, T, H, K]
        return self._model.kv_cache.family_cache(stacked)

    def gradient(
        self, prompt: PromptForward, ids: tuple[int, ...], start: int, end: int, check: Check
    ) -> tuple[float, NDArray[np.float32], NDArray[np.float32]]:
        """Return a target's loss, and its gradient with respect to the embeddings.

        Args:
            prompt: A forward pass from `read`.
            ids: The whole sequence, which begins with the prompt.
            start: First token of the target, after the prompt.
            end: The token after the target's last one.
            check: Called before each part.

        Returns:
            The loss, in nats; the embeddings and the gradient, both `<float32>[end - 1, D]`.

        Raises:
            ValueError: The passes aren't compiled for a continuation of this length: `rows` returns None.
        """
        if prompt.continuation is None or prompt.continuation.ids != ids:
            prompt.continuation = None  # frees its memory first
            size = self.rows(len(ids) - len(prompt.ids))
            if size is None:
                raise ValueError("not compiled for so many rows")
            prompt.continuation = self._read_continuation(prompt, ids, self._continuations[size], size, check)
        return self._gradient(prompt, prompt.continuation, start, end, check)

    def _gradient(
        self, prompt: PromptForward, continuation: ContinuationForward, start: int, end: int, check: Check
    ) -> tuple[float, NDArray[np.float32], NDArray[np.float32]]:
        first = len(prompt.ids) - 1  # row i predicts token i + 1
        rows = first + np.arange(len(continuation.losses))
        is_target = (start - 1 <= rows) & (rows < end - 1)
        upstream = continuation.upstream * ops.convert_to_tensor(
            is_target[np.newaxis, :, np.newaxis], continuation.upstream.dtype
        )
        earlier, later = self._backward(prompt, continuation, upstream, check)
        gradient = np.concatenate([earlier[:first], later])[: end - 1]
        own = np.concatenate([prompt.own[:first], continuation.own])[: end - 1]
        return float(np.sum(continuation.losses[is_target], dtype=np.float64)), own, gradient

    def _continuation(self, rows: int) -> list[tuple[Part, Any]]:
        parts = self._model.continuation_parts(self.length, rows)
        states, position = Spec((1, rows, self._model.width), self._type), Spec((), "int32")
        return [
            (part, self._compiled_parts.of(part, [states, *specs, position], [states], is_shared))
            for part, specs, is_shared in zip(parts, self._keys_values, are_shared(parts), strict=True)
        ]

    def _read_continuation(
        self, prompt: PromptForward, ids: tuple[int, ...], parts: list[tuple[Part, Any]], rows: int, check: Check
    ) -> ContinuationForward:
        first = len(prompt.ids) - 1
        x = self._embedded(ids[first:-1], rows)
        own = self._backend.array(x)[0, : len(ids) - 1 - first]
        position = ops.convert_to_tensor(first, "int32")
        steps = []
        for (part, compiled), keys_values in zip(parts, prompt.keys_values, strict=True):
            check()
            inputs = [x, position] if keys_values is None else [x, keys_values, position]
            [x], step = self._compiled_parts.run(compiled, part, inputs)
            steps.append(step)
        labels = np.full(rows, -1, np.int32)
        labels[: len(ids) - 1 - first] = ids[first + 1 :]
        losses, upstream = self._head(x[0], labels)
        return ContinuationForward(ids, own, steps, self._backend.array(losses), upstream[np.newaxis])

    def _backward(
        self, prompt: PromptForward, continuation: ContinuationForward, upstream: Any, check: Check
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the gradients with respect to the prompt's and the continuation's embeddings, both padded."""
        later = upstream
        of_keys_values = []
        for step in reversed(continuation.steps):
            check()
            later, *keys_values = step.backward(later)
            of_keys_values.append(keys_values)
        earlier: list[Any] = []
        for step, keys_values in zip(reversed(prompt.steps), of_keys_values, strict=True):
            check()
            earlier = step.backward(*earlier, *keys_values)
        return self._backend.array(earlier[0])[0], self._backend.array(later)[0]

    def _embedded(self, ids: tuple[int, ...], length: int) -> Any:
        padded = np.array([ids + (0,) * (length - len(ids))], np.int32)
        return self._embeddings(ops.convert_to_tensor(padded))
