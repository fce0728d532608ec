"""Stop sequences: where an answer ends, which tokens it has then, and when they are sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lit_lab.problem import Problem
from lit_lab.protocol import AnswerEvent, AnswerToken, GenerateRequest, TokenEvent
from lit_lab.service.answering import answer
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.generation import Step
from lit_lab.service.pieces import SentencePieces
from lit_lab.service.stopping import Found, Holding, Matcher
from lit_lab.service.tokens import SequenceTokenizer

ALPHABET = "ab"  # so few that sequences repeat themselves and each other
STOPS = st.lists(st.text(ALPHABET, min_size=1, max_size=6), max_size=4)
PIECES = st.lists(st.text(ALPHABET, max_size=4), max_size=14)


def first(text: str, stops: list[str]) -> Found | None:
    """What a matcher looks for, plainly: the shortest beginning of the text that ends in one, and the longest of these."""
    for end in range(len(text) + 1):
        ending = [stop for stop in stops if text[:end].endswith(stop)]
        if ending:
            longest = max(ending, key=len)
            return Found(longest, end - len(longest))
    return None


def earliest(text: str, stops: list[str]) -> int:
    """Where a sequence that isn't complete may have begun, plainly."""
    open_ = [at for at in range(len(text)) if any(stop.startswith(text[at:]) for stop in stops)]
    return min(open_, default=len(text))


@settings(max_examples=400, deadline=None)
@given(STOPS, PIECES)
def test_what_is_held_and_kept_is_what_a_plain_search_says(stops: list[str], pieces: list[str]) -> None:
    holding: Holding[int] = Holding(stops)
    starts: list[int] = []
    text = ""
    released: list[int] = []
    for number, piece in enumerate(pieces):
        starts.append(len(text))
        text += piece
        released += holding.add(number, piece)
        found = first(text, stops)
        assert holding.found == found
        end = found.start if found else earliest(text, stops) if stops else len(text) + 1
        assert released == [at for at, start in enumerate(starts) if start < end]
        if found:
            break
    released += holding.finish()
    found = first(text, stops)
    assert released == [at for at, start in enumerate(starts) if found is None or start < found.start]
    assert holding.kept == len(released)


@settings(max_examples=100, deadline=None)
@given(STOPS, st.text(ALPHABET, max_size=30), st.data())
def test_how_a_text_is_cut_makes_no_difference(stops: list[str], text: str, data: st.DataObject) -> None:
    matcher, rest, found = Matcher(stops), text, None
    while rest and found is None:
        size = data.draw(st.integers(1, len(rest)))
        found, rest = matcher.add(rest[:size]), rest[size:]
    assert found == first(text, stops)


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        ("aaab", ["aab"]),
        ("abababb", ["ababb"]),
        ("abacabab", ["abab", "acabac"]),
        ("aabaabaaab", ["aabaaab"]),
        ("abcd", ["abcd", "bc"]),
        ("xaab", ["b", "ab", "aab"]),
    ],
)
def test_a_sequence_that_begins_within_what_began_like_one(text: str, stops: list[str]) -> None:
    matcher = Matcher(stops)
    found = None
    for at, character in enumerate(text):
        found = found or matcher.add(character)
        if found is None:
            assert matcher.open == earliest(text[: at + 1], stops)
    assert found is not None
    assert found == first(text, stops)


