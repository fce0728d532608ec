"""`load_run` in a kernel, on the history's JSON."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_history import TERMS, record, scores

from lit_lab import load_run, protocol, saved_run
from lit_lab.upgrade import upgrade_run


@pytest.fixture
def saved():
    run = record(title="Mine", answer=" Avoid it.", chat="wrapped", terms=TERMS)
    event = {
        "event": "segment_scores", "target": {"start": 4, "end": 5}, "method": "shap", "errors": [0.1, 0.2],
        "segments": [{"start": 0, "end": 1}, {"start": 1, "end": 3}], "scores": [0.5, -0.25],
        "logprob": -1.0, "passes": 3,
    }  # fmt: skip
    shap = protocol.KeptScores.model_validate({"mode": "mask", "event": event})
    return run.model_copy(update={"scores": [scores(values=(0.1, 0.2, 0.3, 0.0, 0.0, 0.0)), shap]}).model_dump_json()


def test_arrays(saved):
    run = load_run(saved)
    assert (run.model, run.title, run.answer, run.chat) == ("demo", "Mine", " Avoid it.", "wrapped")
    assert run.terms == "Some Licence: https://example.org/terms"
    assert run.ids.dtype == np.int64
    assert run.ids.tolist() == [2, 3, 4, 50, 51, 52]
    assert run.seam == 3
    assert run.texts[run.seam :] == ("", "Avoid", "it.")
    np.testing.assert_array_equal(run.logprobs, [-0.5] * 3)
    gradient, shap = run.maps
    assert (gradient.method, gradient.target, gradient.segments) == ("grad_l2", slice(4, 5), None)
    np.testing.assert_array_equal(gradient.scores, [0.1, 0.2, 0.3, 0.0, 0.0, 0.0])
    assert (shap.method, shap.mode, shap.segments) == ("shap", "mask", (slice(0, 1), slice(1, 3)))
    np.testing.assert_array_equal(shap.errors, [0.1, 0.2])
    assert run.text(gradient.target) == "Avoid"
    assert run.created.tzinfo is not None
    assert "array" not in repr(run)


def test_flow_is_read_too(saved):
    run = json.loads(saved)
    run["scores"][0]["event"] |= {"method": "flow", "scores": [0.5, 0.25, 0.25, 0.0, 0.0, 0.0]}
    flow, _ = load_run(run).maps
    assert (flow.method, flow.target, flow.segments) == ("flow", slice(4, 5), None)
    assert flow.scores.sum() == 1


def test_text_file_and_dictionary_are_the_same(saved, tmp_path):
    (tmp_path / "run.json").write_text(saved, "utf-8")
    for source in (tmp_path / "run.json", str(tmp_path / "run.json"), json.loads(saved)):
        assert load_run(source).prompt == load_run(saved).prompt


def pack(numbers, dtype):
    return base64.b64encode(np.array(numbers, dtype).tobytes()).decode()


@pytest.fixture
def packed(saved):
    """The run as src/export/packed.ts packs it into a notebook's output."""
    run = json.loads(saved)
    prompt, answer = run.pop("prompt_tokens"), run.pop("answer_tokens")
    tokens = prompt + answer
    for kept in run["scores"]:
        if kept["event"]["event"] == "scores":
            kept["event"]["scores"] = pack(kept["event"]["scores"], "<f4")
    return {
        **run,
        "packed": 2,
        "seam": len(prompt),
        "tokens": {
            "ids": pack([token["id"] for token in tokens], "<i4"),
            "pieces": [token["piece"] for token in tokens],
            "texts": [token["text"] for token in tokens],
            "kinds": "".join({"text": "x", "control": "c", "template": "t"}[token["kind"]] for token in tokens),
        },
        "logprobs": pack([np.nan, *[token["logprob"] for token in answer[1:]]], "<f4"),
        "look": {"granularity": "words"},
        "target": [4, 5],
    }


def test_a_packed_run_is_the_same(saved, packed):
    plain, run = load_run(saved), load_run(packed)
    assert (run.texts, run.pieces, run.seam, run.created) == (plain.texts, plain.pieces, plain.seam, plain.created)
    np.testing.assert_array_equal(run.ids, plain.ids)
    np.testing.assert_array_equal(run.logprobs, [np.nan, -0.5, -0.5])
    for one, other in zip(run.maps, plain.maps, strict=True):
        assert (one.method, one.target, one.segments) == (other.method, other.target, other.segments)
        np.testing.assert_array_equal(one.scores, other.scores.astype(np.float32))


