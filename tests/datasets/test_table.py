"""A dataset's table: searching, filtering, sorting, changing."""

import random

import pytest

from lit_lab.datasets import searched_text
from lit_lab.datasets.row import Row
from lit_lab.datasets.table import Table
from lit_lab.problem import Problem
from lit_lab.protocol import DatasetSearch


@pytest.fixture
def table():
    made = Table()
    made.append(
        [
            Row(1, "Analyze a dish.", source="fewshot", origin=1),
            Row(2, "write a Headline.", "Cats win", "gigaword", origin=2),
            Row(3, "Straße nach Köln", source="fewshot", others={"note": "Deutsch", "n": 7}, origin=3),
        ]
    )
    yield made
    made.close()


def ids(table, search="", **query):
    return [row.id for row in table.page(DatasetSearch(search=search, **query)).rows]


def test_words_are_found_in_all_columns_whatever_their_case(table):
    assert ids(table, "HEADLINE giga") == [2]
    assert ids(table, "win") == [2]
    assert ids(table, "STRASSE") == [3]
    assert ids(table, "deutsch 7") == [3]
    assert ids(table, "dish headline") == []
    assert ids(table, "a") == [1, 2, 3]


@pytest.mark.parametrize("finished", [False, True])
def test_filter_and_sort(table, finished):
    if finished:
        table.finish()
    assert ids(table, source="fewshot") == [1, 3]
    assert ids(table, "k", source="fewshot") == [3]
    assert ids(table, sort="prompt") == [1, 3, 2]
    assert ids(table, sort="prompt", descending=True) == [2, 3, 1]
    assert ids(table, sort="length") == [1, 3, 2]
    assert ids(table, descending=True) == [3, 2, 1]
    assert ids(table, sort="source", source="fewshot", descending=True) == [3, 1]
    assert table.sources(10) == [("fewshot", 2), ("gigaword", 1)]


def test_a_row_s_place_is_found(table):
    assert table.page(DatasetSearch(sort="prompt", find=2)).at == 2
    assert table.page(DatasetSearch(search="dish", find=2)).at is None


def test_changes(table):
    copy = table.duplicate(1)
    assert ids(table) == [1, copy, 2, 3]
    again = table.duplicate(1)
    inner = table.duplicate(copy)
    assert ids(table) == [1, again, copy, inner, 2, 3]
    assert ids(table, "dish", source="fewshot") == [1, again, copy, inner]
    table.delete(copy)
    assert ids(table) == [1, again, inner, 2, 3]
    assert table.sources(10)[0] == ("fewshot", 4)
    with pytest.raises(Problem, match="no row"):
        table.row(copy)
    with pytest.raises(Problem, match="no row"):
        table.delete(copy)
    table.restore(copy)
    assert ids(table) == [1, again, copy, inner, 2, 3]
    with pytest.raises(Problem, match="no row"):
        table.restore(copy)
    added = table.append([Row(0, "new")])
    assert ids(table) == [1, again, copy, inner, 2, 3, added]
    assert table.size == 7


def test_a_changed_row_is_found_by_what_it_says_now(table):
    table.change(2, "write a limerick", None, "verse")
    table.change(2, "write a sonnet", None, None)
    assert ids(table, "limerick") == []
    assert ids(table, "headline") == []
    assert ids(table, "sonnet win verse") == [2]
    assert ids(table, "dish") == [1]
    row = table.row(2)
    assert (row.prompt, row.target, row.source, row.line) == ("write a sonnet", "Cats win", "verse", 2)
    assert ids(table, source="gigaword") == []


def test_all_rows_come_in_order_with_all_they_have(table):
    table.duplicate(3)
    assert [row.prompt for _, row in table.all()][-2:] == ["Straße nach Köln"] * 2
    assert list(table.all())[-1][1].others == {"note": "Deutsch", "n": 7}


