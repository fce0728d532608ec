"""Answers a prompt: first its tokens, then the answer's one by one, then the answer as a whole."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

from lit_lab.problem import Problem
from lit_lab.protocol import (
    Alternative,
    AnswerEvent,
    AnswerToken,
    GenerateRequest,
    PromptEvent,
    Reason,
    ScoreRequest,
    StateEvent,
    Token,
    TokenEvent,
)

from .cancellation import Cancellation
from .generation import Decoder, Read, Step
from .stopping import Holding
from .tokens import AnswerStream, SequenceTokenizer, TokenizedPrompt

MIN_LOGPROB = -1e30  # for impossible tokens: JSON has no minus infinity

Shared = Callable[[Sequence[int], int], Any | None]
"""Takes a sequence and a position in it; returns the hidden states that predict the tokens from there on,
`[num_tokens, width]`, or None if there is no pass with them."""


def answer(
    tokenizer: SequenceTokenizer,
    decoder: Decoder,
    window: int,
    request: GenerateRequest,
    cancellation: Cancellation,
    read: Read = lambda ids: None,
) -> Iterator[StateEvent | PromptEvent | TokenEvent | AnswerEvent]:
    """Answer a prompt.

    The answer ends at an end token, at the first stop sequence, or when the window is full. A token that begins at or after the
    beginning of the stop sequence isn't part of the answer; a token that begins before it is, as a whole. The cache contains
    all of them: it is looked up by its tokens.

    Args:
        tokenizer: The model's tokenizer.
        decoder: The model's decoder.
        window: Maximum number of tokens, prompt and answer together.
        request: The prompt, which isn't empty, and how to answer it.
        cancellation: Checked before every token.
        read: Reads the prompt, if another pass will use it.

    Raises:
        Problem: `empty_prompt`, `prompt_too_long`, `no_chat_format`, `no_system_turn`, `turns_refused`, `empty_turn`, `lone_surrogate`
            or `not_finite`.
        Cancelled: The reader is gone.
    """
    started = time.monotonic()
    prompt = _tokenize(tokenizer, window, request)
    tokens = prompt.tokens
    yield _prompt_event(prompt, window)
    yield StateEvent(message=f"Reading the prompt ({len(tokens)} tokens)…")
    ids = [token.id for token in tokens]
    length = min(window, len(ids) + request.max_new_tokens)
    stream = tokenizer.streamed()
    taken: list[Step] = []
    alternatives: list[list[Alternative]] = []
    holding: Holding[AnswerToken] = Holding(request.stop)
    ended = False
    first: float | None = None
    # Closed at once however it ends, so that its results are there for the next prompt.
    with closing(decoder.steps(ids, length, request.sampling, request.alternatives, cancellation, read)) as steps:
        try:
            for step in steps:
                cancellation.check()
                first = time.monotonic() - started if first is None else first
                if step.id in tokenizer.stop_ids:
                    ended = True
                    break
                taken.append(step)
                alternatives.append(_alternatives(stream, step))
                token = stream.add(step.id)
                for sure in holding.add(_sure(token, step, alternatives[-1]), token.text, stream.earlier):
                    yield TokenEvent(token=sure)
                if holding.found is not None:
                    break
        except Problem:
            # The whole answer is stored.
            for sure in holding.finish():
                yield TokenEvent(token=sure)
            raise
    streamed = sum(len(token.text) for token in stream.tokens)
    rest = "".join(token.text for token in stream.finish())[streamed:]
    for sure in holding.finish(rest):
        yield TokenEvent(token=sure)
    found = holding.found
    if found is not None:
        del taken[holding.kept :], alternatives[holding.kept :]
        # Decoded again: the last token may end inside a character whose other bytes are the stop sequence's.
        stream = tokenizer.streamed()
        for step in taken:
            stream.add(step.id)
    answered = [
        _sure(token, step, others) for token, step, others in zip(stream.finish(), taken, alternatives, strict=True)
    ]
    yield AnswerEvent(
        text="".join(token.text for token in answered),
        tokens=answered,
        reason=_reason(ended, found is not None, len(answered) == request.max_new_tokens),
        stopped_at=found.sequence if found else None,
        seconds=time.monotonic() - started,
        first_seconds=first,
        reused=decoder.reused,
    )


def forced_answer(
    tokenizer: SequenceTokenizer,
    decoder: Decoder,
    window: int,
    request: ScoreRequest,
    cancellation: Cancellation,
    shared: Shared = lambda ids, start: None,
) -> Iterator[StateEvent | PromptEvent | TokenEvent | AnswerEvent]:
    """Yield how probable a forced answer is after a prompt, as the events of an answer.

    The text is tokenized separately from the prompt, like an answer.

    Args:
        tokenizer: The model's tokenizer.
        decoder: The model's decoder.
        window: Maximum number of tokens, prompt and text together.
        request: The prompt and the text.
        cancellation: Checked between parts of the prompt and the text.
        shared: Returns the hidden states, if another pass will use the same tokens.

    Raises:
        Problem: `empty_prompt`, `prompt_too_long`, `target_too_long`, `not_tokenizable`, `no_chat_format`, `no_system_turn`,
            `turns_refused`, `empty_turn`, `lone_surrogate` or `not_finite`.
        Cancelled: The reader is gone.
    """
    started = time.monotonic()
    prompt = _tokenize(tokenizer, window, request)
    tokens = prompt.tokens
    target = tokenizer.answer(request.target)
    if len(tokens) + len(target) > window:
        raise Problem(
            422,
            "target_too_long",
            f"The prompt is {len(tokens)} tokens long and the forced answer {len(target)}; the model's window has {window}.",
            "Shorten one of them, or choose a model with a larger window.",
        )
    yield _prompt_event(prompt, window)
    yield StateEvent(message=f"Reading the prompt ({len(tokens)} tokens)…")
    ids = [token.id for token in tokens]
    stream = tokenizer.streamed()  # what the alternatives follow
    scored: list[AnswerToken] = []
    first: float | None = None
    target_ids = [token.id for token in target]
    hidden = shared([*ids, *target_ids], len(ids))
    if hidden is None:
        known = decoder.forced(ids, target_ids, request.alternatives, cancellation)
    else:
        known = decoder.scored_from(hidden, target_ids, request.alternatives)
    with closing(known) as steps:
        for token, step in zip(target, steps, strict=True):
            cancellation.check()
            first = time.monotonic() - started if first is None else first
            scored.append(_sure(token, step, _alternatives(stream, step)))
            stream.add(token.id)
            yield TokenEvent(token=scored[-1])
    yield AnswerEvent(
        text=request.target,
        tokens=scored,
        reason="forced_answer",
        seconds=time.monotonic() - started,
        first_seconds=first,
        reused=decoder.reused,
    )


def _sure(token: Token, step: Step, alternatives: list[Alternative]) -> AnswerToken:
    return AnswerToken(**token.model_dump(), logprob=_finite(step.logprob), alternatives=alternatives)


def _alternatives(stream: AnswerStream, step: Step) -> list[Alternative]:
    """Return the alternatives to a token, with their texts after the previous tokens."""
    return [
        Alternative(id=token.id, piece=token.piece, text=token.text, logprob=_finite(logprob))
        for token, logprob in ((stream.instead(id), logprob) for id, logprob in step.alternatives)
    ]


def _reason(ended: bool, stopped: bool, is_full: bool) -> Reason:
    if stopped:
        return "stop"
    return "end" if ended else "length" if is_full else "window"


def _finite(logprob: float) -> float:
    return max(logprob, MIN_LOGPROB) if not math.isnan(logprob) else MIN_LOGPROB


def _tokenize(tokenizer: SequenceTokenizer, window: int, request: GenerateRequest | ScoreRequest) -> TokenizedPrompt:
    if request.turns is not None:
        prompt = tokenizer.tokenize_turns(request.turns, request.chat, request.thinking)
    elif request.prompt:
        prompt = tokenizer.tokenize_prompt(request.prompt, request.chat, request.thinking)
    else:
        raise Problem(422, "empty_prompt", "The prompt is empty.", "Write a prompt first.")
    length = len(prompt.tokens)
    if length >= window:
        added = sum(token.kind == "template" for token in prompt.tokens)
        raise Problem(
            422,
            "prompt_too_long",
            f"The prompt is {length} tokens long{_of_chat(prompt, added)}; the model's window has {window}, "
            "which must also hold the answer.",
            "Shorten the prompt, or choose a model with a larger window.",
        )
    return prompt


def _prompt_event(prompt: TokenizedPrompt, window: int) -> PromptEvent:
    return PromptEvent(
        tokens=prompt.tokens,
        window=window,
        chat=prompt.use,
        thinking=prompt.thinks,
        turn_spans=list(prompt.turn_spans),
        system=prompt.system,
    )


def _of_chat(prompt: TokenizedPrompt, added: int) -> str:
    return "" if prompt.use == "plain" else f", {added} of them the chat format's"
