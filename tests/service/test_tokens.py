"""Values and their tokens, as the text contract defines them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_lab.problem import Problem
from lit_lab.protocol import Token
from lit_lab.service.pieces import BytePieces, SentencePieces
from lit_lab.service.tokens import AnswerStream, SequenceTokenizer

FIXTURES = Path(__file__).parents[1] / "fixtures" / "text" / "tokens.json"
CASES = json.loads(FIXTURES.read_text("utf-8"))["cases"]

# All of Unicode except surrogates, and often difficult text: blanks, newlines, "▁", control tokens, emoji of many parts.
HARD = [
    "  ",
    "\n",
    "\n\n\n",
    "\t",
    "▁",
    " ▁ ",
    "\0",
    "\r\n",
    "\ufeff",
    "\u200f",
    "\u2028",
    "👩‍🍳",
    "é",
    "e\u0301",
    "漢字",
    "ﬁ",
]
HARD += ["<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<unk>", "<0x0A>", "onions"]
TEXTS = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.sampled_from(HARD),
    ),
    max_size=8,
).map("".join)


PROPERTY = settings(max_examples=100)


def joined(tokens: list[Token]) -> str:
    return "".join(token.text for token in tokens if token.kind != "template")


@pytest.fixture(scope="module")
def pieces(sentencepiece_proto: bytes) -> SentencePieces:
    return SentencePieces(sentencepiece_proto)


@pytest.fixture(scope="module")
def tokenizer(pieces: SentencePieces) -> SequenceTokenizer:
    return SequenceTokenizer(pieces, [2], [1, 5], 400)


@pytest.fixture(scope="module")
def normalizing(normalizing_proto: bytes) -> SentencePieces:
    return SentencePieces(normalizing_proto)


@pytest.fixture(scope="module")
def byte_pieces(keras_libraries: None) -> BytePieces:
    """GPT-2's kind: a byte alphabet, a few merges, a token that is never split."""
    from keras_nlp import tokenizers

    from lit_lab.service.pieces import byte_alphabet

    merges = ["o n", "i on", "Ġ s", "Ġs o", "ð Ł", "ðŁ ĺ"]
    spellings = [*byte_alphabet().values(), *(merge.replace(" ", "") for merge in merges), "<|endoftext|>"]
    return BytePieces(
        tokenizers.BytePairTokenizer(
            vocabulary={spelling: id for id, spelling in enumerate(dict.fromkeys(spellings))},
            merges=merges,
            unsplittable_tokens=["<|endoftext|>"],
        )
    )


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_fixture(case: dict[str, Any], tokenizer: SequenceTokenizer) -> None:
    tokens = [{"text": token.text, "kind": token.kind} for token in tokenizer.prompt(case["value"])]
    assert tokens == case["tokens"]
    assert "".join(token["text"] for token in tokens if token["kind"] != "template") == case["value"]


@PROPERTY
@given(TEXTS)
def test_texts_join_to_the_value(tokenizer: SequenceTokenizer, text: str) -> None:
    tokens = tokenizer.prompt(text)
    assert joined(tokens) == text
    own = text.startswith("<bos>")
    assert [token.kind for token in tokens if token.kind == "template"] == ([] if own else ["template"])
    assert tokens[0].piece == "<bos>"
    assert tokens[0].text == ("<bos>" if own else "")


@PROPERTY
@given(TEXTS)
def test_texts_join_where_the_tokenizer_normalizes(normalizing: SentencePieces, text: str) -> None:
    tokenizer = SequenceTokenizer(normalizing, [], [], 330)
    try:
        tokens = tokenizer.answer(text)
    except Problem as error:
        # Only a text of which the tokenizer leaves nothing has no token to belong to.
        assert error.code == "not_tokenizable"
        assert list(normalizing.align(text)) == []
    else:
        assert joined(tokens) == text


def test_what_the_vocabulary_does_not_hold_is_text_all_the_same(narrow_proto: bytes) -> None:
    tokens = SequenceTokenizer(SentencePieces(narrow_proto), [], [], 60).answer("a漢字😀b")
    assert joined(tokens) == "a漢字😀b"
    assert [(token.piece, token.kind) for token in tokens if "漢" in token.text] == [("<unk>", "text")]


class Upper:
    """Stands in for a byte-level tokenizer that changes the text before it splits it, here to upper case."""

    unsplittable_tokens: tuple[str, ...] = ()

    def tokenize(self, text: str) -> list[int]:
        return [ord(character) for character in text.upper()]

    def id_to_token(self, id: int) -> str:
        return chr(id)


def test_where_no_place_is_found_the_text_goes_to_the_token_before() -> None:
    pieces = BytePieces(Upper())
    assert list(pieces.align("AbcDE")) == [(65, "A"), (66, "bc"), (67, ""), (68, "D"), (69, "E")]
    assert "".join(text for _, text in pieces.align("abc")) == "abc"


@PROPERTY
@given(TEXTS)
def test_texts_join_for_byte_level_tokenizers(byte_pieces: BytePieces, text: str) -> None:
    assert joined(SequenceTokenizer(byte_pieces, [], [], 300).answer(text)) == text


