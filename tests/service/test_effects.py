"""Effects: an answer's scores after parts of its prompt were deleted, compared with plain passes of the edited prompts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lit_lab.deletion import delete
from lit_lab.deletion import replace as replaced
from lit_lab.problem import Problem
from lit_lab.protocol import (
    AnswerEvent,
    EffectsEvent,
    EffectsRequest,
    EstimateRequest,
    GenerateRequest,
    PromptEvent,
    Span,
    TextSpan,
    Turn,
)
from lit_lab.service.cancellation import Cancellation, Cancelled
from lit_lab.service.effects import EditedPrompt, PrefixScorer, blocks_of, explain, prefix_scorer
from lit_lab.service.tokens import SequenceTokenizer, TokenizedPrompt

EXACT = {"atol": 1e-5, "rtol": 1e-5}
"""As exact as float32 is: the logits behind an improbable token's log-probability are large, and so is their rounding."""

DELETIONS = Path(__file__).parents[1] / "fixtures" / "text" / "deletions.json"

PROMPT = "I like eggs. I don't like ham.\nThe dish is an omelette of eggs and ham. Do I like it?"
SENTENCES = [(0, 12), (13, 30), (31, 70), (71, 85)]


def answered(model: Any, prompt: str, **more: Any) -> tuple[list[int], list[int]]:
    """Return the ids of a prompt and of its answer."""
    events = list(model.generate(GenerateRequest(model="m", prompt=prompt, max_new_tokens=12, **more), Cancellation()))
    (before,) = (event for event in events if isinstance(event, PromptEvent))
    (answer,) = (event for event in events if isinstance(event, AnswerEvent))
    return [token.id for token in before.tokens], [token.id for token in answer.tokens]


@pytest.fixture(scope="module")
def request_of_run(embedded: Any) -> EffectsRequest:
    prompt, answer = answered(embedded, PROMPT)
    return EffectsRequest(
        model="m",
        prompt=PROMPT,
        ids=prompt + answer,
        answer_start=len(prompt),
        segments=[TextSpan(turn=0, start=start, end=end) for start, end in SENTENCES],
        samples=20,
        held_out=5,
    )


def plain_logprobs(model: Any, sequences: Sequence[Sequence[int]], count: int) -> np.ndarray[Any, Any]:
    """Return the last tokens' log-probabilities by Keras's own forward pass of one padded batch, without a cache."""
    from keras import ops

    lengths = np.array([*map(len, sequences)])
    mask = np.arange(lengths.max()) < lengths[:, None]
    tokens = np.zeros(mask.shape, np.int32)
    tokens[mask] = [id for ids in sequences for id in ids]
    logits = np.asarray(ops.convert_to_numpy(model.causal_lm({"token_ids": tokens, "padding_mask": mask})))
    before = lengths[:, None] - count - 1 + np.arange(count)
    rows = np.take_along_axis(logits, before[:, :, None], axis=1).astype(np.float64)
    most = rows.max(2, keepdims=True)
    total = np.log(np.exp(rows - most).sum(2, keepdims=True)) + most
    labels = np.array([ids[-count:] for ids in sequences])[:, :, None]
    return np.asarray((np.take_along_axis(rows, labels, axis=2) - total)[:, :, 0])


def events_of(model: Any, request: EffectsRequest) -> list[EffectsEvent]:
    return [event for event in model.effects(request, Cancellation()) if isinstance(event, EffectsEvent)]


def rows_of(events: Sequence[EffectsEvent]) -> list[tuple[str, tuple[int, ...], list[float | None]]]:
    return [
        (event.kind, tuple(removed), row)
        for event in events
        for removed, row in zip(event.removed, event.logprobs, strict=True)
    ]


def test_scores_are_those_of_a_plain_pass_of_the_edited_prompt(embedded: Any, request_of_run: EffectsRequest) -> None:
    rows = rows_of(events_of(embedded, request_of_run))
    count = len(request_of_run.ids) - request_of_run.answer_start
    assert [kind for kind, *_ in rows] == ["one"] * 5 + ["held_out"] * 5 + ["random"] * 20
    assert {removed for kind, removed, _ in rows if kind == "one"} == {(), (0,), (1,), (2,), (3,)}
    edited = []
    for _, removed, _ in rows:
        text = delete(
            PROMPT, [TextSpan(turn=0, start=SENTENCES[index][0], end=SENTENCES[index][1]) for index in removed]
        )
        ids = [token.id for token in embedded.tokenizer.tokenize_prompt(text).tokens]
        edited.append(ids + request_of_run.ids[request_of_run.answer_start :])
    found = np.array([row for *_, row in rows], float)
    np.testing.assert_allclose(found, plain_logprobs(embedded, edited, count), **EXACT)


