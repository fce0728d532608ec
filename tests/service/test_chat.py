"""Chat formats: the ids are those of the whole conversation in Keras, and only the answer's tokens are scored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from chats import END, MODEL, USER, by_keras, ids_of, joined
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_gradients import loss_and_gradient, numbers

from lit_lab.problem import Problem
from lit_lab.protocol import (
    AnswerEvent,
    ChatUse,
    GenerateRequest,
    ModelTerms,
    PromptEvent,
    SalienceRequest,
    ScoreRequest,
    ScoresEvent,
    Span,
    TokenEvent,
)
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.pieces import SentencePieces
from lit_lab.service.tokens import SequenceTokenizer

# The prompt, how the format uses it, and the text before and after it.
CASES: dict[str, tuple[str, ChatUse, str, str]] = {
    "a prompt": ("Suggestion: Onion soup", "wrapped", USER, f"{END}\n{MODEL}"),
    "one that begins with a line break": ("\nOnion", "wrapped", USER, f"{END}\n{MODEL}"),
    "one of blanks": (" \n ", "wrapped", USER, f"{END}\n{MODEL}"),
    "one that begins in the middle of bytes": ("😀 漢", "wrapped", USER, f"{END}\n{MODEL}"),
    "an end alone is no turn, and stands once": (f"Onion{END}", "wrapped", USER, f"\n{MODEL}"),
    "and its line ended": (f"Onion{END}\n", "wrapped", USER, MODEL),
    "text behind it isn't closed": (f"Onion{END} soup", "wrapped", USER, f"{END}\n{MODEL}"),
    "a conversation to its end": (f"{USER}Onion{END}\n{MODEL}", "written", "", ""),
    "a user's turn that is closed": (f"{USER}Onion{END}", "written", "", f"\n{MODEL}"),
    "a closed turn with its line ended": (f"{USER}Onion{END}\n", "written", "", MODEL),
    "a user's turn that is open": (f"{USER}Onion", "written", "", f"{END}\n{MODEL}"),
    "several turns": (f"{USER}Onion{END}\n{MODEL}Avoid.{END}\n{USER}Why?{END}\n", "written", "", MODEL),
    "a model's turn that has begun": (f"{USER}Onion{END}\n{MODEL}It has", "written", "", ""),
    "a model's turn without a line": (f"{USER}Onion{END}\n<start_of_turn>model", "written", "", "\n"),
    "text behind the last turn": (f"{USER}Onion{END}\nAnalysis:", "written", "", ""),
}


@pytest.fixture(scope="module")
def tuned(causal_lm: Any) -> Any:
    """The small preset as an instruction-tuned model."""
    from lit_lab.service.language_model import LanguageModel

    return LanguageModel(causal_lm, is_instruct=True)


@pytest.mark.parametrize("case", CASES)
def test_ids_are_those_that_keras_makes_of_the_whole_conversation(tuned: Any, case: str) -> None:
    prompt, use, before, behind = CASES[case]
    asked = tuned.tokenizer.tokenize_prompt(prompt)
    assert asked.use == use
    assert ids_of(asked.tokens) == by_keras(tuned, before + prompt + behind)
    assert joined(asked.tokens) == prompt
    assert all(token.text == "" for token in asked.tokens if token.kind == "template")


PIECES = [USER, MODEL, END, "\n", "\n\n", " ", "😀", "é", "▁", "<start_of_turn>", "user", "model", "onions"]


@settings(max_examples=100)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), min_size=1, max_size=8).map("".join))
def test_texts_join_to_any_prompt(tuned: Any, prompt: str) -> None:
    if not prompt or any(0xD800 <= ord(character) < 0xE000 for character in prompt):
        return
    use, before, behind = tuned.tokenizer.chat.around(prompt)
    asked = tuned.tokenizer.tokenize_prompt(prompt, "on")
    assert tuned.tokenizer.count(prompt, "on") == (len(asked.tokens), use)
    assert asked.use == use
    assert joined(asked.tokens) == prompt
    assert ids_of(asked.tokens) == by_keras(tuned, before + prompt + behind)


def test_template_tokens_are_distinguished_from_the_users(tuned: Any) -> None:
    marked = [(token.piece, token.kind) for token in tuned.tokenizer.tokenize_prompt("Avoid").tokens]
    kinds = [kind for _, kind in marked]
    seam = kinds.index("text")
    assert [piece for piece, _ in marked[:2]] == ["<bos>", "<start_of_turn>"]
    assert kinds[:seam] == ["template"] * seam
    assert marked[seam - 1] == ("\n", "template")
    behind = marked[len(kinds) - kinds[::-1].index("text") :]
    assert behind[0] == ("<end_of_turn>", "template")
    assert {kind for _, kind in behind} == {"template"}
    own = tuned.tokenizer.tokenize_prompt(f"{USER}Avoid{END}").tokens
    assert [token.text for token in own if token.kind == "control"] == ["<start_of_turn>", "<end_of_turn>"]


@pytest.mark.parametrize(
    ("mode", "is_instruct", "use"),
    [
        ("auto", True, "wrapped"),
        ("auto", False, "plain"),
        ("on", False, "wrapped"),
        ("off", True, "plain"),
    ],
)
def test_when_it_is_applied(causal_lm: Any, mode: Any, is_instruct: bool, use: ChatUse) -> None:
    from lit_lab.service.language_model import LanguageModel

    terms = ModelTerms(name="Some Licence", url="https://example.org/terms")
    model = LanguageModel(causal_lm, is_instruct=is_instruct, terms=terms)
    generating = GenerateRequest(model="tiny", prompt="onion", max_new_tokens=2, chat=mode)
    scoring = ScoreRequest(model="tiny", prompt="onion", target=" Avoid", chat=mode)
    for events in (model.generate(generating, Cancellation()), model.score(scoring, Cancellation())):
        prompt = next(event for event in events if isinstance(event, PromptEvent))
        assert prompt.chat == use
        assert prompt.terms == terms
        expected = model.tokenizer.tokenize_prompt("onion", mode).tokens
        assert prompt.tokens == expected
    plain = model.tokenizer.prompt("onion")
    assert (expected == plain) == (use == "plain")


def test_a_vocabulary_without_turns_has_no_format(narrow_proto: bytes) -> None:
    tokenizer = SequenceTokenizer(SentencePieces(narrow_proto), [], [], 60, is_instruct=True)
    assert tokenizer.chat is None
    assert tokenizer.tokenize_prompt("onion").use == "plain"
    with pytest.raises(Problem) as failure:
        tokenizer.tokenize_prompt("onion", "on")
    assert failure.value.code == "no_chat_format"
    assert "automatic or off" in failure.value.hint


def test_an_answer_stops_where_its_turn_ends(tuned: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service.generation import Step

    end = tuned.causal_lm.preprocessor.tokenizer.token_to_id(END)
    word = ids_of(tuned.tokenizer.answer("Avoid"))[0]
    steps = [Step(id, -0.5, []) for id in (word, end, word)]

    def said(*_: Any) -> Any:
        yield from steps

    monkeypatch.setattr(tuned.decoder, "steps", said)
    events = list(tuned.generate(GenerateRequest(model="tiny", prompt="onion"), Cancellation()))
    answer = events[-1]
    assert isinstance(answer, AnswerEvent)
    assert (ids_of(list(answer.tokens)), answer.reason) == ([word], "end")
    assert sum(isinstance(event, TokenEvent) for event in events) == 1


def test_salience_of_a_conversation_is_the_gradient_of_the_same_ids(tuned: Any) -> None:
    """Compared with the backend's own tape over the whole model, on ids that Keras computed."""
    import keras
    from keras import ops

    prompt, answer = "Suggestion: Onion soup", " Avoid."
    asked = tuned.tokenizer.tokenize_prompt(prompt)
    target = ids_of(tuned.tokenizer.answer(answer))
    ids = by_keras(tuned, f"{USER}{prompt}{END}\n{MODEL}") + target
    seam = len(asked.tokens)
    request = SalienceRequest(
        model="tiny", ids=ids_of(asked.tokens) + target, targets=[Span(start=seam, end=seam + len(target))]
    )
    assert request.ids == ids
    found = {
        event.method: np.array(event.scores)
        for event in tuned.salience(request, Cancellation())
        if isinstance(event, ScoresEvent)
    }

    backbone = tuned.causal_lm.backbone
    embed = backbone.token_embedding
    body = keras.Model([embed.output, backbone.input["padding_mask"]], backbone.output)
    given_ids = np.array([ids], np.int32)

    def losses(embedded: Any) -> Any:
        hidden = body([embedded, ops.ones(given_ids.shape, "int32")])
        logits = embed(hidden, reverse=True)
        return ops.sparse_categorical_crossentropy(given_ids[:, seam:], logits[:, seam - 1 : -1], from_logits=True)

    embedded = numbers(embed(ops.convert_to_tensor(given_ids)))
    _, gradient = loss_and_gradient(losses, embedded)
    for method, expected in {
        "grad_l2": np.linalg.norm(gradient[0], axis=-1),
        "grad_dot_input": (gradient[0] * embedded[0]).sum(-1),
    }.items():
        assert np.max(np.abs(found[method] - expected)) <= 1e-4 * np.max(np.abs(expected)), method
    template = [i for i, token in enumerate(asked.tokens) if token.kind == "template"]
    assert np.all(found["grad_l2"][template] > 0)


