"""Caches of passes and of keys and values: of several owners, with a limit in bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lit_lab.service.cache_limits import CacheLimits
from lit_lab.service.engine.forward_cache import ForwardCache
from lit_lab.service.kv_caches import KVCaches

A, B, C, D = ((2, number) for number in (5, 6, 7, 8))


def compute(cache: ForwardCache, ids: tuple[int, ...], size: int, owner: str = "") -> bool:
    """Return whether a pass was cached; add it if it wasn't."""
    cache.owner = owner
    if cache.needed("sequence", ids) is not None:
        return True
    cache.make_room(size)
    cache.put("sequence", ids, object(), size)
    return False


def test_without_a_limit_the_latest_two_passes_are_cached_whatever_their_size() -> None:
    cache = ForwardCache()
    for owner in ("", "a", "b"):
        for ids in (A, B, C):
            compute(cache, ids, 10**12, owner)
            assert cache.stats.entries <= 2
    assert [compute(cache, ids, 1, "b") for ids in (C, B)] == [True, True]


def test_with_a_limit_as_many_as_fit() -> None:
    cache = ForwardCache(100)
    for ids in (A, B, C):
        compute(cache, ids, 30)
    assert compute(cache, A, 30)  # used again
    compute(cache, D, 40)  # takes the least recently used one's place
    assert [ids in cache.of_kind("sequence") for ids in (A, B, C, D)] == [True, False, True, True]
    assert cache.stats.size == 100
    compute(cache, B, 500)  # larger than all: the only one, because it is needed now
    assert (cache.of_kind("sequence"), cache.stats.size) == ([B], 500)
    compute(cache, A, 30)
    assert (cache.of_kind("sequence"), cache.stats.size, cache.stats.entries) == ([A], 30, 1)


def test_nobody_finds_anothers_pass() -> None:
    cache = ForwardCache(100)
    assert [compute(cache, A, 20, owner) for owner in ("a", "b", "", "a", "b", "")] == [False] * 3 + [True] * 3
    assert cache.of_kind("sequence") == [A]
    assert (cache.stats.hits, cache.stats.misses, cache.stats.size) == (3, 3, 60)
    cache.put("sequence", A, object(), 10)  # computed anew, by other passes
    assert (cache.stats.size, cache.stats.entries) == (50, 3)
    cache.clear()
    assert (cache.stats.size, cache.stats.entries) == (0, 0)


def read(caches: KVCaches, ids: Sequence[int], owner: str = "", size: int = 10) -> int:
    """Read a prompt, and return how many of its tokens were cached."""
    caches.owner = owner
    reused = caches.known(ids)
    taken = caches.take(ids, size)
    caches.put(list(ids), object(), size)
    return reused if taken is not None else 0


ONE, OTHER = [2, *range(10, 20)], [2, *range(30, 40)]


def test_without_a_limit_the_latest_sequence_is_cached() -> None:
    caches = KVCaches()
    assert [read(caches, ids) for ids in (ONE, ONE, OTHER, ONE)] == [0, 10, 1, 1]
    assert read(caches, ONE, "a") == read(caches, ONE, "b") == read(caches, ONE, "a") == 0
    assert caches.stats.entries == 1


def test_with_a_limit_several_sequences_of_several_owners_are_cached() -> None:
    caches = KVCaches(40)
    for owner in ("a", "b"):
        assert [read(caches, ids, owner) for ids in (ONE, OTHER)] == [0, 0]
    for owner in ("a", "b"):
        assert [read(caches, ids, owner) for ids in (ONE, OTHER)] == [10, 10]
    assert (caches.stats.size, caches.stats.entries) == (40, 4)
    assert read(caches, [7, 8, 9], "c") == 0  # takes the place of the one that was used longest ago
    assert [caches.stats.entries, read(caches, OTHER, "b"), read(caches, OTHER, "a")] == [4, 10, 10]
    assert read(caches, ONE, "a") == 0


def test_an_edit_takes_its_own_sequences_cache_and_leaves_others() -> None:
    caches = KVCaches(100)
    read(caches, ONE)
    read(caches, OTHER)
    assert read(caches, [*ONE[:8], 99]) == 8
    assert caches.stats.entries == 2
    assert read(caches, OTHER) == 10


def test_what_contains_a_sequence_stays_where_it_is() -> None:
    caches = KVCaches(100)
    read(caches, ONE, "a")
    caches.owner = "b"
    assert caches.containing(ONE[:3]) is None
    caches.owner = "a"
    assert caches.containing(ONE[:3]) is caches.newest
    assert caches.containing([2, 99]) is None
    assert caches.stats.entries == 1


def test_one_that_is_too_large_is_not_cached() -> None:
    caches = KVCaches(100)
    read(caches, ONE, size=30)
    read(caches, OTHER, size=101)
    assert (caches.known(OTHER), caches.known(ONE)) == (1, 10)


@pytest.fixture(scope="module")
def roomy(causal_lm: Any) -> Any:
    from lit_lab.service.language_model import LanguageModel

    return LanguageModel(causal_lm, caches=CacheLimits(passes=2**30, keys_values=2**30))


def test_a_model_answers_the_same_whatever_its_caches_hold(roomy: Any, causal_lm: Any) -> None:
    from lit_lab.service.language_model import LanguageModel

    alone = LanguageModel(causal_lm)
    prompts = {owner: [[2, 300 + at, 301, 302, 303, 304] for at in range(4)] for owner in ("a", "b")}

    def answers(model: Any, ids: list[int]) -> list[int]:
        return [step.id for step in model.decoder.steps(ids, len(ids) + 3)]

    expected = [answers(alone, ids) for ids in prompts["a"]]
    for again in (False, True):
        for owner, sequences in prompts.items():
            roomy.serve(owner)
            for ids, answer in zip(sequences, expected, strict=True):
                assert answers(roomy, ids) == answer
                assert roomy.decoder.reused == (5 if again else 0)
    stats = roomy.caches()["keys_values"]
    assert (stats.entries, stats.hits, stats.misses) == (8, 8, 8)
    assert stats.size == sum(roomy.decoder.cached_pass.bytes_of(each.cache) for each in roomy.decoder.caches._entries)


def test_passes_of_several_owners_stay(roomy: Any) -> None:
    gradients = roomy.gradients
    ids = [2, *range(300, 330)]
    gradients.request_compile(len(ids), 4)
    gradients.compile_pending()
    stats = roomy.caches()["passes"]
    for owner in ("a", "b", "c", "d", "a", "b", "c", "d"):
        roomy.serve(owner)
        gradients.of(ids, 20, 22)
    assert (stats.hits, stats.misses, stats.entries) == (4, 4, 4)
    assert stats.size > 4 * 30 * 4  # four passes of 31 tokens, of at least one float each
