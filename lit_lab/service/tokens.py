"""Text to tokens and back, according to the text contract.

The texts of all tokens that aren't `template` join to exactly the tokenized text. They come from aligning the tokens with that
text, not from decoding pieces: a piece can't distinguish a blank from a `▁` that the user typed.

Prompt and answer are tokenized separately. A generated answer isn't tokenized at all: its ids are the generated ones, and their
texts come from decoding, because there is no text to align with.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lit_lab.problem import Problem
from lit_lab.protocol import ChatMode, ChatUse, Span, SystemUse, Token, TokenKind, Turn
from lit_lab.surrogates import check_text

from .chat import Turns, format_of, no_format, no_format_for_turns
from .conversations import check_turns
from .pieces import BytePieces, Pieces, SentencePieces
from .templates.found import Found
from .templates.known import known
from .templates.own import MARKER, own
from .turn_pieces import TurnPieces


@dataclass(frozen=True)
class TokenizedPrompt:
    """A prompt's tokens, in the model's chat format where it applies.

    Attributes:
        tokens: All tokens; those of the chat template have the kind `template`.
        use: How the chat format was applied.
        thinks: Whether the template requests thinking first.
        turn_spans: The tokens of each of a conversation's turns.
        system: Where a conversation's system turns are.
    """

    tokens: list[Token]
    use: ChatUse
    thinks: bool = False
    turn_spans: tuple[Span, ...] = ()
    system: SystemUse | None = None


class SequenceTokenizer:
    """Makes the token sequences that a model works on: `template + prompt + template + answer`.

    Args:
        pieces: The tokenizer's family.
        start_ids: Template tokens before a prompt, such as `<bos>`.
        stop_ids: Tokens that end an answer.
        vocabulary_size: Number of ids.
        pad_id: The token for padding.
        is_instruct: Whether the model is known to be instruction-tuned.
        template: The model's own chat template; None: it has none.
        family: Name of Keras's class of the tokenizer.

    Attributes:
        chat: The model's own template or, if that can't be used, the chat format whose tokens the vocabulary has or that its family
            was trained with; or None.
    """

    def __init__(
        self,
        pieces: Pieces,
        start_ids: Sequence[int],
        stop_ids: Sequence[int],
        vocabulary_size: int,
        pad_id: int = 0,
        is_instruct: bool = False,
        template: Found | None = None,
        family: str = "",
    ) -> None:
        self._pieces = pieces
        self.start_ids = tuple(start_ids)
        self.stop_ids = frozenset(stop_ids)
        self.vocabulary_size = vocabulary_size
        self.pad_id = pad_id
        self.is_instruct = is_instruct
        self._template_fault = template.fault if template else ""
        begun = "".join(map(pieces.piece, start_ids))
        has_blank = self._has_blank = any(pieces.piece(id).startswith("▁") for id, _ in islice(pieces.align("a"), 1))
        self.chat: Turns | None
        if template is None or template.rendering is None:
            self.chat = format_of(self._is_whole) or known(family, self._is_whole, begun, has_blank)
        else:
            self.chat = own(template.rendering, begun, has_blank)
            # The template's end of the model's turn.
            for marker in MARKER.findall(template.rendering.closing)[:1]:
                if self._is_whole(marker):
                    self.stop_ids |= {id for id, text in pieces.align(marker) if text}
        ends = {pieces.piece(id): id for id in (*self.start_ids, *self.stop_ids)}
        self._turn_pieces = TurnPieces(pieces, {each: id for each, id in ends.items() if not self._is_whole(each)})

    def tokenize_prompt(self, text: str, mode: ChatMode = "auto", thinks: bool = False) -> TokenizedPrompt:
        """Return a prompt's tokens, in the model's chat format if the mode says so.

        Args:
            text: The prompt.
            mode: Whether to apply the chat format.
            thinks: Whether the model should think first, if its template supports that.

        Raises:
            Problem: `no_chat_format`, `not_tokenizable` or `lone_surrogate`.
        """
        check_text(text)
        use, before, behind = around = self._around(text, mode, thinks)
        if use == "plain":
            return TokenizedPrompt(self.prompt(text), use)
        begun, rest = self._begun(text, before)
        return TokenizedPrompt(
            begun + list(self._within(before, rest, behind)), use, thinks and around != self._around(text, mode)
        )

    def tokenize_turns(
        self, turns: Sequence[Turn], mode: ChatMode = "auto", thinks: bool = False, may_be_empty: bool = False
    ) -> TokenizedPrompt:
        """Return a conversation's tokens, in the model's chat format.

        Each turn's tokens follow each other, and their texts join to its text.

        Args:
            turns: The conversation. If its last turn is the model's, it stays open.
            mode: Whether to apply the chat format. `auto` applies any that the model has: nothing else says how turns are written.
            thinks: Whether the model should think first, if its template supports that.
            may_be_empty: Whether turns without text are accepted.

        Raises:
            Problem: `no_chat_format`, `no_system_turn`, `turns_refused`, `empty_turn` or `not_tokenizable`.
        """
        if not may_be_empty:
            check_turns(turns)
        if mode == "off" or self.chat is None:
            raise no_format_for_turns(mode == "off", self._template_fault)
        roles = [turn.role for turn in turns]
        written = self.chat.written(roles, thinks)
        start = "".join(map(self._pieces.piece, self.start_ids))
        tokens = [] if not start or written.texts[0].startswith(start) else list(map(self._template, self.start_ids))
        found: list[tuple[int, int]] = [(0, 0)] * len(turns)
        for id, text, index in self._turn_pieces.align(list(written.pieces(turns))):
            if index is not None:
                first, end = found[index]
                found[index] = (first if end else len(tokens), len(tokens) + 1)
            tokens.append(self._template(id) if index is None else self._token(id, text))
        for number, ((first, end), turn) in enumerate(zip(found, turns, strict=True), 1):
            if "".join(token.text for token in tokens[first:end]) != turn.text:
                raise not_tokenizable(f"turn {number}")
        return TokenizedPrompt(
            tokens,
            "turns",
            thinks and written != self.chat.written(roles),
            tuple(Span(start=first, end=end) for first, end in found if end),
            written.system,
        )

    def count(self, text: str, mode: ChatMode = "auto", thinks: bool = False) -> tuple[int, ChatUse]:
        """Return how many tokens `tokenize_prompt` would return, and how it would apply the chat format.

        Raises:
            Problem: `no_chat_format` or `lone_surrogate`.
        """
        check_text(text)
        use, before, behind = self._around(text, mode, thinks)
        begun, rest = self._begun(text, before)
        whole = before + rest + behind
        first = MARKER.match(whole) if self._has_blank and use != "plain" else None
        # The blank before a text, a separate token after a control token, is left out there (`_within`).
        extra = first is not None and self._is_whole(first.group())
        return len(begun) + self._pieces.count(whole) - extra, use

    def prompt(self, text: str) -> list[Token]:
        """Return a prompt's tokens without a chat format, after the model's start tokens."""
        check_text(text)
        begun, rest = self._begun(text)
        return begun + self.answer(rest)

    def answer(self, text: str) -> list[Token]:
        """Return the tokens of a text after a prompt, tokenized separately."""
        check_text(text)
        tokens = [self._token(id, covered) for id, covered in self._pieces.align(text)]
        if "".join(token.text for token in tokens) != text:
            raise not_tokenizable("this text")
        return tokens

    def check_ids(self, ids: Sequence[int]) -> None:
        """Refuse ids that aren't in this model's vocabulary.

        Raises:
            Problem: `unknown_token`.
        """
        for index, id in enumerate(ids):
            if not 0 <= id < self.vocabulary_size:
                raise Problem(
                    422,
                    "unknown_token",
                    f"Token {index} has the id {id}; this model's ids range from 0 to {self.vocabulary_size - 1}.",
                    "The tokens belong to another model. Run the prompt again with this model.",
                )

    def streamed(self) -> AnswerStream:
        """Return a stream that turns generated ids into tokens, one by one."""
        return AnswerStream(self._pieces)

    def _around(self, text: str, mode: ChatMode, thinks: bool = False) -> tuple[ChatUse, str, str]:
        """Return how the chat format was applied to a prompt, and the texts before and after it."""
        if mode == "off" or (mode == "auto" and not (self.is_instruct and self.chat)):
            return "plain", "", ""
        if self.chat is None:
            raise no_format(self._template_fault)
        return self.chat.around(text, thinks)

    def _begun(self, text: str, before: str = "") -> tuple[list[Token], str]:
        """Return a sequence's first tokens, and the rest of the prompt to tokenize.

        The start token occurs once: from the template, if that begins with it; or from the prompt, if the user wrote it; or else it is
        added here.

        Args:
            text: The prompt.
            before: The template's text before it.
        """
        start = "".join(map(self._pieces.piece, self.start_ids))
        begins_turn = self.chat is not None and start == self.chat.start  # as SmolLM2's does
        if not start or before.startswith(start) or (begins_turn and start in text):
            return [], text
        if not text.startswith(start):
            return [self._template(id) for id in self.start_ids], text
        return [self._token(id, self._pieces.piece(id)) for id in self.start_ids], text.removeprefix(start)

    def _template(self, id: int) -> Token:
        return Token(id=id, piece=self._pieces.piece(id), text="", kind="template")

    def _within(self, before: str, text: str, behind: str) -> Iterator[Token]:
        """Yield the tokens of a text between two others, whose own tokens are `template`.

        All three are tokenized together, as in training: a line break at the text's beginning may be one token with the template's
        line break before it. Such a token belongs to the text.
        """
        begin, end = len(before), len(before) + len(text)
        position = 0
        empty: list[int] = []  # a character's first bytes belong to the token with its last byte
        for id, covered in self._pieces.align(before + text + behind):
            start, position = position, position + len(covered)
            if start == position:
                empty.append(id)
                continue
            if start == 0 and self._pieces.is_control(id):
                # SentencePiece puts a blank before a text; there is none before the first turn.
                empty = [first for first in empty if self._pieces.piece(first) != "▁"]
            own = text[max(start, begin) - begin : max(min(position, end) - begin, 0)]
            for first in empty:
                yield self._token(first, "") if own else self._template(first)
            empty.clear()
            yield self._token(id, own) if own else self._template(id)
        yield from map(self._template, empty)

    def _is_whole(self, marker: str) -> bool:
        # Without the blank that SentencePiece puts before a text.
        ids = [id for id, text in self._pieces.align(marker) if text]
        return len(ids) == 1 and self._pieces.is_control(ids[0])

    def _token(self, id: int, text: str) -> Token:
        kind: TokenKind = "control" if self._pieces.is_control(id) else "text"
        return Token(id=id, piece=self._pieces.piece(id), text=text, kind=kind)


def not_tokenizable(what: str) -> Problem:
    """Return the error that a tokenizer drops a text."""
    return Problem(
        422,
        "not_tokenizable",
        f"This model's tokenizer makes no tokens of {what}.",
        "It may drop blanks. Write a text that isn't blank.",
    )


class AnswerStream:
    """Texts of generated tokens: the token that completes a character has its text; tokens before it have an empty text."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        # Bytes that can't become a character show as U+FFFD, including those at the end.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.tokens: list[Token] = []
        self.earlier = 0
        """How many characters at the beginning of the last token's text come from bytes of tokens before it."""

    def add(self, id: int) -> Token:
        """Return the next token of the answer."""
        decoded = self._pieces.decode(id)
        if isinstance(decoded, str):
            rest = self._decoder.decode(b"", final=True)
            text = rest + decoded
            self.earlier = len(rest)
            self._decoder.reset()
        else:
            pending, _ = self._decoder.getstate()
            # A byte that doesn't continue a character ends it, incomplete.
            goes_on = bool(decoded) and 0x80 <= decoded[0] < 0xC0
            self.earlier = 0 if goes_on or not decoded else len(pending.decode("utf-8", "replace"))
            text = self._decoder.decode(decoded)
        kind: TokenKind = "control" if self._pieces.is_control(id) else "text"
        token = Token(id=id, piece=self._pieces.piece(id), text=text, kind=kind)
        self.tokens.append(token)
        return token

    def instead(self, id: int) -> Token:
        """Return another token in the next one's place; its text has U+FFFD if it completes no character."""
        decoded = self._pieces.decode(id)
        state = self._decoder.getstate()
        if isinstance(decoded, str):
            text = decoded
        else:
            text = self._decoder.decode(decoded) or "\ufffd"
            self._decoder.setstate(state)
        kind: TokenKind = "control" if self._pieces.is_control(id) else "text"
        return Token(id=id, piece=self._pieces.piece(id), text=text, kind=kind)

    def finish(self) -> list[Token]:
        """Return all tokens; if the answer ends inside a character, the last one shows U+FFFD."""
        rest = self._decoder.decode(b"", final=True)
        if rest and self.tokens:
            last = self.tokens[-1]
            self.tokens[-1] = last.model_copy(update={"text": last.text + rest})
        return self.tokens


