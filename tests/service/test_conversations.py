"""Conversations: the ids of the whole conversation in its format, and the turn of each token."""

from __future__ import annotations

import io
from typing import Any

import pytest
from chat_templates import GEMMA3
from chats import BYTE_LEVEL, END, MODEL, USER, by_keras, byte_level, ids_of
from conversations import TALK, WITH_SYSTEM, check_owned, refusal, turns_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_templates import made_by

from lit_lab.problem import Problem
from lit_lab.protocol import AnswerEvent, GenerateRequest, PromptEvent, PromptRequest, ScoreRequest
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.chat import FORMATS
from lit_lab.service.pieces import SentencePieces
from lit_lab.service.templates.found import Found
from lit_lab.service.templates.known import known
from lit_lab.service.tokens import SequenceTokenizer
from lit_lab.surrogates import check_texts


@pytest.fixture(scope="module")
def base(causal_lm: Any) -> Any:
    """The small preset, without a sign that it is instruction-tuned."""
    from lit_lab.service.language_model import LanguageModel

    return LanguageModel(causal_lm)


GEMMAS: dict[str, tuple[list[tuple[str, str]], str, str | None]] = {
    "a user's turn": ([("user", "Onion")], f"{USER}Onion{END}\n{MODEL}", None),
    "several turns": (
        TALK,
        f"{USER}Name a red fruit.{END}\n{MODEL}Apple.{END}\n{USER}And a green one?{END}\n{MODEL}",
        None,
    ),
    "the system's text in the first user turn": (
        [("system", "Be brief."), ("user", "Onion")],
        f"{USER}Be brief.\n\nOnion{END}\n{MODEL}",
        "user",
    ),
    "a model's turn that goes on": (
        [("user", "Onion"), ("model", "It has")],
        f"{USER}Onion{END}\n{MODEL}It has",
        None,
    ),
    "line breaks at the ends": ([("user", "\nOnion\n")], f"{USER}\nOnion\n{END}\n{MODEL}", None),
}


@pytest.mark.parametrize("case", GEMMAS)
def test_ids_are_those_that_keras_makes_of_gemmas_conversation(base: Any, case: str) -> None:
    said, expected, system = GEMMAS[case]
    prompt = base.tokenizer.tokenize_turns(turns_of(said))
    assert ids_of(prompt.tokens) == by_keras(base, expected)
    assert prompt.system == system
    check_owned(prompt, turns_of(said))


def test_one_users_turn_is_the_same_as_a_prompt(base: Any) -> None:
    for text in ("Onion soup", "\nOnion 😀\n", f"an {END} in it"):
        turn = base.tokenizer.tokenize_turns(turns_of([("user", text)]))
        prompt = base.tokenizer.tokenize_prompt(f"{text}", "on")
        if END not in text:
            assert turn.tokens == prompt.tokens
        check_owned(turn, turns_of([("user", text)]))


TEXT = st.one_of(
    st.sampled_from(["\n\nOnion\n\n", "\n 😀", " é ", "漢\n", END, "▁", "<bos>", "user", "{{ messages }}"]),
    st.text(max_size=5),
)


@settings(max_examples=60)
@given(st.one_of(st.just(""), TEXT), st.lists(TEXT, min_size=1, max_size=5))
def test_texts_join_to_each_turn(base: Any, system: str, said: list[str]) -> None:
    turns = [("system", system)] if system.strip() else []
    turns += [("model" if index % 2 else "user", text) for index, text in enumerate(said)]
    if any(not text.strip() or any(0xD800 <= ord(each) < 0xE000 for each in text) for _, text in turns):
        return
    check_owned(base.tokenizer.tokenize_turns(turns_of(turns)), turns_of(turns))


def test_a_token_never_belongs_to_two_turns(keras_libraries: None) -> None:
    """A format may have nothing, or only line breaks, between the system's text and the user's."""
    template = GEMMA3.replace("content + '\n\n'", "content")
    assert template != GEMMA3
    _, tokenizer = made_by("Qwen3", ["<|endoftext|>", "<|im_end|>", "<start_of_turn>", "<end_of_turn>"], template)
    for one, other, expected in [
        ("on\n", "\nion", ["on", "Ċ", "Ċ", "ion"]),
        ("o", "n", ["o", "n"]),
        # Without such a token, everything is tokenized together.
        ("on", "\n\nion", ["on", "ĊĊ", "ion"]),
    ]:
        turns = turns_of([("system", one), ("user", other)])
        prompt = tokenizer.tokenize_turns(turns)
        check_owned(prompt, turns)
        assert prompt.system == "user"
        assert [token.piece for token in prompt.tokens if token.kind != "template"] == expected