def test_effects_are_unpacked(saved, packed):
    rows = [[-1.0, None, -0.5], [-2.0, -1.5, -0.25]]
    event = {"event": "effects", "kind": "one", "first": 0, "total": 2, "removed": [[], [0]], "logprobs": rows}
    segments = [{"turn": 0, "start": 0, "end": 1}]
    effects = {"segments": segments, "answer_segments": [], "held_out": 0, "seed": 0, "events": [event]}
    values = [np.nan if value is None else value for row in rows for value in row]
    small = {**effects, "events": [{**event, "logprobs": pack(values, "<f4")}]}
    assert saved_run._unpack({**packed, "effects": [small]})["effects"] == [effects]
    for run in ({**packed, "effects": [small]}, {**json.loads(saved), "effects": [effects]}):
        assert load_run(run).prompt == load_run(saved).prompt


OF_0_1_0 = json.loads((Path(__file__).parent.parent / "fixtures" / "runs_0_1_0.json").read_text("utf-8"))


def test_a_run_of_version_0_1_0_gets_the_names_of_this_one():
    before = json.dumps(OF_0_1_0["record"])
    assert upgrade_run(OF_0_1_0["record"]) == OF_0_1_0["upgraded"]
    assert upgrade_run(OF_0_1_0["upgraded"]) == OF_0_1_0["upgraded"]
    assert json.dumps(OF_0_1_0["record"]) == before
    for value in OF_0_1_0["unchanged"]:
        assert upgrade_run(value) == value


@pytest.mark.parametrize("form", ["record", "packed"])
def test_a_run_that_version_0_1_0_exported_is_read(form):
    run, same = load_run(OF_0_1_0[form]), load_run(OF_0_1_0["upgraded"])
    assert (run.prompt, run.answer, run.texts, run.title) == (same.prompt, same.answer, same.texts, same.title)
    assert [one.method for one in run.maps] == ["grad_l2", "grad_dot_input", "integrated_gradients", "leave_one_out"]
    for one, other in zip(run.maps, same.maps, strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)


REFUSED = "^This is no run of LIT Lab's history: "


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"packed": 3}, "a way that this version doesn't know"),
        ({"packed": True}, "a way that this version doesn't know"),
        ({"seam": "x"}, "doesn't begin at one of its tokens"),
        ({"seam": -1}, "doesn't begin at one of its tokens"),
        ({"seam": True}, "doesn't begin at one of its tokens"),
        ({"seam": 7}, "doesn't begin at one of its tokens"),
        ({"seam": 2}, "3 probabilities of 4 tokens"),
        ({"logprobs": "?"}, ""),
        ({"logprobs": [1.0]}, "not packed"),
        ({"logprobs": "AAAA"}, "multiple of element size"),
        ({"logprobs": "é"}, "ASCII"),
        ({"tokens": {}}, "it lacks 'pieces'"),
        ({"tokens": []}, ""),
        ({"tokens": {"ids": "", "pieces": "", "texts": "", "kinds": ""}}, "not lists"),
        ({"tokens": {"ids": "", "pieces": [], "texts": [], "kinds": ["x"]}}, "not lists"),
        ({"tokens": {"ids": "", "pieces": ["a"], "texts": [], "kinds": ""}}, "not complete"),
        ({"scores": [{"event": {}}]}, "it lacks 'scores'"),
        ({"scores": [[]]}, ""),
        ({"effects": [{"events": [{"logprobs": [1.0]}]}]}, "not packed"),
        ({"effects": [{}]}, "it lacks 'events'"),
        ({"scores": 1}, ""),
        ({"surplus": 1}, "surplus"),
    ],
)
def test_a_damaged_packed_run_is_refused_with_a_message(packed, change, says):
    with pytest.raises(ValueError, match=REFUSED + ".*" + says):
        load_run({**packed, **change})


def changed(run, *path, to):
    """Return a copy of JSON with one value changed."""
    run = json.loads(json.dumps(run))
    at = run
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = to
    return run