@pytest.mark.parametrize("case", json.loads(DELETIONS.read_text()), ids=lambda case: repr(case["text"]))
def test_a_gap_goes_with_what_is_deleted(case: dict[str, Any]) -> None:
    spans = [TextSpan(turn=0, start=start, end=end) for start, end in case["deleted"]]
    assert delete(case["text"], spans) == case["left"]


def test_a_segment_may_be_replaced_instead(embedded: Any, request_of_run: EffectsRequest) -> None:
    edited = EditedPrompt(request_of_run, embedded.tokenizer, embedded.window, replacement="It is so.")
    ids, stays = edited.without((1, 3))
    text = "I like eggs. It is so.\nThe dish is an omelette of eggs and ham. It is so."
    assert ids[: -len(stays)] == [token.id for token in embedded.tokenizer.tokenize_prompt(text).tokens]
    assert edited.without(())[0] == request_of_run.ids


@pytest.mark.parametrize(
    ("spans", "left"),
    [
        ([(0, 9)], "So. Two.\n\nThree."),  # the blank after it stays
        ([(8, 15)], "One one. So.\n\nThree."),  # and so does the blank before it
        ([(0, 9), (9, 15), (15, 21)], "So. So.\n\nSo."),
        ([(13, 15)], "One one. Two.\n\nThree."),  # only blanks
    ],
)
def test_blanks_around_what_is_replaced_stay(spans: list[tuple[int, int]], left: str) -> None:
    given = [TextSpan(turn=0, start=start, end=end) for start, end in spans]
    assert replaced("One one. Two.\n\nThree.", given, "So.") == left


def test_one_token_stays_if_the_model_has_no_start_token(embedded: Any, request_of_run: EffectsRequest) -> None:
    class Startless(SequenceTokenizer):
        def tokenize_prompt(self, *args: Any, **more: Any) -> TokenizedPrompt:
            found = super().tokenize_prompt(*args, **more)
            return replace(found, tokens=[token for token in found.tokens if token.kind != "template"])

    tokenizer = copy(embedded.tokenizer)
    tokenizer.__class__ = Startless
    ids = [token.id for token in tokenizer.tokenize_prompt(PROMPT).tokens]
    answer = request_of_run.ids[request_of_run.answer_start :]
    whole = [TextSpan(turn=0, start=0, end=len(PROMPT))]
    request = request_of_run.model_copy(update={"ids": ids + answer, "answer_start": len(ids), "segments": whole})
    removed, _ = EditedPrompt(request, tokenizer, embedded.window).without([0])
    assert removed == ids[:1] + answer


def test_more_samples_add_sets_at_the_end_and_skip_continues(embedded: Any, request_of_run: EffectsRequest) -> None:
    short = request_of_run.model_copy(update={"samples": 16})
    long = request_of_run.model_copy(update={"samples": 40})
    first, all_sets = rows_of(events_of(embedded, short)), rows_of(events_of(embedded, long))
    assert [row[:2] for row in all_sets[: len(first)]] == [row[:2] for row in first]
    rest = events_of(embedded, long.model_copy(update={"skip": len(first)}))
    assert rest[0].first == len(first)
    assert [row[:2] for row in first + rows_of(rest)] == [row[:2] for row in all_sets]
    np.testing.assert_allclose([row for *_, row in first + rows_of(rest)], [row for *_, row in all_sets], **EXACT)


def test_chosen_sets_are_scored_instead_of_all_others(embedded: Any, request_of_run: EffectsRequest) -> None:
    request = request_of_run.model_copy(update={"chosen": [[1, 3], [0, 2]]})
    (event,) = events_of(embedded, request)
    assert (event.kind, event.first, event.total, event.removed) == ("chosen", 0, 2, [[1, 3], [0, 2]])
    assert embedded.estimate(request).passes == 2
    left = delete(PROMPT, [TextSpan(turn=0, start=SENTENCES[at][0], end=SENTENCES[at][1]) for at in (1, 3)])
    answer = request.ids[request.answer_start :]
    ids = [token.id for token in embedded.tokenizer.tokenize_prompt(left).tokens] + answer
    (expected,) = plain_logprobs(embedded, [ids], len(answer))
    np.testing.assert_allclose(np.array(event.logprobs[0], float), expected, **EXACT)
    (rest,) = events_of(embedded, request.model_copy(update={"skip": 1}))
    assert (rest.first, rest.removed) == (1, [[0, 2]])


