"""The server's login to Kaggle, which only the user who logged in may change."""

import json

import pytest
from test_models import KEY, TOKEN
from test_recorded_runs import Users


@pytest.fixture(autouse=True)
def home(lit_lab, tmp_path, monkeypatch):
    """An empty home folder."""
    folder = tmp_path / "whose"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def jp_server_config(lit_lab_config):
    return {
        "ServerApp": {"jpserver_extensions": {"lit_lab": True}, "identity_provider_class": Users},
        "LitLab": lit_lab_config,
    }


async def test_it_is_reported_and_not_another_user_s_to_change(api):
    ann, bob = {"headers": {"X-User": "ann"}}, {"headers": {"X-User": "bob"}}
    login = {"login": {"username": "ann-on-kaggle", "key": KEY}}
    _, before = await api("GET", "kaggle", **bob)
    assert (before["source"], before["shared"], before["own"]) == ("none", True, True)
    _, hers = await api("POST", "kaggle", body=login, **ann)
    assert (hers["source"], hers["shared"], hers["own"]) == ("panel", True, True)
    _, his = await api("GET", "kaggle", **bob)
    assert (his["source"], his["own"]) == ("panel", False)
    answers = [his]
    for method, body in ("DELETE", None), ("POST", {"login": {"token": TOKEN}}):
        status, refusal = await api(method, "kaggle", body=body, **bob)
        assert (status, refusal["error"], bool(refusal["hint"])) == (409, "login_of_another", True)
        answers.append(refusal)
    assert "ann" not in json.dumps(answers)
    _, still_hers = await api("GET", "kaggle", **ann)
    assert (still_hers["source"], still_hers["own"]) == ("panel", True)
    assert (await api("DELETE", "kaggle", **ann))[1]["source"] == "none"
    assert (await api("POST", "kaggle", body={"login": {"token": TOKEN}}, **bob))[1]["own"] is True


async def test_a_saved_one_is_replaced_by_its_user_alone(api, home):
    ann, bob = {"headers": {"X-User": "ann"}}, {"headers": {"X-User": "bob"}}
    saved = home / ".kaggle" / "access_token"
    for token in (TOKEN, TOKEN + "2"):
        assert (await api("POST", "kaggle", body={"login": {"token": token}, "save": True}, **ann))[0] == 200
        assert saved.read_text() == token + "\n"
    await api("DELETE", "kaggle", **ann)
    body = {"login": {"token": TOKEN + "3"}, "save": True}
    status, refusal = await api("POST", "kaggle", body=body, **bob)
    assert (status, refusal["error"]) == (409, "login_there")
    assert saved.read_text() == TOKEN + "2\n"
    assert (await api("GET", "kaggle", **bob))[1]["source"] == "file"
    assert (await api("POST", "kaggle", body=body | {"save": False}, **bob))[0] == 200
