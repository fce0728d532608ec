"""A model's own chat template as a chat format: applies it to prompts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lit_lab.protocol import ChatUse, Role

from ..chat import FORMATS, ChatFormat
from ..conversations import Written
from .rendering import Around, Rendering
from .turns import TurnWriter

MARKER = re.compile(
    r"<\|[^|<>\s]{1,60}\|?>|<[^|<>\s]{1,60}\|>|\[/?[A-Z][A-Z_]{1,40}\]|<(?:start|end)_of_\w{1,40}>|</?s>|<</?SYS>>"
)
"""Markers between turns: control tokens, and texts that look like them, such as Llama 2's `[INST]`."""


@dataclass(frozen=True)
class OwnTemplate:
    """A model's own template.

    Attributes:
        name: The known format of its turns; `own` if none fits.
        start: The token that begins a turn, of a known format.
        plain: What it puts around a prompt.
        thinking: The same when the model should think first; None if the template can't do that.
        form: The known format of its turns, or None.
        markers: All markers between its turns.
        writer: Writes conversations.
    """

    name: str
    start: str
    plain: Around
    thinking: Around | None
    form: ChatFormat | None
    markers: frozenset[str]
    writer: TurnWriter = field(compare=False)

    def around(self, prompt: str, thinks: bool = False) -> tuple[ChatUse, str, str]:
        """Return how a prompt is used, and what to put before and after it, as `ChatFormat.around` does.

        Args:
            prompt: The prompt; the template never sees it.
            thinks: Whether the model should think first, if it can.
        """
        around = self.thinking if thinks and self.thinking is not None else self.plain
        if self.form is None:
            return self._around(prompt, around)
        use, _, onward = self.form.around(prompt)
        if onward.endswith(self.form.open(self.form.model)):
            onward += around.behind.removeprefix(_onward(self.form))
        return use, around.before if use == "wrapped" else "", onward

    def written(self, roles: Sequence[Role], thinks: bool = False) -> Written:
        """Return what to put before, between and after a conversation's turns, as `Turns.written` does."""
        return self.writer.written(roles, thinks and self.thinking is not None)

    def _around(self, prompt: str, around: Around) -> tuple[ChatUse, str, str]:
        ends = MARKER.findall(around.behind)
        # If one marker ends the user's turn and begins the model's, as `[/INST]` does, no other turn has a closing marker.
        closer = ends[0] if len(ends) > 1 else ""
        found = [match for match in MARKER.finditer(prompt) if match.group() in self.markers]
        last = found[-1].group() if found else ""
        rest = prompt[found[-1].end() :] if found else prompt
        is_closed = last != "" and last == closer and not rest.strip()
        behind = _remaining(around.behind.partition(closer)[2], rest) if is_closed else around.behind
        if all(match.group() == closer for match in found):
            return "wrapped", around.before, behind
        if last == closer and not is_closed:
            return "written", "", ""  # text after the last turn: users do that on purpose
        if ends and last == ends[-1]:
            missing = around.behind.rpartition(last)[2]
            return "written", "", missing[len(rest) :] if missing.startswith(rest) else ""
        return "written", "", behind


def own(rendering: Rendering, start: str, has_blank: bool = False, name: str = "own") -> OwnTemplate:
    """Return a template as a chat format.

    Args:
        rendering: What the template does.
        start: The token with which the tokenizer begins each text, and which the template's text then omits; empty: none.
        has_blank: Whether it puts a blank before a text. Where tokens swallow blanks, as Phi-3's do, a blank then follows them.
        name: Its name if its turns have no known format.
    """
    form = next((form for form in FORMATS if _has(rendering, form)), None)
    # If the token also begins turns, it stays: it shows the tokenizer that the text needs no start token.
    taken = "" if form is not None and start == form.start else start
    plain, thinking = (
        each and Around(each.before.removeprefix(taken) + _gap(rendering, each, has_blank), each.behind)
        for each in (rendering.plain, rendering.thinking)
    )
    texts = [part for each in (plain, thinking) if each for part in (each.before, each.behind)]
    markers = {marker for text in [*texts, rendering.system_opening] for marker in MARKER.findall(text)} - {start}
    return OwnTemplate(
        form.name if form else name,
        form.start if form else "",
        plain or rendering.plain,
        thinking,
        form,
        frozenset(markers),
        TurnWriter(rendering, taken, _opening(rendering.plain.before.removeprefix(start)), has_blank),
    )


def _has(rendering: Rendering, form: ChatFormat) -> bool:
    both = [each for each in (rendering.plain, rendering.thinking) if each is not None]
    return all(each.before.endswith(form.open("user")) and each.behind.startswith(_onward(form)) for each in both)


def _opening(before: str) -> str:
    """Return the last marker before a prompt; without markers, all of the text."""
    return next(reversed(MARKER.findall(before)), before.strip())


def _gap(rendering: Rendering, around: Around, has_blank: bool) -> str:
    return " " if has_blank and around.before.endswith(tuple(rendering.swallowing)) else ""


def _onward(form: ChatFormat) -> str:
    """Return what closes the user's turn and opens the model's."""
    return form.end + form.gap + form.open(form.model)


def _remaining(wanted: str, there: str) -> str:
    """Return the missing part of a text; the blanks at its beginning may be there already."""
    return wanted[len(there) :] if wanted.startswith(there) else wanted.lstrip()