def test_a_part_of_the_answer_is_left_out_by_its_tokens(embedded: Any, request_of_run: EffectsRequest) -> None:
    start = request_of_run.answer_start
    request = request_of_run.model_copy(
        update={"answer_segments": [Span(start=start + 1, end=start + 3)], "samples": 0, "held_out": 0}
    )
    rows = rows_of(events_of(embedded, request))
    ((_, _, row),) = (row for row in rows if row[1] == (4,))
    assert row[1:3] == [None, None]
    ids = [*request.ids[: start + 1], *request.ids[start + 3 :]]
    (expected,) = plain_logprobs(embedded, [ids], len(ids) - start)
    np.testing.assert_allclose(np.array([row[0], *row[3:]], float), expected, **EXACT)


def test_turns_of_a_conversation(embedded: Any) -> None:
    turns = [
        Turn(role="user", text="Name a fruit. Be brief."),
        Turn(role="model", text="Pear."),
        Turn(role="user", text="Why?"),
    ]
    tokens = embedded.tokenizer.tokenize_turns(turns).tokens
    ids = [token.id for token in tokens]
    answer = [token.id for token in embedded.tokenizer.answer("Because.")]
    request = EffectsRequest(
        model="m",
        turns=turns,
        ids=ids + answer,
        answer_start=len(ids),
        segments=[
            TextSpan(turn=0, start=0, end=13),
            TextSpan(turn=0, start=14, end=23),
            TextSpan(turn=1, start=0, end=5),
        ],
        samples=8,
        held_out=0,
    )
    edited = EditedPrompt(request, embedded.tokenizer, embedded.window)
    removed, _ = edited.without({1})
    brief = [turns[0].model_copy(update={"text": "Name a fruit."}), *turns[1:]]
    assert removed == [token.id for token in embedded.tokenizer.tokenize_turns(brief).tokens] + answer
    for _, _, row in rows_of(events_of(embedded, request)):
        assert len(row) == len(answer)


class Counted(PrefixScorer):
    """Counts its passes."""

    passes = 0

    def token_logprobs(self, sequences: Sequence[Sequence[int]], num_targets: Sequence[int]) -> Any:
        self.passes += 1
        return super().token_logprobs(sequences, num_targets)


def test_shared_beginnings_are_computed_once(
    embedded: Any, request_of_run: EffectsRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefix_scorer, "PASS_WEIGHTS", 0)
    request = request_of_run.model_copy(update={"samples": 0, "held_out": 0})
    scorer = Counted(embedded.decoder.cached_pass)
    list(explain(request, embedded.tokenizer, scorer, embedded.window, Cancellation()))
    edited = EditedPrompt(request, embedded.tokenizer, embedded.window)
    alone = sum(
        len(edited.without(removed.indices)[0]) - 1 for (block,) in [blocks_of(4, 0, request)] for removed in block
    )
    assert scorer.passes == 5
    assert scorer.tokens < 0.8 * alone


def test_nothing_is_left_to_score(embedded: Any, request_of_run: EffectsRequest) -> None:
    whole = Span(start=request_of_run.answer_start, end=len(request_of_run.ids))
    everything = [*range(len(request_of_run.segments) + 1)]
    request = request_of_run.model_copy(
        update={"answer_segments": [whole], "chosen": [[everything[-1]], everything, [0]]}
    )
    scored = rows_of(events_of(embedded, request))
    assert [any(score is not None for score in row) for *_, row in scored] == [False, False, True]
    alone = request.model_copy(update={"chosen": [everything]})
    assert rows_of(events_of(embedded, alone))[0][-1] == [None] * (whole.end - whole.start)
    short = PrefixScorer(embedded.decoder.cached_pass)
    found = [short.token_logprobs([[2], [2, 5, 6]], [0, 2]), short.token_logprobs([[2]], [0])]
    assert [[len(row) for row in rows] for rows in found] == [[0, 2], [0]]
    assert list(short.groups([[2], [2, 5, 6]], [0, 2]))