@pytest.mark.parametrize(
    ("path", "to", "says"),
    [
        (["created"], 1e300, ""),
        (["created"], -1e18, ""),
        (["created"], 10**400, ""),
        (["created"], True, "created"),
        (["starred"], 1, "starred"),
        (["prompt"], "\ud800", "half of a character"),
        (["answer_tokens", 0, "text"], "a\udc00", "half of a character"),
        (["prompt_tokens", 0, "id"], 2**70, ""),
        (["prompt_tokens", 0, "id"], True, "prompt_tokens.0.id"),
        (["prompt_tokens", 0, "id"], 2.0, "prompt_tokens.0.id"),
        (["prompt_tokens", 0, "id"], "2", "prompt_tokens.0.id"),
        (["answer_tokens", 0, "logprob"], float("inf"), "finite"),
        (["scores", 0, "event", "scores", 1], float("nan"), "finite"),
        (["scores", 0, "event", "scores", 1], 10**400, ""),
        (["scores", 0, "event", "scores"], [0.5], "scores 0 are 1, not 6"),
        (["scores", 0, "event", "target"], {"start": 4, "end": 9}, "lies outside of its 6 tokens"),
        (["scores", 0, "event", "target"], {"start": 0, "end": 1}, "lies outside of its 6 tokens"),
        (["scores", 1, "event", "scores"], [0.5], "scores 1 are 1, not 2"),
        (["scores", 1, "event", "errors"], [0.5], "1 errors of 2 segments"),
        (["scores", 1, "event", "segments", 1, "end"], 5, "lies behind their target"),
        (["scores"], {}, "scores"),
    ],
)
def test_invalid_values_are_refused_with_a_message(saved, path, to, says):
    run = changed(json.loads(saved), *path, to=to)
    with pytest.raises(ValueError, match=REFUSED + ".*" + says) as refusal:
        load_run(run)
    assert len(str(refusal.value)) < 500
    with pytest.raises(ValueError, match=REFUSED):
        load_run(json.dumps(run))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{}", ""),
        ('{"id": 1}', ""),
        ({"prompt": "x"}, ""),
        ("{not json", ""),
        ('{"id": NaN}', "NaN"),
        ('{"a":' * 5_000, "nested more than"),
        ('{"a":' + "[" * 5_000 + "]" * 5_000 + "}", "nested more than"),
        ('{"created": ' + "1" * 5_000 + "}", "4300"),
        ("{" + ",".join(f'"{n}": 1' for n in range(101)) + "}", "more than 100 names"),
        ("x" * 300, "File name too long"),
        ("x" * 5_000, "neither JSON"),
        ("a\0b", "neither JSON"),
        ("[]\n", "neither JSON"),
        ("/", "no regular file"),
        (None, ""),
        (7, ""),
        (b"{}", ""),
    ],
)
def test_something_else_is_refused_with_a_message(source, says):
    with pytest.raises(ValueError, match=REFUSED + ".*" + says) as refusal:
        load_run(source)
    assert len(str(refusal.value)) < 500


def test_a_missing_file_is_reported():
    for path in ("nowhere.json", Path("nowhere.json")):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            load_run(path)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"\xc3(", b"[]", b"null", b'"text"', b"\x1f\x8b\x08\0\0\0\0\0", b"PK\x03\x04"]
)
def test_a_file_of_something_else_is_refused_with_a_message(tmp_path, content):
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(ValueError, match=REFUSED):
        load_run(tmp_path / "run.json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match=REFUSED + ".*no regular file"):
        load_run(tmp_path / "pipe")


def test_what_is_too_large_is_not_parsed(saved, packed, tmp_path, monkeypatch):
    (tmp_path / "run.json").write_text(saved)
    for bound, says in (
        ("MAX_BYTES", "larger than"),
        ("MAX_VALUES", "values"),
        ("MAX_CONTAINERS", "more than 40 strings"),
    ):
        with monkeypatch.context() as small:
            small.setattr(saved_run, bound, 20)
            for source in (saved, tmp_path / "run.json"):
                with pytest.raises(ValueError, match=REFUSED + ".*" + says):
                    load_run(source)
    for bound, says in ("MAX_TOKENS", "more than 2 tokens"), ("MAX_VALUES", "more than 2 scores"):
        with monkeypatch.context() as small:
            small.setattr(saved_run, bound, 2)
            with pytest.raises(ValueError, match=REFUSED + ".*" + says):
                load_run(packed)


def test_a_byte_order_mark_is_no_harm(saved, tmp_path):
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "run.json").write_text(saved, encoding)
        assert load_run(tmp_path / "run.json").prompt == load_run("\ufeff" + saved).prompt


def test_importing_the_package_imports_nothing():
    code = "import sys, lit_lab; print([name for name in ('pydantic', 'numpy') if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
    code = "import lit_lab; print(hasattr(lit_lab, 'load_run'), hasattr(lit_lab, 'nonsense'))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "True False"
