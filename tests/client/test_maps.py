"""Maps of stored scores, and how runs show themselves: all without a model."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from runs import record, run_of, scored

from lit_lab import Problem, load_run, protocol
from lit_lab.client.effect_table import effects_request
from lit_lab.client.explaining import map_of
from lit_lab.client.map_plan import MapPlan
from lit_lab.client.packing import MIME_TYPE, pack_run
from lit_lab.client.run_state import RunState
from lit_lab.client.run_text import Cutting, cut_run, deleted_segments

PROMPT = "Say yes. Be <b>brief</b>."
BASE = record(PROMPT, " Yes. It is.")
SEAM = len(BASE.prompt_tokens)
COUNT = SEAM + len(BASE.answer_tokens)
LAST = slice(SEAM + 2, COUNT)


def with_scores(method: str, first: float, second: float) -> protocol.RunRecord:
    """A run with the same score for each token of its first sentence, and another one for the others."""
    scores = [0.0] + [first] * 3 + [second] * (SEAM - 4) + [0.0] * (COUNT - SEAM)
    return scored(BASE, LAST, method, scores)


def with_effects(*deltas: float) -> protocol.RunRecord:
    deleted = deleted_segments(BASE, cut_run(BASE, Cutting(), None))
    assert deleted is not None
    request = effects_request(BASE, deleted, [token.id for token in [*BASE.prompt_tokens, *BASE.answer_tokens]])
    width = COUNT - SEAM
    whole = [-1.5] * width
    event = {
        "event": "effects",
        "kind": "one",
        "first": 0,
        "total": 1 + len(deltas),
        "removed": [[], *([index] for index in range(len(deltas)))],
        "logprobs": [whole, *([*whole[:-1], -1.5 - delta] for delta in deltas)],
    }
    kept = protocol.KeptEffects.model_validate(
        {**request.model_dump(include={"segments", "answer_segments", "held_out", "seed"}), "events": [event]}
    )
    return BASE.model_copy(update={"effects": [kept]})


def test_a_map_of_gradients_has_shares_of_squares() -> None:
    found = run_of(with_scores("grad_l2", 2.0, 1.0)).map(method="grad_l2")
    first, second = found.top(2)
    assert (first.text, first.rank, first.score) == ("Say yes.", 1, 12.0)
    assert first.share == pytest.approx(12.0 / (12.0 + SEAM - 4))
    assert (second.text, found.unit, found.is_signed) == ("Be <b>brief</b>.", "squares", False)
    assert found.target_text.strip() == "It is."
    assert (found.target, len(found)) == (LAST, 3)
    assert [segment.rank for segment in found.segments][-1] is None, "the target has no share"


def test_the_loss_s_sign_is_turned_for_tokens_and_sums() -> None:
    run = run_of(with_scores("grad_dot_input", -1.0, 0.5))
    assert [segment.score for segment in run.map("tokens", "grad_dot_input").top(2)] == [1.0, 1.0]
    assert run.map(method="grad_dot_input", aggregation="sum").top(1)[0].score == -0.5 * (SEAM - 4)
    assert run.map(method="grad_dot_input").is_signed is False
    found = run_of(with_scores("integrated_gradients", -1.0, 0.25)).map(method="integrated_gradients")
    assert (next(iter(found)).score, found.is_signed) == (3.0, True), "scores that add up are summed"


def test_an_effect_is_how_much_less_likely_the_target_is() -> None:
    found = run_of(with_effects(0.5, 2.0, -1.0)).map()
    assert [(segment.text, round(segment.score, 6), segment.rank) for segment in found] == [
        ("Say yes.", 0.5, 3),
        ("Be <b>brief</b>.", 2.0, 1),
        ("Yes.", -1.0, 2),
    ]
    assert (found.unit, found.is_signed) == ("nats", True)
    assert "+2.00 nats" in str(found)
    assert "-1.00 nats" in str(found)
    frame = found.to_pandas()
    assert list(frame.columns) == ["rank", "share", "score", "error", "text", "start", "end"]
    assert frame["score"].tolist() == pytest.approx([0.5, 2.0, -1.0])


def test_influence_reads_what_is_known() -> None:
    assert run_of(with_effects(0.5, 2.0, -1.0)).influence("Say yes.") == pytest.approx(0.5)
    assert run_of(with_effects(0.5, 2.0, -1.0)).influence("Be <b>brief</b>.", target=-1) == pytest.approx(2.0)


def test_more_sets_continue_after_those_that_are_known() -> None:
    run = with_effects(0.5)
    request = MapPlan(run, Cutting(), "effect", None, "squares", "remove").request(run)
    assert isinstance(request, protocol.EffectsRequest)
    assert (request.skip, request.held_out, request.samples, request.seed) == (2, 16, 32, 0)


@pytest.mark.parametrize("method", ["effect", "grad_l2", "flow", "leave_one_out", "lime", "shap"])
def test_without_a_connection_a_run_says_how_to_get_one(method: str) -> None:
    run = load_run(BASE.model_dump_json())
    with pytest.raises(Problem, match=r"run\.connect\(\)"):
        run.map(method=method)  # type: ignore[arg-type]
    with pytest.raises(Problem, match=r"run\.connect\(\)"):
        run.influence("yes")
    with pytest.raises(Problem, match=r"run\.connect\(\)"):
        run.without("yes")


def test_what_is_no_method_or_granularity_is_refused() -> None:
    run = run_of(with_scores("grad_l2", 2.0, 1.0))
    with pytest.raises(Problem, match="The methods are effect"):
        run.map(method="gradient")  # type: ignore[arg-type]
    with pytest.raises(Problem, match="granularity"):
        run.map("letters", "grad_l2")  # type: ignore[arg-type]
    with pytest.raises(Problem, match="regular expression"):
        run.map("custom", "grad_l2")
    with pytest.raises(Problem, match="aggregation"):
        run.map(method="grad_l2", aggregation="median")  # type: ignore[arg-type]
    assert [segment.text for segment in run.map("custom", "grad_l2", custom="Say")][:2] == [
        "Say",
        "yes. Be <b>brief</b>.",
    ]


def test_too_many_segments_are_refused() -> None:
    run = record("a " * 500, "Yes. It is.")
    for method in ("effect", "leave_one_out"):
        with pytest.raises(Problem, match="400 are the most"):
            run_of(run).map("words", method)  # type: ignore[arg-type]


def test_the_output_of_a_notebook_is_read_as_the_same_run() -> None:
    run = with_scores("grad_l2", 2.0, 1.0).model_copy(update={"effects": with_effects(0.5, 2.0, -1.0).effects})
    bundle = run_of(run)._repr_mimebundle_()
    assert set(bundle) == {MIME_TYPE, "text/html", "text/plain"}
    output = json.loads(json.dumps(bundle[MIME_TYPE]))
    assert (output["packed"], output["target"], output["look"]["method"]) == (2, [LAST.start, LAST.stop], "grad_l2")
    back = load_run(output)
    assert (back.prompt, back.answer, back.pieces) == (PROMPT, run.answer, run_of(run).pieces)
    for method in ("effect", "grad_l2"):
        for one, other in zip(back.map(method=method), run_of(run).map(method=method), strict=True):  # type: ignore[arg-type]
            assert (one.text, one.rank) == (other.text, other.rank)
            assert one.score == pytest.approx(other.score, rel=1e-5)


def test_the_output_that_the_panel_s_tests_read_is_of_this_form() -> None:
    run = with_scores("grad_l2", 2.0, 1.0).model_copy(update={"effects": with_effects(0.5, 2.0, -1.0).effects})
    fixture = Path(__file__).parents[1] / "fixtures/python_output.json"
    assert json.loads(fixture.read_text("utf-8")) == run_of(run)._repr_mimebundle_()[MIME_TYPE]


def test_an_output_has_no_private_folders() -> None:
    origin = protocol.RunOrigin(document="private/folder/prompts.ipynb", place=["cell 1"])
    packed = pack_run(BASE.model_copy(update={"origin": origin}))
    assert packed["origin"] == {"document": "prompts.ipynb", "place": ["cell 1"]}
    assert "private" not in json.dumps(packed)


def test_html_escapes_all_texts() -> None:
    evil = '<script>alert("x")</script>&'
    run = record(f"{evil} Say yes.", f" {evil} It is.", model=evil, title=evil)
    count = len(run.prompt_tokens) + len(run.answer_tokens)
    run = scored(run, slice(count - 3, count), "grad_l2", [1.0] * count)
    shown = run_of(run)
    found = shown.map(method="grad_l2", target=slice(count - 3, count))
    for html in (shown._repr_mimebundle_()["text/html"], shown.to_html(), found._repr_html_()):
        assert "<script" not in html
        assert "&lt;script&gt;" in html
    assert "default-src 'none'" in shown.to_html()


def test_a_run_without_maps_still_shows_itself() -> None:
    shown = run_of(BASE)
    assert "No map" in shown._repr_mimebundle_()["text/html"]
    assert str(shown).splitlines() == [f"demo: “{PROMPT}”", "→ Yes. It is."]
    empty = run_of(record("Soup?", ""))
    assert str(empty).endswith("→ (empty)")
    assert MIME_TYPE in empty._repr_mimebundle_()
    assert empty.compare(shown).first_difference == 0


def test_a_comparison_says_what_changed() -> None:
    other = record("Say yes. Be long.", " Yes. It is not.", model="other", stop=["x"])
    found = run_of(BASE).compare(run_of(other))
    (change,) = found.prompt
    assert (change.kind, change.before, change.after) == ("changed", "Be <b>brief</b>.", "Be long.")
    assert (found.same_answer, found.first_difference, found.answer[0].before) == (False, 4, "It is.")
    assert found.logprobs == (-2.5, -3.0)
    assert found.logprobs_per_token == (-0.5, -0.5)
    assert "Two models: demo and other." in str(found)
    assert "Different texts to stop at" in str(found)
    same = run_of(BASE).compare(run_of(BASE))
    assert (same.same_answer, same.prompt, same.answer, same.settings) == (True, (), (), ())


def test_a_run_is_saved_as_json_and_as_a_page(tmp_path) -> None:  # type: ignore[no-untyped-def]
    run = run_of(with_scores("grad_l2", 2.0, 1.0))
    run.save(tmp_path / "run.json")
    assert load_run(tmp_path / "run.json").map(method="grad_l2").top(1)[0].text == "Say yes."
    run.save(tmp_path / "run.html")
    assert (tmp_path / "run.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(ValueError, match="json or html"):
        run.save(tmp_path / "run.txt")


def test_maps_need_no_numpy() -> None:
    code = "import sys; sys.modules['numpy'] = None; import lit_lab; run = lit_lab.load_run(sys.stdin.read()); print(run.map(method='grad_l2').top(1)[0].text, len(run._repr_mimebundle_()))"  # fmt: skip
    run = with_scores("grad_l2", 2.0, 1.0).model_dump_json()
    done = subprocess.run([sys.executable, "-c", code], input=run, capture_output=True, text=True, check=False)
    assert done.stdout == "Say yes. 3\n", done.stderr


def test_effects_in_half_precision_that_cannot_be_continued_are_computed_anew() -> None:
    (whole,) = with_effects(0.5, 2.0, -1.0).effects
    (event,) = whole.events
    begun = event.model_copy(update={"removed": event.removed[:2], "logprobs": event.logprobs[:2], "difference": 0.02})
    asked: list[tuple[int, str]] = []

    class Service:
        """Computes in float32 now."""

        async def effects(self, request: protocol.EffectsRequest, *_: Any, **__: Any) -> protocol.KeptEffects:
            asked.append((request.skip, request.precision))
            first = request.skip
            rest = {"first": first, "removed": event.removed[first:], "logprobs": event.logprobs[first:]}
            return whole.model_copy(update={"events": [event.model_copy(update=rest)]})

    run = BASE.model_copy(update={"effects": [whole.model_copy(update={"events": [begun]})]})
    state = RunState(run, Service())  # type: ignore[arg-type]
    found = asyncio.run(map_of(state, Cutting(), "effect", None, "squares", "remove"))
    assert asked == [(2, "auto"), (0, "float32")]
    assert found == MapPlan(with_effects(0.5, 2.0, -1.0), Cutting(), "effect", None, "squares", "remove").known(
        with_effects(0.5, 2.0, -1.0)
    )