def test_a_cancelled_job_ends_before_the_next_pass(embedded: Any, request_of_run: EffectsRequest) -> None:
    cancellation = Cancellation()

    class Cancels(Counted):
        def token_logprobs(self, sequences: Sequence[Sequence[int]], num_targets: Sequence[int]) -> Any:
            cancellation.set()
            return super().token_logprobs(sequences, num_targets)

    scorer = Cancels(embedded.decoder.cached_pass)
    with pytest.raises(Cancelled):
        list(explain(request_of_run, embedded.tokenizer, scorer, embedded.window, cancellation))
    assert scorer.passes == 1


def test_a_budget_ends_the_job_and_skip_continues_it(embedded: Any, request_of_run: EffectsRequest) -> None:
    def clock() -> Iterator[float]:
        seconds = 0.0
        while True:
            yield seconds
            seconds += 1

    ticks = clock()
    request = request_of_run.model_copy(update={"seconds": 4.0})
    scorer = PrefixScorer(embedded.decoder.cached_pass)
    found = [
        event
        for event in explain(request, embedded.tokenizer, scorer, embedded.window, Cancellation(), lambda: next(ticks))
        if isinstance(event, EffectsEvent)
    ]
    count = sum(len(event.removed) for event in found)
    assert 0 < count < found[0].total == 30
    rest = events_of(embedded, request_of_run.model_copy(update={"skip": count}))
    assert rows_of(rest)[0][1] == rows_of(events_of(embedded, request_of_run))[count][1]


def test_a_prompt_that_reads_as_other_tokens_is_refused(embedded: Any, request_of_run: EffectsRequest) -> None:
    changed = request_of_run.model_copy(update={"prompt": PROMPT.replace("eggs", "nuts", 1)})
    with pytest.raises(Problem, match="other tokens") as caught:
        events_of(embedded, changed)
    assert caught.value.code == "prompt_changed"


def test_sets_that_repeat_are_scored_once(embedded: Any, request_of_run: EffectsRequest) -> None:
    asked: list[Sequence[int]] = []

    class Asked(PrefixScorer):
        def token_logprobs(self, sequences: Sequence[Sequence[int]], num_targets: Sequence[int]) -> Any:
            asked.extend(sequences)
            return super().token_logprobs(sequences, num_targets)

    scorer = Asked(embedded.decoder.cached_pass)
    found = explain(request_of_run, embedded.tokenizer, scorer, embedded.window, Cancellation())
    rows = rows_of([event for event in found if isinstance(event, EffectsEvent)])
    assert len(rows) == 30
    assert len(asked) == len({tuple(ids) for ids in asked}) == len({removed for _, removed, _ in rows}) <= 16
    by_set: dict[tuple[int, ...], Any] = {}
    for _, removed, row in rows:
        assert by_set.setdefault(removed, row) == row


def test_the_cost_is_estimated_in_sets(embedded: Any, request_of_run: EffectsRequest) -> None:
    rows = rows_of(events_of(embedded, request_of_run))
    estimate = embedded.estimate(EstimateRequest(request=request_of_run).request)
    assert estimate.passes == len({removed for _, removed, _ in rows})
    assert estimate.seconds is not None
    rest = embedded.estimate(request_of_run.model_copy(update={"skip": 20}))
    assert rest.passes == len({removed for _, removed, _ in rows[20:]})
    one = request_of_run.model_copy(update={"segments": request_of_run.segments[:1]})
    assert embedded.estimate(one).passes == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"segments": [TextSpan(turn=0, start=0, end=len(PROMPT) + 1)]},
        {"segments": [TextSpan(turn=0, start=5, end=9), TextSpan(turn=0, start=8, end=12)]},
        {"segments": [TextSpan(turn=1, start=0, end=3)]},
        {"answer_start": 10**4},
        {"answer_segments": [Span(start=1, end=2)]},
        {"chosen": [[4]]},
        {"chosen": [[1, 0]]},
        {"chosen": [[1, 1]]},
        {"chosen": [[]]},
    ],
)
def test_requests_that_contradict_themselves_are_refused(request_of_run: EffectsRequest, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        EffectsRequest.model_validate(
            {
                **request_of_run.model_dump(),
                **{
                    k: [s if isinstance(s, list) else s.model_dump() for s in v] if isinstance(v, list) else v
                    for k, v in wrong.items()
                },
            }
        )