def test_a_long_answer_costs_a_constant_time_for_each_character() -> None:
    class Counted(str):
        compared = 0

        def __getitem__(self, at: Any) -> str:
            Counted.compared += 1
            return super().__getitem__(at)

    matcher = Matcher([Counted("a" * 99 + "b")])
    Counted.compared = 0
    length = 100_000
    for _ in range(length // 100):
        assert matcher.add("a" * 99 + "c") is None  # falls all the way back, each time
    assert length < Counted.compared < 6 * length


class Said:
    """A decoder that says given tokens."""

    reused = 0

    def __init__(self, ids: list[int]) -> None:
        self.ids = ids
        self.steps_done = 0

    def steps(self, ids: list[int], length: int, *_: Any) -> Any:
        for id in self.ids[: length - len(ids)]:
            self.steps_done += 1
            yield Step(id, -0.5, [])


@pytest.fixture(scope="module")
def pieces(sentencepiece_proto: bytes) -> SentencePieces:
    return SentencePieces(sentencepiece_proto)


class Answered:
    """An answer of given tokens, and when its tokens were sent.

    Attributes:
        events: The tokens as they were sent, each with the number of tokens that the model had said by then.
    """

    def __init__(self, pieces: SentencePieces, words: list[str | bytes], stop: list[str], most: int = 50) -> None:
        size = len(pieces._pieces)
        by_piece = {pieces.piece(id): id for id in range(size)}
        ids: list[int] = []
        for word in words:
            ids += [by_piece[f"<0x{byte:02X}>"] for byte in word] if isinstance(word, bytes) else [by_piece[word]]
        tokenizer = SequenceTokenizer(pieces, [2], [1], size)
        decoder = Said(ids)
        request = GenerateRequest(model="m", prompt="a", max_new_tokens=most, stop=stop)
        self.events: list[tuple[AnswerToken, int]] = []
        decoder_any: Any = decoder
        for event in answer(tokenizer, decoder_any, 500, request, Cancellation()):
            if isinstance(event, TokenEvent):
                self.events.append((event.token, decoder.steps_done))
            elif isinstance(event, AnswerEvent):
                self.answer = event
        self.steps_done = decoder.steps_done
        assert [token.id for token, _ in self.events] == [token.id for token in self.answer.tokens]
        assert self.answer.text == "".join(token.text for token in self.answer.tokens)

    @property
    def sent_after(self) -> list[int]:
        return [steps for _, steps in self.events]

    @property
    def ended(self) -> tuple[str, str, str | None]:
        return self.answer.text, self.answer.reason, self.answer.stopped_at


def test_a_sequence_that_spans_tokens_is_no_part_of_the_answer(pieces: SentencePieces) -> None:
    answered = Answered(pieces, ["a", "T", "a", "s", "t", "e"], ["Tas"])
    assert answered.ended == ("a", "stop", "Tas")
    assert answered.steps_done == 4  # the model says nothing more


def test_what_only_began_like_one_is_sent_once_that_is_known(pieces: SentencePieces) -> None:
    answered = Answered(pieces, ["a", "T", "a", "t", "e", "<eos>"], ["Tas"])
    assert answered.ended == ("aTate", "end", None)
    assert answered.sent_after == [1, 4, 4, 4, 5]


def test_a_token_that_begins_before_it_stays_whole(pieces: SentencePieces) -> None:
    whole = Answered(pieces, ["a", "▁a", "s"], ["a"])
    assert whole.ended == ("", "stop", "a")
    inside = Answered(pieces, ["s", "▁a", "s"], ["a"])
    assert inside.ended == ("s a", "stop", "a")
    assert inside.steps_done == 2


@pytest.mark.parametrize("stops", [["a", "as"], ["as", "a"]])
def test_of_two_the_one_that_is_complete_first_counts(pieces: SentencePieces, stops: list[str]) -> None:
    assert Answered(pieces, ["t", "a", "s"], stops).ended == ("t", "stop", "a")


def test_a_character_whose_bytes_are_spread_over_tokens(pieces: SentencePieces) -> None:
    soup = "🍲".encode()
    answered = Answered(pieces, ["a", soup, "s"], ["🍲"])
    assert answered.ended == ("a", "stop", "🍲")
    assert [token.piece for token in answered.answer.tokens] == ["a"]
    other = Answered(pieces, ["a", "🍰".encode(), "s"], ["🍲"])
    assert other.answer.text == "a🍰s"
    # All of a character's tokens wait for it.
    assert other.sent_after == [1, 5, 5, 5, 5, 6]


def test_the_end_of_the_answer_in_the_middle_of_one_tells_what_was_held(pieces: SentencePieces) -> None:
    answered = Answered(pieces, ["a", "T", "a"], ["Tas"], most=3)
    assert answered.ended == ("aTa", "length", None)
    assert answered.sent_after == [1, 3, 3]
    by_itself = Answered(pieces, ["a", "T", "<eos>", "a"], ["Tas"])
    assert by_itself.ended == ("aT", "end", None)


def test_a_character_that_is_never_complete_may_be_a_sequence_too(pieces: SentencePieces) -> None:
    answered = Answered(pieces, ["a", "🍲".encode()[:2]], ["\ufffd"], most=3)
    assert answered.ended == ("a", "stop", "\ufffd")


@pytest.mark.parametrize("stop", ["T", "Ta"])
def test_a_token_behind_bytes_that_are_never_a_character_is_no_part_of_the_answer(
    pieces: SentencePieces, stop: str
) -> None:
    answered = Answered(pieces, ["a", "🍲".encode()[:2], "T", "a"], [stop])
    assert answered.ended == ("a\ufffd", "stop", stop)
    assert len(answered.answer.tokens) == 3


def test_what_is_held_when_the_answer_breaks_off_is_sent(pieces: SentencePieces) -> None:
    class Breaking(Said):
        def steps(self, ids: list[int], length: int, *rest: Any) -> Any:
            yield from super().steps(ids, length, *rest)
            raise Problem(502, "not_finite", "Some are not numbers.", "Load it in float32.")

    by_piece = {pieces.piece(id): id for id in range(len(pieces._pieces))}
    decoder: Any = Breaking([by_piece["a"], by_piece["T"]])
    request = GenerateRequest(model="m", prompt="a", max_new_tokens=9, stop=["Tas"])
    tokenizer = SequenceTokenizer(pieces, [2], [1], len(pieces._pieces))
    texts = []
    with pytest.raises(Problem):
        for event in answer(tokenizer, decoder, 500, request, Cancellation()):
            if isinstance(event, TokenEvent):
                texts.append(event.token.text)
    assert texts == ["a", "T"]


def test_line_breaks(pieces: SentencePieces) -> None:
    answered = Answered(pieces, ["a", "\n", "T", "\n\n", "s"], ["\n\n"])
    assert answered.ended == ("a\nT", "stop", "\n\n")


def test_a_request_is_bounded_and_has_each_sequence_once() -> None:
    def request(*stop: str) -> GenerateRequest:
        return GenerateRequest(model="m", prompt="p", stop=list(stop))

    assert request("b", "a", "b").stop == ["b", "a"]
    assert len(request(*"abcdefgh").stop) == 8
    for wrong in [list("abcdefghi"), [""], ["x" * 101]]:
        with pytest.raises(ValidationError):
            request(*wrong)


def test_the_models_own_answer_ends_there(language_model: Any) -> None:
    def asked(*stop: str) -> tuple[list[int], AnswerEvent]:
        request = GenerateRequest(model="tiny", prompt="Analyze a menu", max_new_tokens=20, stop=list(stop))
        streamed: list[int] = []
        for event in language_model.generate(request, Cancellation()):
            if isinstance(event, TokenEvent):
                streamed.append(event.token.id)
            elif isinstance(event, AnswerEvent):
                return streamed, event
        raise AssertionError("no answer")

    _, free = asked()
    texts = [token.text for token in free.tokens]
    at = next(at for at in range(3, len(texts)) if texts[at] and "\ufffd" not in texts[at])
    stop = "".join(texts[at : at + 2])
    found = first(free.text, [stop])
    assert found is not None
    starts = [len("".join(texts[:number])) for number in range(len(texts))]
    expected = [token for token, start in zip(free.tokens, starts, strict=True) if start < found.start]
    streamed, stopped = asked(stop)
    assert (stopped.reason, stopped.stopped_at) == ("stop", stop)
    assert [token.id for token in stopped.tokens] == [token.id for token in expected] == streamed
    assert asked()[1].tokens == free.tokens  # what was left out does no harm to the cache


def test_a_few_shot_answer_of_the_embedded_model_ends_before_the_label(embedded: Any) -> None:
    prompt = "Taste-dislikes: Don't like onions or garlic\nSuggestion: Onion soup\nAnalysis:"

    def asked(*stop: str) -> AnswerEvent:
        request = GenerateRequest(model="demo", prompt=prompt, max_new_tokens=60, stop=list(stop))
        return next(one for one in embedded.generate(request, Cancellation()) if isinstance(one, AnswerEvent))

    free = asked().text
    assert "Recommendation:" in free
    stopped = asked("Taste-likes:", "Recommendation:")
    assert (stopped.reason, stopped.stopped_at) == ("stop", "Recommendation:")
    assert stopped.text == free[: free.index("Recommendation:")]