@pytest.mark.parametrize(("chat", "is_wrapped"), [("auto", True), ("off", False)])
def test_lits_app_explains_what_its_model_was_asked(
    tuned: Any, chat: Any, is_wrapped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service.causal_lm import model_group

    group = model_group(tuned, "tiny", 2, chat)
    example = {"prompt": "Onion", "target": " Avoid"}
    (tokens,) = group["_tiny_tokenizer"].predict([example])
    asked = tuned.tokenizer.tokenize_prompt("Onion", chat).tokens
    expected = [*asked, *tuned.tokenizer.answer(" Avoid")]
    assert ("<start_of_turn>" in tokens["tokens"]) == is_wrapped
    assert len(tokens["tokens"]) == len(expected)
    answered: list[list[int]] = []
    steps = tuned.decoder.steps
    monkeypatch.setattr(tuned.decoder, "steps", lambda ids, *rest: answered.append(list(ids)) or steps(ids, *rest))
    list(group["tiny"].predict([example]))
    assert answered == [ids_of(asked)]
    mask = [0] * (len(expected) - 1) + [1]
    (scored,) = group["_tiny_salience"].predict([example | {"target_mask": mask}])
    request = SalienceRequest(
        model="tiny", ids=ids_of(expected), targets=[Span(start=len(expected) - 1, end=len(expected))]
    )
    direct = next(event for event in tuned.salience(request, Cancellation()) if isinstance(event, ScoresEvent))
    assert scored["grad_l2"] == direct.scores


def test_the_template_counts_towards_the_window(tuned: Any) -> None:
    plain = tuned.tokenizer.prompt("onion " * 40)
    room = tuned.window - len(plain)
    prompt = "onion " * 40 + "on" * (room - 3)
    assert len(tuned.tokenizer.prompt(prompt)) < tuned.window <= len(tuned.tokenizer.tokenize_prompt(prompt).tokens)
    list(tuned.generate(GenerateRequest(model="tiny", prompt=prompt, max_new_tokens=1, chat="off"), Cancellation()))
    added = sum(token.kind == "template" for token in tuned.tokenizer.tokenize_prompt(prompt).tokens)
    with pytest.raises(Problem, match=f"{added} of them the chat format's") as failure:
        list(tuned.generate(GenerateRequest(model="tiny", prompt=prompt), Cancellation()))
    assert failure.value.code == "prompt_too_long"


def test_a_start_token_that_the_user_wrote_stands_once_and_is_theirs(tuned: Any) -> None:
    for prompt, before, behind in [
        ("<bos>Onion", USER, f"{END}\n{MODEL}"),
        (f"<bos>{USER}Onion{END}\n{MODEL}", "", ""),
        ("<bos>", USER, f"{END}\n{MODEL}"),
    ]:
        asked = tuned.tokenizer.tokenize_prompt(prompt)
        written = prompt.removeprefix("<bos>")
        assert ids_of(asked.tokens) == by_keras(tuned, before + written + behind)
        assert (asked.tokens[0].text, asked.tokens[0].kind) == ("<bos>", "control")
        assert joined(asked.tokens) == prompt
        plain = tuned.tokenizer.tokenize_prompt(prompt, "off").tokens
        assert ids_of(plain) == by_keras(tuned, written)
        assert joined(plain) == prompt
    # It is a control token only at the beginning; elsewhere it is text.
    assert [token.kind for token in tuned.tokenizer.prompt("a<bos>")].count("control") == 0
