"""From what a user writes to a run: `explain`'s arguments into requests."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lit_lab.client.async_client import AsyncClient, OnEvent
from lit_lab.client.checked import checked
from lit_lab.client.explaining import MAX_NEW_TOKENS, explain_sentences
from lit_lab.client.run_state import RunState
from lit_lab.problem import Problem
from lit_lab.protocol import GenerateRequest, Role, RunOrigin, ScoreRequest

Turns = Sequence[tuple[str, str] | Mapping[str, str]]
"""A conversation: pairs of a role and a text, or messages with `role` and `content`."""

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "model",
    "model": "model",
}


class Asked(NamedTuple):
    """The arguments of `explain`."""

    prompt: str | None = None
    turns: Turns | None = None
    model: str | None = None
    target: str | None = None
    max_new_tokens: int = MAX_NEW_TOKENS
    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop: str | Sequence[str] = ()
    chat: Literal["auto", "on", "off"] = "auto"
    thinking: bool = False
    title: str = ""
    maps: bool = True


async def ask(client: AsyncClient, asked: Asked, on_event: OnEvent | None = None) -> RunState:
    """Return a run with its maps. Raises `Problem`."""
    shared = {
        "prompt": asked.prompt,
        "turns": None if asked.turns is None else [_turn(turn) for turn in asked.turns],
        "model": asked.model if asked.model is not None else await client.default_model(),
        "chat": asked.chat,
        "thinking": asked.thinking,
        "origin": origin(os.environ, sys.argv),
    }
    if asked.target is not None:
        record = await client.score(checked(ScoreRequest, target=asked.target, **shared), on_event)
    else:
        sampling = {
            "temperature": asked.temperature,
            "top_k": asked.top_k,
            "top_p": asked.top_p,
            "seed": asked.seed or 0,
            "repetition_penalty": asked.repetition_penalty,
        }
        stop = [asked.stop] if isinstance(asked.stop, str) else list(asked.stop)
        request = checked(
            GenerateRequest,
            max_new_tokens=asked.max_new_tokens,
            sampling=sampling,
            stop=stop,
            title=asked.title,
            **shared,
        )
        record = await client.generate(request, on_event)
    state = RunState(record, client, asked.max_new_tokens, on_event)
    if asked.maps:
        await explain_sentences(state)
    return state


def _turn(turn: Any) -> dict[str, str]:
    if isinstance(turn, Mapping):
        role, text = turn.get("role"), turn.get("content", turn.get("text"))
    elif isinstance(turn, Sequence) and not isinstance(turn, str) and len(turn) == 2:
        role, text = turn
    else:
        role = text = None
    if not isinstance(text, str) or role not in ROLES:
        raise Problem(
            422,
            "bad_turns",
            "A turn isn't one.",
            'Write each as a pair ("user", "…") or a message {"role": "user", "content": "…"}, with the role system, user or model.',
        )
    return {"role": ROLES[role], "text": text}


def origin(environment: Mapping[str, str], arguments: Sequence[str]) -> RunOrigin | None:
    """Return where a program's prompts come from: its notebook, or its file; None: a terminal."""
    # Jupyter tells kernels the path of their notebook. Without folders: they are private.
    path = environment.get("JPY_SESSION_NAME", "") or (arguments[0] if arguments else "")
    name = Path(path).name
    if not name or name in ("-c", "-m") or name.startswith("ipykernel") or not name.isprintable():
        return None
    return RunOrigin(document=name[:200], place=["Python"])
