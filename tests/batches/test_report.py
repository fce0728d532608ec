"""The report of a batch: what is shown, in which size, and that nothing of a text becomes markup."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from lit_lab.batches import report
from lit_lab.batches.aggregates import check_summaries, summaries
from lit_lab.batches.record import CheckRecord, PartRecord, Record

HOSTILE = '</title><script>alert("1")</script>&'


def record(row: int, effects: dict[str, float], error: str = "") -> Record:
    parts = tuple(PartRecord(name, f"{name} {HOSTILE}", 0, None, effect) for name, effect in effects.items())
    return Record(row, row + 1, "", "", "a", "stop", 0 if error else 2, -1.0, parts, (), error)


def drawn(records: list[Record], nothing: tuple[str, ...] = ()) -> ElementTree.Element:
    parts = summaries(records)
    # The report is XML, too: every tag that it opens is closed, and every text is escaped.
    return ElementTree.fromstring(
        report.html(HOSTILE, report.overview(records, len(records), len(parts)), parts, nothing)
    )


def test_each_row_and_part_is_a_cell_and_a_figure() -> None:
    root = drawn([record(0, {"text-1": 2.0, "{a}": -1.0}), record(1, {"text-1": 0.5})])
    cells = root.findall(".//svg[@role='img']/rect")
    assert [cell.findtext("title", "").rpartition(" ")[2] for cell in cells] == ["+1.000", "\u22120.500", "+0.250"]
    wide, narrow, _ = (float(cell.get("width", "")) for cell in cells)
    assert narrow < wide / 2 + 1
    table = [[cell.text for cell in line.findall("td")] for line in root.findall(".//details//tbody/tr")]
    assert table == [["+1.000", "\u22120.500"], ["+0.250", None]]


def test_no_text_becomes_markup() -> None:
    root = drawn([record(0, {"text-1": 2.0}), record(1, {"text-1": 1.0}, HOSTILE)])
    assert root.find(".//script") is None
    assert HOSTILE in "".join(root.itertext())


def test_the_strongest_part_is_first_and_what_does_nothing_is_marked() -> None:
    root = drawn([record(row, {"text-1": 0.0, "text-2": 2.0}) for row in range(3)], ("text-1",))
    lines = root.findall("./table/tbody/tr")
    assert lines[0].findtext("th", "").startswith("text-2")
    assert [line.findtext(".//em") for line in lines] == [None, "does nothing"]


@pytest.mark.parametrize(("num_rows", "num_parts"), [(5_000, 3), (500, 100)])
def test_large_batches_have_a_bounded_heatmap(num_rows: int, num_parts: int) -> None:
    effects = {f"text-{number}": number / 10 for number in range(num_parts)}
    root = drawn([record(row, effects) for row in range(num_rows)])
    cells = root.findall(".//svg[@role='img']/rect")
    assert 0 < len(cells) <= report.MAX_CELLS
    assert f"of {num_rows:,} rows." in "".join(root.itertext())


def test_failed_rows_are_listed_up_to_a_bound() -> None:
    root = drawn([record(row, {}, f"Reason {row}.") for row in range(report.MAX_ERRORS + 5)])
    assert len(root.findall("./ul/li")) == report.MAX_ERRORS + 1
    assert "… and 5 more" in "".join(root.itertext())


def test_an_empty_batch() -> None:
    assert "0 rows" in "".join(drawn([]).itertext())


def test_checks_say_how_many_rows_passed_and_which_didnt() -> None:
    records = [
        Record(row, row, checks=(CheckRecord(f"contains {HOSTILE}", row % 2 == 0, ""),), num_tokens=1)
        for row in range(60)
    ]
    found = check_summaries(records)
    assert (found[0].num_rows, found[0].num_passed, found[0].failed[:2]) == (60, 30, (1, 3))
    root = ElementTree.fromstring(report.html("b", report.overview(records, 60, 0), [], (), found))
    (line,) = root.findall("./table/tbody/tr")
    assert HOSTILE in "".join(line.itertext())
    assert "30 of 60" in "".join(line.itertext())
