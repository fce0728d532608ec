"""Targets, and parts of prompts: what users may write, and what it means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from runs import record, tokens

from lit_lab import Problem, protocol
from lit_lab.client.parts import part_of, text_at, without
from lit_lab.client.run_text import Cutting, cut_run, deleted_segments, text_of
from lit_lab.client.salience_map import Segment
from lit_lab.client.targets import example_label, target_of

CASES = json.loads((Path(__file__).parents[1] / "fixtures/text/fewshot.json").read_text("utf-8"))["cases"]
CUT = Cutting()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_few_shot_prompt_s_label_is_the_panel_s(case: dict[str, str]) -> None:
    assert example_label(case["prompt"]) == case["label"]


def text_at_target(run: protocol.RunRecord, target: Any) -> str:
    span = target_of(run, target, CUT)
    return text_of([*run.prompt_tokens, *run.answer_tokens], span).strip()


@pytest.mark.parametrize(
    ("answer", "reason", "last"),
    [
        ("It is. Try it", "end", "Try it"),
        ("It is. Try it.", "length", "Try it."),
        ("It is. Try it", "length", "It is."),
        ("It is. Try it", "window", "It is."),
        ("It is", "length", "It is"),
    ],
)
def test_the_default_target_is_the_last_sentence(answer: str, reason: str, last: str) -> None:
    assert text_at_target(record("Soup?", answer, reason=reason), None) == last


def test_the_default_target_is_before_another_example() -> None:
    run = record("Dish: soup\nAdvice: yes\n\nDish: pie\nAdvice:", " No. Never.\nDish: tart\nAdvice: Yes")
    assert text_at_target(run, None) == "Never."


def test_targets_are_texts_sentences_and_slices() -> None:
    run = record("Soup?", "It is hot. Try it. It is good.")
    seam = len(run.prompt_tokens)
    assert text_at_target(run, "is hot") == "is hot"
    assert text_at_target(run, " Try it. ") == "Try it."
    assert [text_at_target(run, index) for index in (0, 1, -1)] == ["It is hot.", "Try it.", "It is good."]
    assert text_at_target(run, slice(seam, seam + 2)) == "It is"
    assert text_at_target(run, slice(None)) == run.answer
    assert text_at_target(run, slice(-4, None)) == "It is good."


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("soup", "no_target"),
        ("", "no_target"),
        ("It is", "several_targets"),
        (3, "no_target"),
        (-4, "no_target"),
        (slice(0, 2), "no_target"),
        (slice(3, 99), "no_target"),
        (slice(5, 5), "no_target"),
        (slice(3, 9, 2), "no_target"),
    ],
)
def test_what_is_no_target_is_refused(target: Any, code: str) -> None:
    with pytest.raises(Problem) as problem:
        target_of(record("Soup?", "It is hot. Try it. It is good."), target, CUT)
    assert problem.value.code == code


def test_an_empty_answer_has_no_target() -> None:
    for answer in ("", " "):
        with pytest.raises(Problem, match="nothing to explain"):
            target_of(record("Soup?", answer), None, CUT)


def place(run: protocol.RunRecord, part: Any, occurrence: int | None = None, turn: int | None = None) -> str:
    found = part_of(run, part, occurrence, turn, CUT)
    return f"{found.turn}:{found.start}:{text_at(run, found)}"


PROMPT = "Say yes. Be brief.\n\nSay yes twice. Ünïcode 🍜 soup."


def test_parts_are_texts_slices_and_segments() -> None:
    run = record(PROMPT, "Yes.")
    assert place(run, "Be brief.") == "0:9:Be brief."
    assert place(run, " soup. ") == f"0:{PROMPT.index('soup')}:soup."
    assert place(run, slice(8, 19)) == "0:9:Be brief."
    assert place(run, "Say yes", occurrence=0) == "0:0:Say yes"
    assert place(run, "Say yes", occurrence=-1) == "0:20:Say yes"
    text = cut_run(run, CUT, None)
    for span in text.prompt:
        segment = Segment(1, 1.0, 1.0, text.text(span), slice(*span))
        assert place(run, segment).split(":", 2)[2] == text.text(span).strip()


@pytest.mark.parametrize(
    ("part", "occurrence", "code", "says"),
    [
        ("No", None, "no_part", "isn't in the prompt"),
        ("  ", None, "no_part", "isn't in the prompt"),
        ("Say yes", None, "several_parts", "occurrence=0 to 1"),
        ("Say yes", 2, "no_part", "no occurrence 2"),
        (slice(18, 20), None, "no_part", "no text"),
        (slice(90, 99), None, "no_part", "no text"),
        (Segment(1, 1.0, 1.0, "Yes.", slice(17, 18)), None, "no_part", "isn't a part of this run's prompt"),
    ],
)
def test_a_part_that_isn_t_there_or_not_once_is_refused(
    part: Any, occurrence: int | None, code: str, says: str
) -> None:
    with pytest.raises(Problem, match=says) as problem:
        place(record(PROMPT, "Yes."), part, occurrence)
    assert problem.value.code == code


def conversation() -> protocol.RunRecord:
    turns = [{"role": "system", "text": "Be brief."}, {"role": "user", "text": "  Soup? Soup!"}]
    pieces, spans = [{"id": 2, "piece": "<bos>", "text": "", "kind": "template"}], []
    for turn in turns:
        marker = {"id": 3, "piece": "<start_of_turn>", "text": "", "kind": "template"}
        found = tokens(turn["text"].strip())  # as a chat format does
        spans.append({"start": len(pieces) + 1, "end": len(pieces) + 1 + len(found)})
        pieces += [marker, *found]
    return record("", "Yes.", prompt_tokens=pieces, turns=turns, turn_spans=spans, chat="turns")


def test_parts_of_a_conversation_are_in_its_turns() -> None:
    run = conversation()
    assert place(run, "brief") == "0:3:brief"
    assert place(run, "Soup!") == "1:8:Soup!"
    assert place(run, slice(0, 4), turn=1) == "1:2:So"
    with pytest.raises(Problem, match="Say which turn"):
        place(run, slice(0, 2))
    with pytest.raises(Problem, match="2 turns"):
        place(run, "brief", turn=2)
    prompt, turns = without(run, part_of(run, "Be brief.", None, None, CUT))
    assert (prompt, [(turn.role, turn.text) for turn in turns]) == ("", [("user", "  Soup? Soup!")])


def test_what_effects_delete_are_the_characters_of_its_sentences() -> None:
    for run in (record(PROMPT, "Yes. No. Perhaps."), conversation()):
        text = cut_run(run, CUT, None)
        found = deleted_segments(run, text)
        assert found is not None
        texts = [turn.text for turn in run.turns] or [run.prompt]
        deleted = [texts[span.turn][span.start : span.end] for span in found.texts]
        assert deleted == [text.text(span).strip() for span in text.prompt]
        assert found.spans == [*text.prompt, *text.answer[:-1]]
    other = record("Soup?", "Yes.").model_copy(update={"prompt": "Another text"})
    assert deleted_segments(other, cut_run(other, CUT, None)) is None


def test_a_prompt_without_a_part_closes_the_gap() -> None:
    run = record(PROMPT, "Yes.")
    assert without(run, part_of(run, "Be brief.", None, None, CUT))[0] == "Say yes.\n\nSay yes twice. Ünïcode 🍜 soup."
    with pytest.raises(Problem, match="Nothing of the prompt"):
        without(run, part_of(run, slice(None), None, None, CUT))
