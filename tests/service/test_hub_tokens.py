"""Who asks, by a hub's tokens: scopes, the memory of answers, and what becomes of tokens."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest
from hub import SCOPE, Hub

from lit_lab.problem import Problem
from lit_lab.protocol import OWNER_HEADER, HubAccess
from lit_lab.service import hub_tokens
from lit_lab.service.hub_tokens import KNOWN_SECONDS, REFUSED_SECONDS, HubTokens

ACCESS = HubAccess(api_url="http://hub.internal:8081/hub/api/", service="lit-lab")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def tokens(hub: Hub, clock: Clock) -> HubTokens:
    return HubTokens(ACCESS, hub.transport, clock)


def headers(token: str, **others: str) -> dict[bytes, bytes]:
    return {b"authorization": f"Bearer {token}".encode()} | {k.encode(): v.encode() for k, v in others.items()}


async def refusal(tokens: HubTokens, token: str) -> Problem:
    with pytest.raises(Problem) as raised:
        await tokens.owner(headers(token))
    return raised.value


async def test_the_owner_is_derived_and_a_header_that_names_one_is_ignored(hub: Hub, tokens: HubTokens) -> None:
    ada, ada_again, bob = hub.user("ada", SCOPE), hub.user("ada", "access:services"), hub.user("bob", SCOPE)
    service = hub.user("ada", SCOPE, kind="service")
    owner = await tokens.owner(headers(ada))
    assert await tokens.owner(headers(ada_again)) == owner
    assert await tokens.owner({**headers(bob), OWNER_HEADER.lower().encode(): owner.encode()}) != owner
    assert await tokens.owner(headers(service)) != owner
    assert await HubTokens(ACCESS, hub.transport).owner(headers(ada)) == owner  # in another replica
    assert "ada" not in owner


@pytest.mark.parametrize(
    "scopes", [[], ["access:services!service=other"], ["access:services!service=lit-lab2"], ["access:servers!user=ada"]]
)
async def test_a_token_without_the_scope_is_refused_in_words(hub: Hub, tokens: HubTokens, scopes: list[str]) -> None:
    problem = await refusal(tokens, hub.user("ada", *scopes))
    assert (problem.status, problem.code) == (403, "hub_scope")
    assert SCOPE in problem.message
    assert "administrator" in problem.hint


@pytest.mark.parametrize("given", [{}, {b"authorization": b"Basic abc"}, headers("bad token"), headers("x" * 3000)])
async def test_what_is_no_token_is_not_sent_to_the_hub(hub: Hub, tokens: HubTokens, given: dict[bytes, bytes]) -> None:
    with pytest.raises(Problem) as raised:
        await tokens.owner(given)
    assert (raised.value.status, raised.value.code, hub.asked) == (401, "hub_token", [])


async def test_answers_are_remembered_for_a_while(hub: Hub, tokens: HubTokens, clock: Clock) -> None:
    ada = hub.user("ada", SCOPE)
    for now, asked in ((0.0, 1), (KNOWN_SECONDS - 1, 1), (KNOWN_SECONDS + 1, 2)):
        clock.now = now
        await tokens.owner(headers(ada))
        assert len(hub.asked) == asked
    hub.users.pop(ada)
    clock.now += KNOWN_SECONDS + 1
    assert (await refusal(tokens, ada)).status == 401


async def test_refusals_are_remembered_briefly(hub: Hub, tokens: HubTokens, clock: Clock) -> None:
    ada = hub.user("ada")
    await refusal(tokens, ada)
    await refusal(tokens, ada)
    assert hub.asked == [ada]
    hub.users[ada]["scopes"].append(SCOPE)
    clock.now = REFUSED_SECONDS + 1
    assert await tokens.owner(headers(ada))


async def test_concurrent_requests_with_one_token_ask_once(hub: Hub, tokens: HubTokens) -> None:
    ada = hub.user("ada", SCOPE)
    hub.go.clear()
    asking = [asyncio.ensure_future(tokens.owner(headers(ada))) for _ in range(5)]
    await asyncio.sleep(0)
    asking.pop(0).cancel()  # the first one's client leaves
    hub.go.set()
    assert len(set(await asyncio.gather(*asking))) == 1
    assert hub.asked == [ada]


async def test_made_up_tokens_push_out_no_users_answer(
    hub: Hub, tokens: HubTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_tokens, "MAX_KNOWN", 3)
    ada = hub.user("ada", SCOPE)
    await tokens.owner(headers(ada))
    for number in range(10):
        await refusal(tokens, f"made-up-{number}")
    assert len(tokens._refused) == 3
    await tokens.owner(headers(ada))
    assert hub.asked.count(ada) == 1


async def test_only_so_many_are_asked_about_at_a_time(
    hub: Hub, tokens: HubTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_tokens, "MAX_ASKING", 2)
    hub.go.clear()
    asking = [asyncio.ensure_future(tokens.owner(headers(hub.user(name, SCOPE)))) for name in ("ada", "bob")]
    await asyncio.sleep(0)
    problem = await refusal(tokens, hub.user("eve", SCOPE))
    assert (problem.status, problem.code, bool(problem.retry_after)) == (503, "hub_busy", True)
    hub.go.set()
    assert len(await asyncio.gather(*asking)) == 2


@pytest.mark.parametrize("status", [302, 404, 429, 500, 502])
async def test_a_hub_that_fails_is_not_taken_for_a_refusal(hub: Hub, tokens: HubTokens, status: int) -> None:
    ada = hub.user("ada", SCOPE)
    hub.status = status
    problem = await refusal(tokens, ada)
    assert (problem.status, problem.code) == (503, "hub_unreachable")
    hub.status = 0
    assert await tokens.owner(headers(ada))  # at once


async def test_a_hub_that_cant_be_reached_or_is_none(caplog: pytest.LogCaptureFixture) -> None:
    def answers(body: bytes) -> HubTokens:
        return HubTokens(ACCESS, httpx.MockTransport(lambda _: httpx.Response(200, content=body)))

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"can't connect with {request.headers['authorization']}")

    caplog.set_level(logging.DEBUG)
    unreachable = [HubTokens(ACCESS, httpx.MockTransport(broken)), *map(answers, (b"<html>", b"[]", b'{"name": 3}'))]
    unreachable.append(answers(b'"' + b"x" * hub_tokens.MAX_ANSWER + b'"'))
    for tokens in unreachable:
        problem = await refusal(tokens, "a-secret-token")
        assert (problem.status, problem.code) == (503, "hub_unreachable")
        assert "a-secret-token" not in str(problem)
        assert problem.__cause__ is None
    assert "a-secret-token" not in caplog.text


async def test_tokens_are_neither_kept_nor_logged(
    hub: Hub, tokens: HubTokens, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ada, eve = hub.user("ada", SCOPE), hub.user("eve")
    await tokens.owner(headers(ada))
    assert eve not in str(await refusal(tokens, eve))
    assert await refusal(tokens, "unknown-token")
    kept = repr(vars(tokens))
    for token in (ada, eve, "unknown-token"):
        assert token not in caplog.text
        assert token not in kept
