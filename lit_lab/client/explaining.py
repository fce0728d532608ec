"""Computes what a run doesn't have yet: maps, influences, and answers to changed prompts."""

from __future__ import annotations

from lit_lab.client import effect_table
from lit_lab.client.checked import checked
from lit_lab.client.map_plan import MapPlan
from lit_lab.client.methods import AUTOMATIC
from lit_lab.client.parts import Part, part_of, text_at, without
from lit_lab.client.rendering import one_line
from lit_lab.client.run_state import RunState
from lit_lab.client.run_text import Cutting, cut_run, deleted_segments
from lit_lab.client.salience_map import Map
from lit_lab.client.targets import Target, sentences_of, target_of
from lit_lab.problem import Problem
from lit_lab.protocol import MAX_TARGETS, EffectsRequest, GenerateRequest, SalienceRequest, ScoreRequest, Span
from lit_lab.segmentation.shares import Aggregation

MAX_AUTOMATIC = 2_000_000
"""Maximum number of scores that are computed with each answer, as in the panel."""

MAX_NEW_TOKENS = 256


async def explain_sentences(state: RunState) -> None:
    """Compute the maps of all sentences of the answer, as the panel does when an answer is complete."""
    ids, sentences = state.ids, sentences_of(state.record, Cutting())
    if sentences and len(sentences) <= MAX_TARGETS and len(AUTOMATIC) * len(sentences) * len(ids) <= MAX_AUTOMATIC:
        targets = [Span(start=start, end=end) for start, end in sentences]
        request = SalienceRequest(model=state.record.model, ids=ids, targets=targets, methods=list(AUTOMATIC))
        state.add_scores(await state.connected().salience(request, state.on_event))


async def map_of(
    state: RunState, cutting: Cutting, method: str, target: Target, aggregation: Aggregation, mode: str
) -> Map:
    """Return a map, and compute it where it isn't known. Raises `Problem`."""
    plan = MapPlan(state.record, cutting, method, target, aggregation, mode)
    found = plan.known(state.record)
    # Twice: effects in half precision that the service can't continue are computed anew.
    for _ in range(2):
        if found is not None:
            break
        client, request = state.connected(), plan.request(state.record)
        if isinstance(request, SalienceRequest):
            state.add_scores(await client.salience(request, state.on_event))
        elif isinstance(request, EffectsRequest):
            state.add_effects(await client.effects(request, state.on_event, alone=True))
        else:
            state.add_scores([await client.ablation(request, state.on_event)])
        found = plan.known(state.record)
    if found is None:
        raise _no_result()
    return found


async def influence_of(state: RunState, part: Part, occurrence: int | None, turn: int | None, target: Target) -> float:
    """Return by how much the log-probability of the answer falls without a part of the prompt, in nats. Raises `Problem`."""
    run = state.record
    seam = len(run.prompt_tokens)
    span = target_of(run, target, Cutting())
    place = part_of(run, part, occurrence, turn, Cutting())
    text = cut_run(run, Cutting(), None)
    deleted = deleted_segments(run, text)
    # The panel's own segments first: their effects may be known.
    if deleted is not None and place in deleted.texts:
        request = effect_table.effects_request(run, deleted, state.ids)
        index = deleted.texts.index(place)
        logprobs = effect_table.known_logprobs(run.effects, request)
        known = effect_table.effects_on(logprobs, len(deleted.texts), span, seam)[index]
        if known is not None:
            return known
    request = checked(
        EffectsRequest,
        model=run.model,
        prompt=None if run.turns else run.prompt,
        turns=run.turns or None,
        chat="off" if run.chat == "plain" else "on",
        thinking=run.thinking,
        ids=state.ids,
        answer_start=seam,
        segments=[place],
        samples=0,
        held_out=0,
        precision="float32",  # a copy and its check would cost more than these two passes
    )

    def single() -> float | None:
        return effect_table.effects_on(effect_table.known_logprobs(state.record.effects, request), 1, span, seam)[0]

    if (value := single()) is None:
        state.add_effects(await state.connected().effects(request, state.on_event))
        value = single()
    if value is None:
        raise _no_result()
    return value


async def without_part(
    state: RunState, part: Part, occurrence: int | None, turn: int | None, max_new_tokens: int | None
) -> RunState:
    """Return the run of the prompt without a part. Raises `Problem`."""
    run = state.record
    place = part_of(run, part, occurrence, turn, Cutting())
    prompt, turns = without(run, place)
    shared = {
        "model": run.model,
        "prompt": None if turns else prompt,
        "turns": turns or None,
        "chat": "off" if run.chat == "plain" else "on",
        "thinking": run.thinking,
        "origin": run.origin,
    }
    client = state.connected()
    if run.reason == "forced_answer":
        record = await client.score(checked(ScoreRequest, target=run.answer, **shared), state.on_event)
    else:
        most = max_new_tokens or state.max_new_tokens or max(MAX_NEW_TOKENS, len(run.answer_tokens))
        request = checked(
            GenerateRequest,
            max_new_tokens=most,
            sampling=run.sampling.model_dump(),
            stop=run.stop,
            title=f"Without “{one_line(text_at(run, place), 60)}”",
            **shared,
        )
        record = await client.generate(request, state.on_event)
    made = RunState(record, client, state.max_new_tokens, state.on_event)
    await explain_sentences(made)
    return made


def _no_result() -> Problem:
    return Problem(502, "no_result", "The job ended without these scores.", "Run it again.")