@pytest.mark.parametrize("family", BYTE_LEVEL)
def test_known_formats_have_turns_for_each_role(keras_libraries: None, family: str) -> None:
    _, special, before, behind = BYTE_LEVEL[family]
    made, tokenizer = byte_level(family, special)
    open_model = behind.partition("<|eot_id|>" if family == "Llama3" else "<|im_end|>\n")[2]
    close = behind.removesuffix(open_model)
    opened = {"user": before, "model": open_model, "system": before.replace("user", "system")}
    for said in (WITH_SYSTEM, [("user", "a"), ("user", "b")], [("user", "a"), ("system", "b"), ("model", "c")]):
        expected = "".join(opened[role] + text + close for role, text in said)
        expected = expected.removesuffix(close) if said[-1][0] == "model" else expected + open_model
        prompt = tokenizer.tokenize_turns(turns_of(said))
        start = [made.start_token_id] if family == "Llama3" else []
        assert ids_of(prompt.tokens) == [*start, *(int(id) for id in made.tokenize(expected))]
        assert prompt.system == ("turn" if "system" in dict(said) else None)
        check_owned(prompt, turns_of(said))


# --- Families without a template ---


def sentence_pieces(*symbols: str) -> SentencePieces:
    import sentencepiece

    proto = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["onion soup with onions"] * 50),
        model_writer=proto,
        model_type="bpe",
        vocab_size=290,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        user_defined_symbols=list(symbols),
        minloglevel=2,
    )
    return SentencePieces(proto.getvalue())


def test_mistrals_format_ends_each_of_the_models_turns_with_its_token() -> None:
    pieces = sentence_pieces("[INST]", "[/INST]")
    tokenizer = SequenceTokenizer(pieces, [1], [2], 290, family="MistralTokenizer")
    turns = turns_of([("system", "soup"), ("user", "on"), ("model", "soup"), ("user", "onion")])
    prompt = tokenizer.tokenize_turns(turns)
    check_owned(prompt, turns)
    spelled = [token.piece for token in prompt.tokens]
    end = spelled.index("</s>")
    assert spelled[:2] == ["<s>", "[INST]"]
    assert spelled[end + 1] == "[INST]"
    assert (spelled.count("</s>"), spelled[-1], prompt.system) == (1, "[/INST]", "user")
    # Later versions put the system's text into the last user turn.
    system, first, answer, last = prompt.turn_spans
    assert first.end < answer.start < end < system.start < last.start
    # What the user writes stays text, as in a prompt.
    written = tokenizer.tokenize_turns(turns_of([("user", "an </s>")]))
    assert "</s>" not in [token.piece for token in written.tokens]
    assert refusal(tokenizer, [("user", "a"), ("user", "b")]).code == "turns_refused"


def test_mistrals_first_format_has_the_system_in_the_first_turn() -> None:
    tokenizer = SequenceTokenizer(sentence_pieces(), [1], [2], 290, family="MistralTokenizer")
    turns = turns_of([("system", "soup"), ("user", "on"), ("model", "soup"), ("user", "onion")])
    prompt = tokenizer.tokenize_turns(turns)
    check_owned(prompt, turns)
    starts = [span.start for span in prompt.turn_spans]
    assert starts == sorted(starts)
    assert prompt.system == "user"


def test_phi3s_format_has_a_system_turn() -> None:
    pieces = sentence_pieces("<|user|>", "<|assistant|>", "<|end|>", "<|system|>")
    tokenizer = SequenceTokenizer(pieces, [1], [2], 290, family="Phi3Tokenizer")
    turns = turns_of([("system", "soup"), ("user", "on"), ("model", "soup"), ("user", "onion")])
    prompt = tokenizer.tokenize_turns(turns)
    check_owned(prompt, turns)
    marks = [token.piece for token in prompt.tokens if token.piece.startswith("<|")]
    assert marks == [
        "<|system|>", "<|end|>", "<|user|>", "<|end|>", "<|assistant|>", "<|end|>", "<|user|>", "<|end|>", "<|assistant|>",
    ]  # fmt: skip
    assert prompt.system == "turn"


