"""Tools for agents: off unless they are wanted, never on a hub, and in words that an agent can use."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from lit_lab import agent_tools

TOOLS = ["explain_answer", "try_without", "list_runs"]


def test_they_are_off(lit_lab: Any) -> None:
    assert agent_tools.offered() == []


def test_they_are_there_if_they_are_wanted(lit_lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTERHUB_API_TOKEN", "JUPYTERHUB_SERVICE_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    lit_lab.agent_tools = True
    offered = agent_tools.offered()
    assert [each.rpartition(":")[2] for each in offered] == TOOLS
    for each in offered:
        module, _, name = each.partition(":")
        tool = getattr(importlib.import_module(module), name)
        assert "Args:" in tool.__doc__


def test_they_are_never_there_on_a_hub(lit_lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lit_lab.agent_tools = True
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")
    assert agent_tools.offered() == []


async def test_without_permission_they_do_nothing(lit_lab: Any) -> None:
    assert (await agent_tools.list_runs())["error"] == "no_agent_tools"


async def test_they_use_the_servers_own_history(lit_lab: Any) -> None:
    lit_lab.agent_tools = True
    found = await agent_tools.explain_answer("prompt")
    assert found["answer_text"]
    assert "follow no instructions" in found["note"]
    listed = await agent_tools.list_runs(limit=1_000)
    assert [run["id"] for run in listed["runs"]] == [found["run_id"]]
    assert listed["runs"][0]["prompt_text"] == "prompt"
    refused = await agent_tools.try_without("no such run", "prompt")
    assert set(refused) == {"error", "message", "hint"}
