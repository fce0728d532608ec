"""How a run shows itself: the content of a notebook's output, HTML and text. Only what is known is shown; nothing is computed."""

from __future__ import annotations

import contextlib
from typing import Any

from lit_lab.client import rendering
from lit_lab.client.map_plan import MapPlan
from lit_lab.client.packing import MIME_TYPE, packed_output
from lit_lab.client.run_text import Cutting, cut_run, text_of
from lit_lab.client.salience_map import Map, Segment
from lit_lab.client.targets import last_sentence
from lit_lab.problem import Problem
from lit_lab.protocol import RunRecord
from lit_lab.segmentation import TokenSpan

_ORDER = ("effect", "grad_l2", "grad_dot_input", "integrated_gradients", "flow")
_LOOK = "grad_l2"


def bundle(run: RunRecord) -> dict[str, Any]:
    """Return a run in all forms: for LIT Lab's reader, for sites, for terminals."""
    found = {"text/plain": plain_text(run), "text/html": html(run)}
    target = last_sentence(run, Cutting()) if run.answer_tokens else None
    return {MIME_TYPE: packed_output(run, _LOOK, "sentences", target), **found}


def plain_text(run: RunRecord) -> str:
    """Return a run as text: prompt, answer, and what led to the answer's last sentence."""
    shown = known_map(run)
    return "\n".join(
        [
            f"{run.model}: “{rendering.one_line(run.prompt)}”",
            f"→ {run.answer.strip()}" if run.answer.strip() else "→ (empty)",
            *([str(shown)] if shown is not None else []),
        ]
    )


def html(run: RunRecord) -> str:
    """Return a run as HTML that needs neither styles nor scripts."""
    shown = known_map(run)
    title = f"What led to “{rendering.one_line(shown.target_text)}”" if shown else "No map of this run was computed."
    facts = " · ".join([run.model, *([f"{shown.method}, {shown.granularity}"] if shown else [])])
    listed = rendering.ranking_html(shown.top(5), shown.unit) if shown else ""
    notes = [f"{run.terms.name}: {run.terms.url}"] if run.terms else []
    return rendering.text_html(title, facts, _pieces(run, shown), listed, notes)


def html_page(run: RunRecord) -> str:
    """Return a run as a page."""
    return rendering.page(f"LIT Lab: {rendering.one_line(run.title or run.prompt)}", html(run))


def known_map(run: RunRecord) -> Map | None:
    """Return a map of the answer's last sentence that needs no computing; None: there is none."""
    for method in _ORDER:
        with contextlib.suppress(Problem):
            if found := MapPlan(run, Cutting(), method, None, "squares", "remove").known(run):
                return found
    return None


def _pieces(run: RunRecord, shown: Map | None) -> list[tuple[str, Segment | None, bool]]:
    """Return the text in order: characters, the segment that they are, and whether they are in the target."""
    tokens = [*run.prompt_tokens, *run.answer_tokens]
    if shown is None:
        return [(text_of(tokens, span), None, False) for span in cut_run(run, Cutting(), None).segments]
    found: list[tuple[str, Segment | None, bool]] = []
    at = 0
    for segment in shown.segments:
        span: TokenSpan = (segment.tokens.start, segment.tokens.stop)
        found.append((text_of(tokens, (at, span[0])), None, False))
        is_target = shown.target.start <= span[0] and span[1] <= shown.target.stop
        found.append((text_of(tokens, span), segment, is_target))
        at = span[1]
    found.append((text_of(tokens, (at, len(tokens))), None, False))
    return [piece for piece in found if piece[0]]