@PROPERTY
@given(TEXTS)
def test_ids_are_those_of_keras(tokenizer: SequenceTokenizer, language_model: Any, text: str) -> None:
    keras_ids = [int(id) for id in language_model.causal_lm.preprocessor.tokenizer.tokenize(text)]
    assert [token.id for token in language_model.tokenizer.answer(text)] == keras_ids


@PROPERTY
@given(TEXTS)
def test_a_streamed_answer_shows_the_text_of_its_ids(pieces: SentencePieces, text: str) -> None:
    stream = AnswerStream(pieces)
    for id, _ in pieces.align(text):
        stream.add(id)
    # Without a text to align with, a "▁" and a blank look the same.
    assert joined(stream.finish()) == text.replace("▁", " ")


@PROPERTY
@given(st.lists(st.integers(0, 399), max_size=30))
def test_any_ids_can_be_shown(pieces: SentencePieces, ids: list[int]) -> None:
    stream = AnswerStream(pieces)
    shown = "".join(stream.add(id).text for id in ids)
    tokens = stream.finish()
    assert [token.id for token in tokens] == ids
    assert joined(tokens).startswith(shown)
    joined(tokens).encode()


def test_an_answer_cut_inside_a_character_shows_the_replacement_character(pieces: SentencePieces) -> None:
    stream = AnswerStream(pieces)
    emoji = [id for id, _ in pieces.align("😀")]
    assert [stream.add(id).text for id in emoji[:-1]] == [""] * (len(emoji) - 1)
    assert [token.text for token in stream.finish()] == [""] * (len(emoji) - 2) + ["\ufffd"]
    assert [token.id for token in stream.finish()] == emoji[:-1]


def test_a_character_left_open_shows_before_the_next_text(pieces: SentencePieces) -> None:
    stream = AnswerStream(pieces)
    first, second = next(pieces.align("é"))[0], next(pieces.align("on"))[0]
    assert [stream.add(first).text, stream.add(second).text] == ["", "\ufffdon"]


def test_a_token_that_completes_a_character_carries_it_in_byte_level_tokenizers(byte_pieces: BytePieces) -> None:
    assert [text for _, text in byte_pieces.align("a😀on")] == ["a", "", "😀", "on"]
    assert [text for _, text in byte_pieces.align("é")] == ["", "é"]


def test_a_control_token_typed_into_a_byte_level_tokenizer(byte_pieces: BytePieces) -> None:
    tokens = SequenceTokenizer(byte_pieces, [], [], 300).answer("so<|endoftext|>on")
    assert [(token.text, token.kind) for token in tokens][-2:] == [("<|endoftext|>", "control"), ("on", "text")]


@pytest.mark.parametrize("text", ["\ud83d", "fine until \udc00 here", "\ude00\ud83d"])
def test_half_characters_are_refused(tokenizer: SequenceTokenizer, text: str) -> None:
    with pytest.raises(Problem) as failure:
        tokenizer.prompt(text)
    assert failure.value.code == "lone_surrogate"
    assert "U+" in failure.value.message
    assert failure.value.hint


@pytest.mark.parametrize("id", [-1, 400, 10**6])
def test_ids_of_another_vocabulary_are_refused(tokenizer: SequenceTokenizer, id: int) -> None:
    with pytest.raises(Problem, match=str(id)):
        tokenizer.check_ids([2, 7, id])


@PROPERTY
@given(TEXTS)
def test_counting_says_how_many_there_would_be(
    tokenizer: SequenceTokenizer, normalizing: SentencePieces, byte_pieces: BytePieces, text: str
) -> None:
    assert tokenizer.count(text) == (len(tokenizer.prompt(text)), "plain")
    for pieces in (normalizing, byte_pieces):
        assert pieces.count(text) == len(list(pieces.align(text)))


def test_half_a_character_is_not_counted(tokenizer: SequenceTokenizer) -> None:
    with pytest.raises(Problem, match="half of a character"):
        tokenizer.count("a \ud83d")


def test_a_long_text_takes_no_quadratic_time(tokenizer: SequenceTokenizer) -> None:
    text = "Taste-dislikes: onions, 😀 and garlic.\n" * 5_000
    assert joined(tokenizer.prompt(text)) == text


def test_the_models_own_ends_stop_an_answer(language_model: Any) -> None:
    names = {
        language_model.causal_lm.preprocessor.tokenizer.id_to_token(id) for id in language_model.tokenizer.stop_ids
    }
    assert names == {"<eos>", "<end_of_turn>"}


@pytest.mark.parametrize(("text", "ids"), [("A" * 3_000, [1] * 3_000), ("A" * 2_999 + "b", [1] * 2_999 + [2])])
def test_a_long_text_that_is_tokenized_as_another_is_looked_through_a_bounded_number_of_times(
    text: str, ids: list[int]
) -> None:
    class Lowering:
        unsplittable_tokens = ()
        looked_up = 0

        def tokenize(self, text: str) -> list[int]:
            return ids

        def id_to_token(self, id: int) -> str:
            self.looked_up += 1
            return ["", "a", "b"][id]

    lowering = Lowering()
    aligned = list(BytePieces(lowering).align(text))
    assert [id for id, _ in aligned] == ids
    assert "".join(part for _, part in aligned) == text
    assert lowering.looked_up <= 2 * len(ids) + 256
