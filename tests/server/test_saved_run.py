"""`load_run`: what the history gives as JSON, in a kernel."""

import base64
import json
import subprocess
import sys

import numpy as np
import pytest
from test_history import TERMS, record, scores

from lit_lab import load_run, protocol


@pytest.fixture
def saved():
    run = record(title="Mine", answer=" Avoid it.", chat="wrapped", terms=TERMS)
    event = {
        "event": "segment_scores", "target": {"start": 4, "end": 5}, "method": "shap", "errors": [0.1, 0.2],
        "segments": [{"start": 0, "end": 1}, {"start": 1, "end": 3}], "scores": [0.5, -0.25],
        "logprob": -1.0, "passes": 3,
    }  # fmt: skip
    shap = protocol.KeptScores.model_validate({"mode": "mask", "event": event})
    return run.model_copy(update={"scores": [scores(), shap]}).model_dump_json()


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
    np.testing.assert_array_equal(gradient.scores, [0.1, 0.2, 0.3, 0.0, 0.0])
    assert (shap.method, shap.mode, shap.segments) == ("shap", "mask", (slice(0, 1), slice(1, 3)))
    np.testing.assert_array_equal(shap.errors, [0.1, 0.2])
    assert run.text(gradient.target) == "Avoid"
    assert run.created.tzinfo is not None
    assert "array" not in repr(run)


def test_text_file_and_dictionary_are_the_same(saved, tmp_path):
    (tmp_path / "run.json").write_text(saved, "utf-8")
    for source in (tmp_path / "run.json", str(tmp_path / "run.json"), json.loads(saved)):
        assert load_run(source).prompt == load_run(saved).prompt


def pack(numbers, dtype):
    return base64.b64encode(np.array(numbers, dtype).tobytes()).decode()


@pytest.fixture
def packed(saved):
    """What src/export/packed.ts makes of it, in a notebook's output."""
    run = json.loads(saved)
    prompt, answer = run.pop("prompt_tokens"), run.pop("answer_tokens")
    tokens = prompt + answer
    for kept in run["scores"]:
        if kept["event"]["event"] == "scores":
            kept["event"]["scores"] = pack(kept["event"]["scores"], "<f4")
    return {
        **run,
        "packed": 1,
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


@pytest.mark.parametrize(
    "change", [{"packed": 2}, {"seam": "x"}, {"logprobs": "?"}, {"tokens": {}}, {"scores": [{"event": {}}]}]
)
def test_a_damaged_packed_run_is_refused_in_words(packed, change):
    with pytest.raises(ValueError, match="no run of LIT Lab's history"):
        load_run({**packed, **change})


@pytest.mark.parametrize("source", ["{}", '{"id": 1}', {"prompt": "x"}, "{not json"])
def test_something_else_is_refused_in_words(source):
    with pytest.raises(ValueError, match="no run of LIT Lab's history"):
        load_run(source)


def test_a_missing_file_is_told():
    with pytest.raises(OSError, match="nowhere"):
        load_run("nowhere.json")


def test_importing_the_package_imports_nothing():
    code = "import sys, lit_lab; print([name for name in ('pydantic', 'numpy') if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
    code = "import lit_lab; print(hasattr(lit_lab, 'load_run'), hasattr(lit_lab, 'nonsense'))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "True False"
