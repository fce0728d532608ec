"""A batch where something goes wrong: the service, the dataset, the folder, the template. The model is a stand-in here."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lit_lab
from lit_lab.batches import judging, rows
from lit_lab.batches.folder import Folder
from lit_lab.batches.plan import Plan
from lit_lab.batches.runner import MAX_FAILURES, PART_ROWS, BatchProgress, run
from lit_lab.client.rendering import one_line
from lit_lab.problem import Problem

ANSWER = SimpleNamespace(
    answer="yes",
    reason="stop",
    answer_tokens=[SimpleNamespace(id=1, logprob=-0.5)],
    prompt_tokens=[],
    turns=[],
    prompt="",
)


class Client:
    """Stands in for a client: answers, or raises what it is given."""

    def __init__(self, *problems: Problem | None) -> None:
        self.problems = list(problems)
        self.prompts: list[str] = []
        self.revisions: Iterator[str] = itertools.repeat("")

    async def models(self) -> Any:
        return SimpleNamespace(models=[SimpleNamespace(name="m", path="embedded", revision=next(self.revisions))])

    async def generate(self, request: Any) -> Any:
        self.prompts.append(request.prompt)
        problem = self.problems.pop(0) if len(self.problems) > 1 else self.problems[0] if self.problems else None
        if problem is not None:
            raise problem
        return ANSWER


def written(folder: Path, content: list[dict[str, object]]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, content)))
    return path


def plan(**options: Any) -> Plan:
    return Plan(model="m", measures=(), **options)


async def test_a_service_that_is_gone_ends_the_batch_and_is_no_fault_of_the_rows(tmp_path: Path) -> None:
    dataset = written(tmp_path, [{"prompt": f"Row {row}."} for row in range(300)])
    client = Client(*[None] * 10, Problem(503, "service_ended", "The service ended."))
    folder = Folder(tmp_path / "out")
    with pytest.raises(Problem) as raised:
        await run(client, plan(), dataset, folder)  # type: ignore[arg-type]
    assert raised.value.code == "rows_fail"
    assert len(folder.rows()) <= 10 + MAX_FAILURES + 1
    await run(Client(), plan(), dataset, folder)  # type: ignore[arg-type]
    assert folder.rows() == dict.fromkeys(range(300), False)


async def test_rows_that_fail_for_passing_reasons_are_tried_once_more_after_the_others(tmp_path: Path) -> None:
    dataset = written(tmp_path, [{"prompt": f"Row {row}."} for row in range(6)])
    folder = Folder(tmp_path / "out")
    gone = Problem(503, "service_ended", "The service ended.")
    client = Client(gone, None, gone, Problem(422, "too_long", "It is too long."), None, None, None, gone)
    seen: list[BatchProgress] = []
    await run(client, plan(), dataset, folder, report=seen.append)  # type: ignore[arg-type]
    assert client.prompts == [*(f"Row {row}." for row in range(6)), "Row 0.", "Row 2."]
    assert folder.rows() == {0: False, 1: False, 2: True, 3: True, 4: False, 5: False}
    assert [record.row for record in folder.records() if record.error] == [3, 2]
    assert [progress.record is None for progress in seen] == [True] + [False] * 8
    assert (seen[-1].done, seen[-1].failed) == (6, 2)


async def test_a_service_that_ends_during_a_check_is_no_result_of_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([Problem(503, "service_ended", "The service ended."), [2.0]])

    async def effects(*_: object) -> Any:
        if isinstance(answer := next(answers), Problem):
            raise answer
        return answer

    monkeypatch.setattr(judging, "effect_of_spans", effects)
    dataset = written(tmp_path, [{"prompt": "Be brief."}])
    folder = Folder(tmp_path / "out")
    check = {"influenced_by": "brief", "at_least": 1}
    asked = plan(checks=(check,))
    monkeypatch.setattr(ANSWER, "prompt", "Be brief.")
    await run(Client(), asked, dataset, folder)  # type: ignore[arg-type]
    (record,) = folder.records()
    assert (record.error, [each.passed for each in record.checks]) == ("", [True])


async def test_a_server_that_is_gone_ends_it_at_once(tmp_path: Path) -> None:
    dataset = written(tmp_path, [{"prompt": f"Row {row}."} for row in range(300)])
    client = Client(*[None] * 10, Problem(502, "server_unreachable", "The server can't be reached."))
    folder = Folder(tmp_path / "out")
    with pytest.raises(Problem) as raised:
        await run(client, plan(), dataset, folder)  # type: ignore[arg-type]
    assert raised.value.code == "server_unreachable"
    assert set(folder.rows().values()) == {False}


async def test_rows_of_the_datasets_own_fault_never_end_it(tmp_path: Path) -> None:
    dataset = written(tmp_path, [{"prompt": ""}] * (2 * MAX_FAILURES) + [{"prompt": "Go."}])
    folder = Folder(tmp_path / "out")
    await run(Client(), plan(prompt="prompt"), dataset, folder)  # type: ignore[arg-type]
    assert folder.rows()[2 * MAX_FAILURES] is False


async def test_rows_that_failed_before_dont_end_the_next_run(tmp_path: Path) -> None:
    dataset = written(tmp_path, [{"prompt": f"Row {row}."} for row in range(MAX_FAILURES + 5)])
    folder = Folder(tmp_path / "out")
    long = Problem(422, "prompt_too_long", "The prompt is too long.")
    with pytest.raises(Problem):
        await run(Client(long), plan(), dataset, folder)  # type: ignore[arg-type]
    await run(Client(*[long] * (MAX_FAILURES + 1), None), plan(), dataset, folder)  # type: ignore[arg-type]
    assert len(folder.rows()) == MAX_FAILURES + 5


def with_revisions(*revisions: str) -> Client:
    """Return a client of which the model has each of these revisions once, and then the last one."""
    client = Client()
    client.revisions = itertools.chain(revisions, itertools.repeat(revisions[-1]))
    return client


async def test_a_changed_model_doesnt_continue_a_batch(tmp_path: Path) -> None:
    dataset = written(tmp_path, [{"prompt": f"Row {row}."} for row in range(3)])
    folder = Folder(tmp_path / "out")
    # The model is loaded with the first row: before, its revision isn't known.
    await run(with_revisions("", "one"), plan(), dataset, folder, limit=1)  # type: ignore[arg-type]
    assert Folder(folder.path).manifest.revision == "one"
    for revisions in (("two",), ("", "two")):
        client = with_revisions(*revisions)
        with pytest.raises(Problem, match="have changed since this batch began") as raised:
            await run(client, plan(), dataset, Folder(folder.path))  # type: ignore[arg-type]
        assert raised.value.code == "model_changed"
        assert folder.rows() == {0: False}
    await run(with_revisions("one"), plan(), dataset, Folder(folder.path))  # type: ignore[arg-type]
    assert folder.rows() == {0: False, 1: False, 2: False}


async def test_a_model_that_changes_meanwhile(tmp_path: Path) -> None:
    dataset = written(tmp_path, [{"prompt": f"Row {row}."} for row in range(200)])
    folder = Folder(tmp_path / "out")
    with pytest.raises(Problem, match="have changed since this batch began"):
        await run(with_revisions("", "one", "two"), plan(), dataset, folder)  # type: ignore[arg-type]
    assert len(folder.rows()) == PART_ROWS
    assert folder.manifest.revision == "one"


async def test_a_folder_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    dataset = written(tmp_path, [{"prompt": f"Row {row}."} for row in range(3)])
    folder = Folder(tmp_path / "out")
    await run(Client(), plan(), dataset, folder, limit=1)  # type: ignore[arg-type]
    manifest = json.loads((folder.path / "manifest.json").read_text())
    assert manifest["model"].pop("revision") == ""
    (folder.path / "manifest.json").write_text(json.dumps(manifest))
    await run(with_revisions("one"), plan(), dataset, Folder(folder.path))  # type: ignore[arg-type]
    assert len(folder.rows()) == 3
    assert Folder(folder.path).manifest.revision == ""  # of the first record it isn't known


@pytest.mark.parametrize("wrong", [{"template": "No column."}, {"template": "{wrod}"}, {"prompt": "promt"}])
async def test_a_mistake_doesnt_keep_the_folder(tmp_path: Path, wrong: dict[str, str]) -> None:
    dataset = written(tmp_path, [{"word": "a", "other": "b"}])
    folder = Folder(tmp_path / "out")
    with pytest.raises(Problem):
        await run(Client(), plan(**wrong), dataset, folder)  # type: ignore[arg-type]
    await run(Client(), plan(template="Say {word}."), dataset, folder)  # type: ignore[arg-type]
    assert folder.rows() == {0: False}


async def test_a_dataset_that_changes_meanwhile(tmp_path: Path) -> None:
    dataset = written(tmp_path, [{"prompt": f"Row {row}."} for row in range(200)])
    folder = Folder(tmp_path / "out")

    def change(progress: BatchProgress) -> None:
        if progress.done == 100:
            dataset.write_text(json.dumps({"prompt": "Another."}))

    with pytest.raises(Problem) as raised:
        await run(Client(), plan(), dataset, folder, report=change)  # type: ignore[arg-type]
    assert raised.value.code == "dataset_changed"
    assert len(folder.rows()) <= 100


async def test_what_is_no_dataset(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "empty.jsonl").touch()
    for name, code in (
        ("pipe.jsonl", "no_dataset"),
        (".", "no_dataset"),
        ("no.jsonl", "no_dataset"),
        ("empty.jsonl", "no_rows"),
    ):
        with pytest.raises(Problem) as raised:
            await run(Client(), plan(), tmp_path / name, Folder(tmp_path / "out"))  # type: ignore[arg-type]
        assert raised.value.code == code
    assert not (tmp_path / "out").exists()


async def test_what_is_no_folder(tmp_path: Path) -> None:
    dataset = written(tmp_path, [{"prompt": "Go."}])
    (tmp_path / "manifest" / "manifest.json").mkdir(parents=True)
    for name in ("rows.jsonl", "rows.jsonl/below", "manifest"):
        with pytest.raises(Problem):
            await run(Client(), plan(), dataset, Folder(tmp_path / name))  # type: ignore[arg-type]


async def test_a_batch_is_stopped_while_its_first_rows_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()
    read = rows.read

    def slowly(*given: Any) -> Iterator[Any]:
        begun.set()
        may_go_on.wait(10)
        yield from read(*given)

    monkeypatch.setattr(rows, "read", slowly)
    dataset = written(tmp_path, [{"prompt": "one"}])
    task = asyncio.ensure_future(run(Client(), plan(), dataset, Folder(tmp_path / "out")))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_checks_dont_hold_the_other_tasks_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set()
    parse = judging.parse

    def noted(*given: Any) -> Any:
        threads.add(threading.current_thread())
        return parse(*given)

    monkeypatch.setattr(judging, "parse", noted)
    dataset = written(tmp_path, [{"prompt": "one"}])
    await run(Client(), plan(checks=({"matches": "(a|b)+"},)), dataset, Folder(tmp_path / "out"))
    assert threads and threading.current_thread() not in threads
    (record,) = Folder(tmp_path / "out").records()
    assert [check.name for check in record.checks] == ["matches (a|b)+"]


async def test_checks_with_equal_names_have_numbers(tmp_path: Path) -> None:
    checks = ({"contains": "y"}, {"contains": "y", "ignore_case": True}, {"contains": "y"})
    dataset = written(tmp_path, [{"prompt": "one"}])
    await run(Client(), plan(checks=checks), dataset, Folder(tmp_path / "out"))
    (record,) = Folder(tmp_path / "out").records()
    assert [check.name for check in record.checks] == ["contains y", "contains y, ignoring case", "contains y (2)"]


def test_a_column_that_first_occurs_late_is_a_column(tmp_path: Path) -> None:
    content: list[dict[str, object]] = [{"word": f"{row}"} for row in range(150)]
    content.append({"word": "last", "hint": "Think."})
    found = list(rows.read(written(tmp_path, content), plan(template="Say {word}. {hint}")))
    assert (found[0].prompt, found[-1].prompt) == ("Say 0. ", "Say last. Think.")


def test_braces_that_are_no_columns_are_text(tmp_path: Path) -> None:
    (row,) = rows.read(written(tmp_path, [{"word": "a"}]), plan(template='Say {word} as {"answer": "…"} or {json}.'))
    assert row.prompt == 'Say a as {"answer": "…"} or {json}.'


class Frame:
    """A table, as pandas has it."""

    columns = ("prompt", "target")

    def to_dict(self, how: str) -> list[dict[str, object]]:
        assert how == "records"
        return [{"prompt": "Go.", "target": float("nan")}]


def test_rows_of_a_program(tmp_path: Path) -> None:
    from lit_lab.batches.api import _file_of

    with _file_of(Frame()) as path:  # type: ignore[arg-type]
        assert json.loads(path.read_text()) == {"prompt": "Go.", "target": None}
    with _file_of(["\ud800"]) as path:
        assert "ud800" in path.read_text()
    wrong: Any
    for wrong in ({"prompt": "Go."}, [3], [{("a", "b"): 1}]):
        with pytest.raises(lit_lab.Problem), _file_of(wrong):
            pass


def test_a_line_takes_no_command_to_a_terminal() -> None:
    assert one_line("a\x1b]0;title\x07b \u202ec") == "a ]0;title b c"
