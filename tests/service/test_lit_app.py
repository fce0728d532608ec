"""LIT's own app over the service: its requests, and the same scores as LIT Lab's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import numpy as np
import pytest
from pydantic import TypeAdapter
from running import MANY, SECRET, Running, events, running

from lit_lab.protocol import JobEvent, LitEndpoint, LitEvent, LitFile

PROMPT = "Suggestion: Onion soup\n"
TARGET = "Recommendation: Avoid."


@pytest.fixture(scope="module")
def service(shallow_preset: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("service")
    with running(
        folder / "log", f"tiny:{shallow_preset}", f"other:{shallow_preset}", f"missing:{folder}/nothing"
    ) as service:
        # Before LIT is opened.
        with service.client() as client:
            service.early = call(client, "get_info")  # type: ignore[attr-defined]
            service.opened = events(client, "/lit_app", {"model": "tiny"})  # type: ignore[attr-defined]
        yield service


@pytest.fixture
def client(service: Running) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


def call(client: httpx.Client, endpoint: str, **fields: Any) -> dict[str, Any]:
    """Return the last event of a call, with its body parsed."""
    last = events(client, "/lit/call", {"endpoint": endpoint, **fields})[-1]
    TypeAdapter(LitEvent).validate_python(last)
    return last | ({"body": json.loads(last["body"])} if "body" in last else {})


def preds(client: httpx.Client, model: str, data: dict[str, Any], **query: str) -> dict[str, Any]:
    """Return a model's predictions for a datapoint that is in no dataset, requested like LIT's page does."""
    example = {"id": "", "data": {"_id": "", **data}, "meta": {"added": True}}
    query = {"model": model, "dataset_name": "prompts", **query}
    answer = call(client, "get_preds", query=query, inputs=[example])
    assert answer["event"] == "lit_answer", answer
    (found,) = answer["body"]
    return found  # type: ignore[no-any-return]


def test_the_app_is_created_on_first_use_and_reports_what_it_waits_for(service: Running) -> None:
    assert service.early["error"] == "lit_not_open"  # type: ignore[attr-defined]
    opened = service.opened  # type: ignore[attr-defined]
    for event in opened:
        TypeAdapter(JobEvent).validate_python(event)
    assert any("LIT" in event["message"] for event in opened if event["event"] == "state")
    assert opened[-1]["event"] == "done"


def test_a_model_that_cannot_be_loaded_says_why(client: httpx.Client) -> None:
    last = events(client, "/lit_app", {"model": "missing"})[-1]
    assert (last["event"], last["error"]) == ("error", "preset_not_found")
    assert client.post("/lit_app", json={"model": "none"}).status_code == 404


def test_it_knows_the_loaded_models_the_datasets_and_the_layouts(client: httpx.Client) -> None:
    info = call(client, "get_info")["body"]
    assert {"tiny", "_tiny_salience", "_tiny_tokenizer"} <= set(info["models"])
    assert {"sample_prompts", "prompts"} <= set(info["datasets"])
    assert {"prompts", "sample_prompts"} <= set(info["models"]["tiny"]["datasets"])
    assert set(info["layouts"]) == {"left_right", "top_bottom", "three_panel"}
    assert len(call(client, "get_dataset", query={"dataset_name": "sample_prompts"})["body"]) == 12


def test_it_writes_nothing_and_makes_nothing(client: httpx.Client) -> None:
    info = call(client, "get_info")["body"]
    assert info["demoMode"] is True
    assert info["initSpecs"] == {"models": {}, "datasets": {}}


def test_a_model_that_is_loaded_later_joins_when_it_is_opened(client: httpx.Client) -> None:
    assert events(client, "/lit_app", {"model": "other"})[-1]["event"] == "done"
    assert {"tiny", "other"} <= set(call(client, "get_info")["body"]["models"])


def test_a_datapoint_is_answered_as_the_service_answers_it(client: httpx.Client) -> None:
    said = preds(client, "tiny", {"prompt": PROMPT, "target": ""})
    asked = {"model": "tiny", "prompt": PROMPT, "max_new_tokens": 256}
    answer = next(event for event in events(client, "/generate", asked) if event["event"] == "answer")
    assert said["response"] == answer["text"]
    assert len(said["prompt_embeddings"]) == len(said["response_embeddings"]) == 32


def test_its_salience_is_that_of_lit_lab(client: httpx.Client) -> None:
    tokens = preds(client, "_tiny_tokenizer", {"prompt": PROMPT, "target": TARGET}, requested_types="Tokens")["tokens"]
    asked = client.post("/tokens", json={"model": "tiny", "prompt": PROMPT, "answer": TARGET}).json()
    ids = [token["id"] for token in asked["prompt"] + asked["answer"]]
    assert len(tokens) == len(ids)
    start, end = len(asked["prompt"]) + 2, len(ids)
    mask = [int(start <= index < end) for index in range(len(ids))]
    scored = preds(
        client,
        "_tiny_salience",
        {"prompt": PROMPT, "target": TARGET, "target_mask": mask},
        requested_types="TokenScores",
    )
    asked = {"model": "tiny", "ids": ids, "targets": [{"start": start, "end": end}]}
    ours = {e["method"]: np.array(e["scores"]) for e in events(client, "/salience", asked) if e["event"] == "scores"}
    assert set(ours) == set(scored) == {"grad_l2", "grad_dot_input"}
    for method, scores in ours.items():
        assert np.max(np.abs(scores)) > 0
        assert np.max(np.abs(np.array(scored[method]) - scores)) <= 1e-5 * np.max(np.abs(scores))


def test_datapoints_get_the_id_that_their_answers_are_kept_by(client: httpx.Client) -> None:
    example = {"id": "", "data": {"_id": "", "prompt": PROMPT, "target": ""}, "meta": {"added": True}}
    query = {"dataset_name": "prompts"}
    (known,) = call(client, "annotate_new_data", query=query, inputs=[example])["body"]
    assert known["id"] == known["data"]["_id"] != ""
    query |= {"model": "tiny", "requested_types": "GeneratedText"}
    (said,) = call(client, "get_preds", query=query, inputs=[known])["body"]
    # The answer of this datapoint is stored under this id, and no other can be stored or fetched under it.
    forged = {**known, "data": {**known["data"], "prompt": "another"}}
    answer = call(client, "get_preds", query=query, inputs=[forged])
    assert (answer["event"], answer["error"]) == ("error", "lit_failed")
    assert call(client, "get_preds", query=query, inputs=[known])["body"] == [said]


def test_projections_are_computed(client: httpx.Client) -> None:
    dataset = [
        {"id": "", "data": {"_id": "", "prompt": text, "target": ""}, "meta": {"added": True}}
        for text in ("a soup", "an onion", "some garlic", "restaurant")
    ]
    query = {"dataset_name": "prompts"}
    dataset = call(client, "annotate_new_data", query=query, inputs=dataset)["body"]
    config = {
        "dataset_name": "prompts", "model_name": "tiny", "field_name": "prompt_embeddings", "use_input": False,
        "proj_kw": {"n_components": 3},
    }  # fmt: skip
    query |= {"model": "tiny", "interpreter": "pca", "do_predict": "1"}
    found = call(client, "get_interpretations", query=query, inputs=dataset, config=config)
    assert found["event"] == "lit_answer", found
    assert [len(point["z"]) for point in found["body"]] == [3] * 4


def test_a_failure_is_reported_without_internals(client: httpx.Client) -> None:
    example = {"id": "", "data": {"_id": "", "prompt": "1" * 500, "target": ""}, "meta": {}}
    query = {"model": "tiny", "dataset_name": "prompts"}
    failed = call(client, "get_preds", query=query, inputs=[example])
    assert (failed["event"], failed["error"]) == ("error", "lit_failed")
    assert "501 tokens" in failed["message"]
    assert "Shorten the prompt" in failed["message"]
    assert "Traceback" not in json.dumps(failed)
    failed = call(client, "get_dataset", query={"dataset_name": "none"})
    assert failed["error"] == "lit_failed"


NOT_FOR_ITS_PAGE = [
    "save_datapoints", "load_datapoints", "create_model", "create_dataset", "post_new_data", "push_ui_state",
    "fetch_new_data", "remove_new_data", "", "../get_info", "static/index.html",
]  # fmt: skip


@pytest.mark.parametrize("endpoint", NOT_FOR_ITS_PAGE)
def test_other_endpoints_are_refused(client: httpx.Client, endpoint: str) -> None:
    answer = client.post("/lit/call", json={"endpoint": endpoint, "query": {"dataset_name": "prompts"}})
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_request")


def test_the_allow_list_holds_nothing_that_writes() -> None:
    assert not set(get_args(LitEndpoint)) & set(NOT_FOR_ITS_PAGE)


@pytest.mark.parametrize(
    "fields",
    [
        {"query": {"path": "/etc/passwd"}},
        {"query": {"progress_indicator": "x"}},
        {"query": {"model": "x" * 2_001}},
        {"inputs": [7]},
        {"inputs": [{"id": "a"}]},
        {"inputs": [{"id": "a", "data": {}, "meta": {}, "more": 1}]},
        {"inputs": ["a"] * 100_001},
        {"config": []},
        {"body": "x"},
    ],
)
def test_requests_are_typed_and_bounded(client: httpx.Client, fields: dict[str, Any]) -> None:
    answer = client.post("/lit/call", json={"endpoint": "get_info", **fields})
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_request")


def test_its_page_s_files_and_no_others(client: httpx.Client) -> None:
    for name in get_args(LitFile):
        answer = client.get(f"/lit/files/{name}")
        assert answer.status_code == 200
        assert len(answer.content) > 1_000, name
    for name in ("index.html", "main.js.map", "..%2F..%2F..%2Fapp.py", "%2Fetc%2Fpasswd", "x"):
        assert client.get(f"/lit/files/{name}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/lit_app"), ("POST", "/lit/call"), ("GET", "/lit/files/main.js")]
)
def test_requests_without_the_secret_are_refused(service: Running, method: str, path: str) -> None:
    with service.client("wrong") as stranger:
        assert stranger.request(method, path, content=b"{}").status_code == 401


MARKER = "Secret onion soup"


def datapoint(**data: Any) -> dict[str, Any]:
    """Return a datapoint that is in no dataset."""
    return {"id": "", "data": {"_id": "", "prompt": PROMPT, "target": "", **data}, "meta": {}}


REPLACING = {"query": {"model": "tiny", "dataset_name": "prompts", "generator": "Word Replacer"}}


def replaced(client: httpx.Client, rules: str, *prompts: str) -> dict[str, Any]:
    """Return the result of replacing words."""
    config = {"Substitutions": rules, "Fields to replace": ["prompt"]}
    inputs = [datapoint(prompt=prompt) for prompt in prompts]
    return call(client, "get_generated", **REPLACING, inputs=inputs, config=config)


def test_words_are_replaced(client: httpx.Client) -> None:
    made = replaced(client, "Onion -> leek | potato , no rule, soup  ->stew,->x", "an onion soup")["body"]
    assert [one["data"]["prompt"] for one in made[0]] == ["an leek soup", "an potato soup", "an onion stew"]


@pytest.mark.parametrize(
    ("rules", "prompts"),
    [
        ("a -> b", ["a " * 2_000]),  # each as long as allowed for all of them
        ("a -> " + "b|" * 50, ["a " * 30]),
        ("a -> b", ["a " * 300] * 4),
        (",".join(f"{number}->x" for number in range(200)), ["a"]),
        ("a -> b", ["x" * 100_001]),
    ],
)
def test_replacing_words_makes_only_so_much(client: httpx.Client, rules: str, prompts: list[str]) -> None:
    failed = replaced(client, rules, *prompts)
    assert (failed["event"], failed["error"]) == ("error", "lit_failed")
    assert re.search("(?i)at most|too many|more than", failed["message"])


@pytest.mark.parametrize(
    ("endpoint", "fields"),
    [
        ("get_generated", {"query": {"model": "tiny", "dataset_name": "prompts", "generator": "Ablation Flip"}}),
        ("get_generated", {"query": {"model": "tiny", "dataset_name": "prompts", "generator": "none"}}),
        ("get_interpretations", {"query": {"model": "tiny", "dataset_name": "prompts", "interpreter": "LIME"}}),
        ("get_interpretations", {"query": {"model": "tiny", "dataset_name": "prompts", "interpreter": "tcav"}}),
        ("get_interpretations", {"query": {"model": "tiny", "dataset_name": "prompts", "interpreter": "pca"},
                                 "config": {"proj_kw": {"n_epochs": 10**9}}}),
        ("get_interpretations", {"query": {"model": "tiny", "dataset_name": "prompts", "interpreter": "pca"},
                                 "config": {"proj_kw": {"n_components": 10**9}}}),
    ],
)  # fmt: skip
def test_what_its_page_never_asks_is_refused(client: httpx.Client, endpoint: str, fields: dict[str, Any]) -> None:
    failed = call(client, endpoint, **fields, inputs=[datapoint()])
    assert (failed["event"], failed["error"]) == ("error", "bad_request")


def test_long_texts_are_not_compared_word_by_word(client: httpx.Client) -> None:
    query = {"model": "tiny", "dataset_name": "prompts", "metrics": "rouge"}
    assert "rouge" in call(client, "get_metrics", query=query, inputs=[datapoint(target="a b")])["body"]
    failed = call(client, "get_metrics", query=query, inputs=[datapoint(target="a " * 10_001)])
    assert (failed["error"], "20,000 characters" in failed["message"]) == ("lit_failed", True)


FAILING = [
    ("get_preds", {"query": {"model": "tiny", "dataset_name": "prompts"}, "inputs": [{**datapoint(), "id": MARKER}]}),
    ("get_preds", {"query": {"model": MARKER, "dataset_name": "prompts"}, "inputs": [datapoint(prompt=MARKER)]}),
    ("get_preds", {"query": {"model": "tiny", "dataset_name": "prompts"}, "inputs": [MARKER]}),
    ("get_preds", {"query": {"model": "tiny", "dataset_name": "prompts"}, "inputs": [datapoint(prompt=MARKER * 500)]}),
    ("get_preds", {"query": {"model": "tiny", "dataset_name": "prompts"}, "inputs": [datapoint(prompt={MARKER: 1})]}),
    ("get_preds", {"query": {"model": "tiny", "requested_types": MARKER}, "inputs": [datapoint(prompt=MARKER)]}),
    ("get_preds", {"query": {"model": "_tiny_salience", "dataset_name": "prompts"},
                   "inputs": [datapoint(prompt=MARKER, target_mask=[MARKER])]}),
    ("get_dataset", {"query": {"dataset_name": MARKER}}),
    ("annotate_new_data", {"query": {"dataset_name": MARKER}, "inputs": [datapoint(prompt=MARKER)]}),
    ("get_metrics", {"query": {"model": "tiny", "dataset_name": "prompts", "metrics": MARKER},
                     "inputs": [datapoint(prompt=MARKER)]}),
    ("get_generated", {**REPLACING, "inputs": [datapoint(prompt=MARKER)],
                       "config": {"Substitutions": MARKER, "Fields to replace": ["prompt"]}}),
    ("get_generated", {**REPLACING, "inputs": [datapoint(prompt=MARKER)],
                       "config": {"Substitutions": [MARKER], "Fields to replace": {MARKER: 1}}}),
    ("get_interpretations", {"query": {"model": "tiny", "dataset_name": "prompts", "interpreter": "pca"},
                             "inputs": [datapoint(prompt=MARKER)], "config": {"field_name": MARKER}}),
]  # fmt: skip


def test_nothing_that_fails_leaves_its_texts_in_the_log(service: Running, client: httpx.Client) -> None:
    for endpoint, fields in FAILING:
        call(client, endpoint, **fields)
    said = service.log.read_text("utf-8")
    assert "onion" not in said.lower()
    assert "Traceback" in said  # the traceback is logged


def test_its_work_waits_its_turn_and_the_service_answers_meanwhile(service: Running) -> None:
    with service.client() as one, service.client() as other, one.stream("POST", "/salience", json=MANY) as first:
        lines = first.iter_lines()
        while '"progress"' not in next(lines):
            pass
        example = {"id": "", "data": {"_id": "", "prompt": PROMPT, "target": ""}, "meta": {}}
        query = {"model": "tiny", "dataset_name": "prompts"}
        body = {"endpoint": "get_preds", "query": query, "inputs": [example]}
        with other.stream("POST", "/lit/call", json=body) as waiting:
            # While the other computation runs, only heartbeats arrive, as the answer after it shows.
            assert json.loads(next(waiting.iter_lines()))["event"] == "heartbeat"
            with service.client() as third:
                assert third.get("/health").json()["state"] == "ready"
                assert call(third, "get_info")["event"] == "lit_answer"
    # Both readers have disconnected, and the queue is free again.
    with service.client() as client:
        assert preds(client, "tiny", {"prompt": PROMPT, "target": ""})["response"]


def test_its_log_holds_no_secret(service: Running) -> None:
    assert SECRET not in service.log.read_text("utf-8")