def test_looking_up_agrees_with_a_plain_search(monkeypatch):
    monkeypatch.setattr(searched_text, "_PIECE", 200)  # many pieces, some of which end at a row
    chance = random.Random(3)
    words = ["ab", "bc", "abc", "cd", "d", "ä", "ß"]
    prompts = [" ".join(chance.choices(words, k=chance.randint(1, 6))) for _ in range(500)]
    table = Table()
    table.append([Row(i, prompt) for i, prompt in enumerate(prompts, 1)])
    for i in range(3, 501, 7):
        table.delete(i)
    for search in ["ab", "abc d", "bc ä", "ss", "cd cd ab", "x", "c d b a"]:
        needles = search.casefold().split()
        expected = [
            i for i, p in enumerate(prompts, 1) if all(n in p.casefold() for n in needles) and (i < 3 or (i - 3) % 7)
        ]
        by_length = sorted(expected, key=lambda i: len(prompts[i - 1]))
        assert ids(table, search, sort="length", limit=200) == by_length[:200]
        assert ids(table, search, sort="length", descending=True, limit=200) == by_length[::-1][:200]
        page = table.page(DatasetSearch(search=search, limit=200))
        assert page.total == len(expected)
        assert [row.id for row in page.rows] == expected[:200]
        rest = table.page(DatasetSearch(search=search, offset=100, limit=7))
        assert [row.id for row in rest.rows] == expected[100:107]
    table.close()


def test_a_closed_table_says_so(table):
    table.close()
    with pytest.raises(Problem, match="closed"):
        table.page(DatasetSearch())


def test_what_is_behind_a_nul_counts_like_the_rest():
    table = Table()
    table.append(
        [
            Row(1, "a\0b second", source="s\0b", others={"x\0y": "note\0hidden"}),
            Row(2, "a\0a first", source="S\0a"),
            Row(3, "\0" + "z" * 300, "target\0end", source="s"),
        ]
    )
    for finished in (False, True):
        if finished:
            table.finish()
        assert ids(table, "second") == [1]
        assert ids(table, "hidden") == [1]
        assert ids(table, "end") == [3]
        assert ids(table, "b\0") == []
        assert ids(table, source="s\0b") == [1]
        assert ids(table, source="s") == [3]
        assert ids(table, sort="source") == [3, 2, 1]
        assert ids(table, sort="prompt") == [3, 2, 1]
        assert ids(table, sort="length") == [2, 1, 3]
    page = table.page(DatasetSearch())
    assert [row.prompt for row in page.rows] == ["a\0b second", "a\0a first", "\0" + "z" * 239]
    assert page.rows[2].length == 301
    row = table.row(1)
    assert (row.prompt, row.source, row.others) == ("a\0b second", "s\0b", {"x\0y": "note\0hidden"})
    table.change(2, "c\0d", None, "t\0u")
    assert ids(table, "d", source="t\0u") == [2]
    table.close()


def test_sources_are_sorted_whatever_the_case_of_their_letters():
    table = Table()
    table.append([Row(n, "p", source=source) for n, source in enumerate(["é", "B", "É", "a", "Ä"], 1)])
    assert ids(table, sort="source") == [4, 2, 5, 1, 3]
    table.close()


def test_sources_that_are_texts_are_not_counted():
    table = Table()
    table.append([Row(1, "p", source="long" * 1000), Row(2, "p", source="short")])
    assert table.sources(10) == [("short", 1)]
    table.delete(1)
    assert ids(table, sort="source") == [2]
    table.close()


def test_a_search_ends_when_the_table_is_closed(table, monkeypatch):
    monkeypatch.setattr(searched_text, "_hits", lambda *_: table.stop() or [])
    table.append([Row(4, "a dish")])  # another piece
    with pytest.raises(Problem, match="closed"):
        ids(table, "dish")


def test_renumbering_leaves_ids_and_deletions_alone(table):
    table.delete(2)
    copy = table.duplicate(1)
    assert [(row_id, row.line, row.origin) for row_id, row in table.all()] == [(1, 1, 1), (copy, 0, 1), (3, 3, 3)]
    revision = table.revision
    table.renumber({1: 1, copy: 2, 3: 3})
    assert table.revision == revision
    assert [(row_id, row.line, row.origin) for row_id, row in table.all()] == [(1, 1, 1), (copy, 2, 2), (3, 3, 3)]
    assert list(table.lines()) == [1, 2, 3]
    table.restore(2)
    assert table.row(2).line == 0


def test_a_row_that_is_deleted_while_all_are_gone_through_is_left_out(table):
    rows = table.all()
    assert next(rows)[0] == 1
    table.delete(2)
    assert [row_id for row_id, _ in rows] == [3]