def sequence_tokenizer(causal_lm: Any, is_instruct: bool = False, template: Found | None = None) -> SequenceTokenizer:
    """Return the tokenizer of a `keras_nlp.models.CausalLM`.

    Args:
        causal_lm: The model.
        is_instruct: Whether it is known to be instruction-tuned.
        template: Its own chat template; None: it has none.

    Raises:
        Problem: `unsupported_model`, for a tokenizer that is neither SentencePiece nor byte-level BPE.
    """
    tokenizer = causal_lm.preprocessor.tokenizer
    pieces: Pieces
    if getattr(tokenizer, "proto", None) is not None:
        pieces = SentencePieces(tokenizer.proto)
    elif hasattr(tokenizer, "merges") and hasattr(tokenizer, "unsplittable_tokens"):
        pieces = BytePieces(tokenizer)
    else:
        raise Problem(
            422,
            "unsupported_model",
            f"{type(tokenizer).__name__} is neither a SentencePiece nor a byte-level BPE tokenizer.",
            "Use a text model of the Gemma, Llama, Mistral, GPT-2, Qwen or Phi families.",
        )
    # keras-hub begins every generation with the start token, whatever the preset's `add_start_token`.
    start = getattr(tokenizer, "start_token_id", None)
    stops = [getattr(tokenizer, name, None) for name in ("end_token_id", "end_token2_id")]
    # A model that ends its turn has finished, whether or not its family's `generate` knows that token.
    vocabulary = set(tokenizer.get_vocabulary())
    for name in ("<end_of_turn>", "<|eot_id|>", "<|im_end|>", "<|end|>"):
        if name in vocabulary:
            stops.append(tokenizer.token_to_id(name))
    pad = getattr(tokenizer, "pad_token_id", None)
    stop_ids = [id for stop in stops for id in _ids(stop)]
    family = type(tokenizer).__name__
    size = tokenizer.vocabulary_size()
    return SequenceTokenizer(pieces, _ids(start), stop_ids, size, pad or 0, is_instruct, template, family)


def _ids(value: Any) -> list[int]:
    if value is None:
        return []
    return [int(id) for id in value] if isinstance(value, (list, tuple)) else [int(value)]