@pytest.mark.parametrize(("family", "symbols"), [("MistralTokenizer", ["[INST]", "[/INST]"]), ("MistralTokenizer", []),
                                                 ("Phi3Tokenizer", ["<|user|>", "<|assistant|>", "<|end|>"])])  # fmt: skip
def test_a_single_turn_has_the_ids_of_a_prompt(family: str, symbols: list[str]) -> None:
    tokenizer = SequenceTokenizer(sentence_pieces(*symbols), [1], [2], 290, family=family)
    assert known(family, tokenizer._is_whole, "<s>", True) is not None
    for text in ("onion", " on\nion "):
        turn = tokenizer.tokenize_turns(turns_of([("user", text)])).tokens
        assert turn == tokenizer.tokenize_prompt(text, "on").tokens


# --- Invalid conversations ---


def test_turns_that_no_format_has(base: Any) -> None:
    tokenizer = base.tokenizer
    for said in (
        [("user", "a"), ("user", "b")],
        [("model", "a"), ("user", "b")],
        [("user", "a"), ("model", "b"), ("model", "c")],
    ):
        problem = refusal(tokenizer, said)
        assert (problem.code, "must alternate" in problem.message) == ("turns_refused", True)
    assert refusal(tokenizer, [("user", "a"), ("system", "b")]).code == "no_system_turn"
    assert refusal(tokenizer, [("system", "a")]).code == "no_system_turn"
    empty = refusal(tokenizer, [("user", "a"), ("model", " \n"), ("user", "b")])
    assert (empty.code, empty.message) == ("empty_turn", "Turn 2 has no text.")


def test_a_conversation_needs_a_format(base: Any, narrow_proto: bytes) -> None:
    off = refusal(base.tokenizer, TALK, "off")
    assert (off.code, "is off" in off.message, "single text" in off.hint) == ("no_chat_format", True, True)
    none = SequenceTokenizer(SentencePieces(narrow_proto), [], [], 60)
    for mode in ("auto", "on"):
        problem = refusal(none, TALK, mode)
        assert (problem.code, "no known chat format" in problem.message) == ("no_chat_format", True)
    unusable = SequenceTokenizer(SentencePieces(narrow_proto), [], [], 60, template=Found(None, "can't be read"))
    assert "it can't be read" in refusal(unusable, TALK).message


def test_half_of_a_character_is_found_in_a_turn() -> None:
    with pytest.raises(Problem, match="turn 2") as failure:
        check_texts({"turns": [{"role": "user", "text": "a"}, {"role": "model", "text": "b\ud83d"}]})
    assert failure.value.code == "lone_surrogate"


def test_exactly_one_of_prompt_and_turns() -> None:
    from pydantic import ValidationError

    turn = {"role": "user", "text": "a"}
    bad: list[dict[str, Any]] = [{}, {"prompt": "a", "turns": [turn]}, {"turns": []}, {"turns": [turn] * 1001}]
    bad.append({"turns": [{**turn, "role": "assistant"}]})
    for body in bad:
        with pytest.raises(ValidationError):
            PromptRequest.model_validate(body)
    assert PromptRequest(prompt="").prompt == ""


def test_formats_say_which_have_a_system_turn() -> None:
    assert {form.name: form.has_system for form in FORMATS} == {"Gemma": False, "Llama 3": True, "ChatML": True}


# --- The embedded model ---


def test_the_embedded_model_answers_a_conversation(embedded: Any) -> None:
    turns = turns_of(WITH_SYSTEM)
    generating = GenerateRequest(model="demo", turns=turns, max_new_tokens=3)
    scoring = ScoreRequest(model="demo", turns=turns, target="Pear.")
    for events in (embedded.generate(generating, Cancellation()), embedded.score(scoring, Cancellation())):
        found = list(events)
        prompt = next(event for event in found if isinstance(event, PromptEvent))
        expected = embedded.tokenizer.tokenize_turns(turns)
        assert prompt.tokens == expected.tokens
        assert prompt.turn_spans == list(expected.turn_spans)
        assert (prompt.chat, prompt.system) == ("turns", "user")
        assert isinstance(found[-1], AnswerEvent)
    with pytest.raises(Problem, match="of them the chat format's"):
        list(embedded.generate(GenerateRequest(model="demo", turns=turns_of([("user", "on " * 600)])), Cancellation()))
