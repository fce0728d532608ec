"""Batches over a real server with the embedded model: whole, stopped, killed, and continued."""

from __future__ import annotations

import asyncio
import csv
import doctest
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from live import ROOT, LiveServer
from waiting import PATIENCE, heeds_ctrl_c, until

import lit_lab
from lit_lab import aio
from lit_lab.batches.folder import Folder
from lit_lab.batches.record import Record
from lit_lab.batches.runner import BatchProgress
from lit_lab.problem import Problem

TEMPLATE = """Analyze a menu item in a restaurant. Be brief.

The restaurant has a website.

Taste-likes: {likes}
Taste-dislikes: {dislikes}
Suggestion: {dish}
Analysis:"""
LIKES = ("Cheese", "Soups", "I've a sweet-tooth", "Fish", "Bread")
DISLIKES = ("Can't eat eggs", "Don't like onions or garlic", "Nothing", "Salt")
DISHES = (
    "Quiche Lorraine",
    "Onion soup",
    "Baguette maison au levain",
    "Apple pie",
    "Trout",
    "Salad",
    "Pasta",
    "Rice",
    "Tart",
    "Stew",
)
NUM_ROWS = 24
FEW_ROWS = 8
MAX_GROWTH = 24 * 2**20  # bytes of the command's memory between row 400 and row 2,000


@pytest.fixture
def server(embedded_server: LiveServer) -> LiveServer:
    return embedded_server


def written(folder: Path, num_rows: int) -> Path:
    found = [{"likes": a, "dislikes": b, "dish": c} for c in DISHES for b in DISLIKES for a in LIKES]
    found = [row | {"dish": f"{row['dish']} {number}"} if number >= len(found) else row for number in range(num_rows) for row in [found[number % len(found)]]]  # fmt: skip
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, found)) + "\n")
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return written(tmp_path, NUM_ROWS)


def command(server: LiveServer, dataset: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    template = dataset.with_name("template.txt")
    template.write_text(TEMPLATE + "\n")
    arguments = [
        "batch",
        dataset,
        "--template",
        template,
        "--out",
        out,
        "--max-new-tokens",
        "12",
        "--stop",
        r"\n",
        *more,
    ]
    variables = {"LIT_LAB_URL": server.url, "LIT_LAB_TOKEN": server.token, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "lit_lab", *map(str, arguments)],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heeds_ctrl_c,
    )


def finished(process: subprocess.Popen[bytes], status: int = 0, patience: float = PATIENCE) -> str:
    output, errors = process.communicate(timeout=patience)
    assert process.returncode == status, errors.decode()
    return output.decode()


def rounded(records: Iterator[Record]) -> list[Record]:
    """Without the last digits, which depend on which rows were computed before."""

    def near(value: float | None) -> float | None:
        return None if value is None else round(value, 2)

    return sorted(
        (
            replace(
                record,
                logprob=near(record.logprob),
                parts=tuple(replace(part, share=near(part.share), effect=near(part.effect)) for part in record.parts),
            )
            for record in records
        ),
        key=lambda record: record.row,
    )


@pytest.mark.parametrize(("num_rows", "kills"), [(6, 1), pytest.param(200, 10, marks=pytest.mark.long)])
def test_killed_at_any_moment_and_run_again_it_is_the_same(
    server: LiveServer, tmp_path: Path, num_rows: int, kills: int
) -> None:
    dataset = written(tmp_path, num_rows)
    random = Random(num_rows)
    undisturbed = tmp_path / "undisturbed"
    output = json.loads(finished(command(server, dataset, undisturbed, "--json"), patience=10 * PATIENCE))
    assert (output["rows"], output["failed"]) == (num_rows, 0)
    out = tmp_path / "out"
    for wanted in sorted(random.sample(range(num_rows - 2), kills)):
        process = command(server, dataset, out)
        # A moment that depends on how quick the machine is: before the first part, in the middle of one, or after it.
        until(lambda wanted=wanted: (out / "manifest.json").exists() and len(Folder(out).rows()) >= wanted)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
    finished(command(server, dataset, out), patience=10 * PATIENCE)
    stored = [record.row for record in Folder(out).records()]
    assert sorted(stored) == list(range(num_rows))
    assert rounded(Folder(out).records()) == rounded(Folder(undisturbed).records())


def test_a_planted_sentence_does_nothing_and_no_other(server: LiveServer, dataset: Path, tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    more = ("--noise", "4", "--json", "--export", str(table))
    output = json.loads(finished(command(server, dataset, tmp_path / "out", *more)))
    with table.open(newline="") as stream:
        exported = list(csv.DictReader(stream))
    assert [row["row"] for row in exported] == [str(row) for row in range(NUM_ROWS)]
    assert {f"effect: {part['id']}" for part in output["parts"]} <= exported[0].keys()
    nothing = {part["text"] for part in output["parts"] if part.get("does_nothing")}
    assert nothing == {"The restaurant has a website."}
    by_effect = [part["id"] for part in output["parts"]]
    assert by_effect.index("{dish}") < by_effect.index("text-3")


def test_ctrl_c_keeps_what_is_finished(server: LiveServer, tmp_path: Path) -> None:
    dataset, out = written(tmp_path, FEW_ROWS), tmp_path / "out"
    process = command(server, dataset, out)
    until(lambda: (out / "manifest.json").exists())
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"the same command continues" in errors
    assert b"Traceback" not in errors
    finished(command(server, dataset, out))
    assert len(Folder(out).rows()) == FEW_ROWS


def test_bad_rows_dont_end_a_batch_and_are_tried_again(server: LiveServer, tmp_path: Path) -> None:
    dataset = tmp_path / "rows.jsonl"
    lines = [
        json.dumps({"prompt": "Say it."}),
        "{no JSON",
        json.dumps({"prompt": "word " * 60_000}),
        json.dumps({"prompt": "Go."}),
    ]
    dataset.write_text("\n".join(lines))
    tried = []
    for _ in range(2):
        found = lit_lab.batch(
            dataset,
            out=tmp_path / "out",
            max_new_tokens=2,
            server=server.url,
            token=server.token,
            on_progress=lambda progress: tried.append(progress.record and progress.record.row),
        )
        assert {record.row: bool(record.error) for record in found} == {0: False, 1: True, 2: True, 3: False}
        assert found.num_failed == 2
    assert sorted(row for row in tried if isinstance(row, int)) == [0, 1, 1, 2, 2, 3]


def test_rows_of_a_program_and_its_tables(server: LiveServer, tmp_path: Path) -> None:
    before = lit_lab.list_runs(server=server.url, token=server.token)
    rows = [{"dish": dish} for dish in DISHES[:3]]
    found = lit_lab.batch(
        rows,
        out=tmp_path / "out",
        template="Suggestion: {dish}\nAnalysis:",
        max_new_tokens=4,
        measures=["effects"],
        server=server.url,
        token=server.token,
    )
    assert len(found) == 3
    assert {part.id for part in found.parts()} == {"text-1", "{dish}", "text-2"}
    pandas = pytest.importorskip("pandas")
    assert isinstance(found.to_pandas(), pandas.DataFrame)
    assert list(found.to_pandas(parts=True)["part_id"])[:3] == ["text-1", "{dish}", "text-2"]
    assert found.to_pandas()["answer"].str.len().min() > 0
    assert lit_lab.open_batch(tmp_path / "out").template.startswith("Suggestion")
    # The history is the panel's: a batch doesn't fill it.
    assert lit_lab.list_runs(server=server.url, token=server.token) == before


async def test_a_cancelled_coroutine_keeps_what_is_finished(server: LiveServer, tmp_path: Path) -> None:
    rows = [{"dish": f"{dish} {number}"} for dish in DISHES for number in range(2)]
    out = tmp_path / "out"
    options: dict[str, Any] = {
        "out": out,
        "template": "Suggestion: {dish}\nAnalysis:",
        "max_new_tokens": 2,
        "measures": [],
        "server": server.url,
        "token": server.token,
    }
    loop, begun, cancelled = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def wait(progress: BatchProgress) -> None:
        if progress.done == 2:
            loop.call_soon_threadsafe(begun.set)
            cancelled.wait(PATIENCE)

    task = asyncio.ensure_future(aio.batch(rows, on_progress=wait, **options))
    await asyncio.wait_for(begun.wait(), PATIENCE)
    task.cancel()
    loop.call_soon(cancelled.set)  # after what cancelling has scheduled
    with pytest.raises(asyncio.CancelledError):
        await task
    kept = Folder(out).rows()
    assert 2 <= len(kept) < len(rows)
    again: list[int] = []
    found = await aio.batch(
        rows, on_progress=lambda progress: again.append(progress.record.row) if progress.record else None, **options
    )
    assert found.num_failed == 0
    assert sorted([*again, *kept]) == list(range(len(rows)))
    assert Folder(out).manifest.revision  # of the embedded model's files
    with pytest.raises(Problem, match="another batch"):
        await aio.batch(rows, **options | {"max_new_tokens": 3})


@pytest.mark.long  # tests/client and tests/checks try it with other commands
def test_a_terminal_that_lacks_letters_gets_escapes(server: LiveServer, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"dish": "Crème brûlée 🍮"}) + "\n{\n", "utf-8")
    (tmp_path / "template.txt").write_text("Où? {dish}\nAnalysis:", "utf-8")
    (tmp_path / "expect.yaml").write_text("- not_contains: 日本\n", "utf-8")
    arguments = ["rows.jsonl", "--template", "template.txt", "--out", "Läufe", "--max-new-tokens", "2"]
    variables = {"LIT_LAB_URL": server.url, "LIT_LAB_TOKEN": server.token, "PYTHONPATH": str(ROOT)}
    variables |= {"PYTHONIOENCODING": "ascii", "LANG": "C", "LC_ALL": "C"}
    printed = []
    for more in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "lit_lab", "batch", *arguments, "--expect", "expect.yaml", *more],
            cwd=tmp_path,
            env={**os.environ, **variables},
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (done.returncode, done.stderr) == (1, b""), done.stderr.decode()  # the second row isn't JSON
        printed.append(done.stdout.decode("ascii"))
    words, output = printed[0], json.loads(printed[1])
    assert "L\\xe4ufe: 2 rows, 1 failed" in words
    assert r"1 of 1 passed: not_contains \u65e5\u672c" in words
    assert r"O\xf9?" in words
    assert {part["text"] for part in output["parts"]} >= {"Où?", "{dish}"}


def test_answers_are_checked(server: LiveServer, tmp_path: Path) -> None:
    rows = [{"dish": "Onion soup", "target": "onions"}, {"dish": "Apple pie", "target": "lemons"}]
    found = lit_lab.batch(
        rows,
        out=tmp_path / "out",
        template="Taste-likes: Cheese\nSuggestion: {dish}\nAnalysis:",
        target="target",
        max_new_tokens=16,
        checks=[
            {"contains": "target"},
            {"matches": "^ ?This"},
            {"influenced_by": "Suggestion: {dish}", "at_least": 0.5},
            {"influenced_by": "{dish}", "at_least": "5%"},
            {"influenced_by": "Not in the prompt", "at_least": 0.5},
        ],
        server=server.url,
        token=server.token,
    )
    passed = {check.name: (check.num_passed, check.num_rows) for check in found.checks()}
    assert list(passed.values()) == [(1, 2), (2, 2), (2, 2), (2, 2), (0, 2)]
    assert found.checks()[0].failed == (1,)
    record = next(record for record in found if record.row == 0)
    assert "isn't" in record.checks[-1].message or "doesn't contain" in record.checks[-1].message


def test_what_cant_run_says_so_before_the_folder_is_made(server: LiveServer, tmp_path: Path) -> None:
    for wrong in ({"model": "gemma9"}, {"measures": ["magic"]}, {"temperature": -1.0}, {"checks": [{"contians": "a"}]}):
        with pytest.raises(lit_lab.Problem) as raised:
            lit_lab.batch(["Go."], out=tmp_path / "out", server=server.url, token=server.token, **wrong)  # type: ignore[arg-type]
        assert raised.value.status in (404, 422)
        assert not (tmp_path / "out").exists()


def test_the_dataset_browser_runs_rows_and_finds_what_does_nothing(server: LiveServer) -> None:
    written(server.folder / "root", NUM_ROWS)
    opened = server.ask("POST", "datasets/open", {"path": "rows.jsonl"})["id"]
    until(lambda: server.ask("GET", f"datasets/{opened}")["state"] == "ready")
    asked = {"dataset": opened, "models": ["demo"], "templates": [TEMPLATE], "max_new_tokens": 3}
    (batch,) = server.ask("POST", "batches", asked)["batches"]
    path = f"batches/{batch['id']}"
    until(lambda: server.ask("GET", path)["state"] == "done", 4 * PATIENCE)
    parts = server.ask("GET", f"{path}/parts")
    assert (parts["kind"], parts["rows"], parts["reason"]) == ("effect", list(range(NUM_ROWS)), "")
    found = {part["id"]: part for part in parts["parts"]}
    assert {"text-1", "text-3", "{dish}"} <= found.keys()
    assert all(part["low"] <= part["effect"] <= part["high"] for part in found.values())
    assert all(len(part["cells"]) == NUM_ROWS and part["nothing"] is None for part in found.values())
    assert sum(part["share"] for part in found.values()) == pytest.approx(1, abs=0.05)

    # Stopped, then whole; the result is stored in the batch's folder.
    assert server.ask("POST", f"{path}/noise", {"rows": 20})["noise"] == "running"
    assert server.ask("POST", f"{path}/stop")["noise"] == "none"
    server.ask("POST", f"{path}/noise", {"rows": 1})
    until(lambda: server.ask("GET", path)["noise"] == "done", 4 * PATIENCE)
    nothing = {part["id"]: part["nothing"] for part in server.ask("GET", f"{path}/parts")["parts"]}
    assert nothing["{dish}"] is None
    assert isinstance(nothing["text-1"], bool)
    assert list((server.folder / "data/lit_lab/batches").glob(f"*/{batch['id']}/noise.json"))
    row = server.ask("GET", f"{path}/rows/3")
    assert "".join(part["text"] for part in row["parts"] if part["id"] == "{dish}") in row["prompt"]
    assert server.ask("POST", "runs/search", {"search": "website"})["runs"] == []


@pytest.mark.long
def test_memory_doesnt_grow_with_the_rows(server: LiveServer, tmp_path: Path) -> None:
    process = command(server, written(tmp_path, 2_000), tmp_path / "out", "--no-effects", "--no-shares")

    def taken() -> int:
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
        return int(fields["VmRSS"].split()[0]) * 1024

    def rows() -> int:
        return len(Folder(tmp_path / "out").rows()) if (tmp_path / "out/manifest.json").exists() else 0

    until(lambda: rows() >= 400)
    early = taken()
    until(lambda: rows() >= 1_900, 10 * PATIENCE)
    assert taken() - early < MAX_GROWTH
    finished(process)


def test_the_examples_of_the_documentation_run(
    server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIT_LAB_URL", server.url)
    monkeypatch.setenv("LIT_LAB_TOKEN", server.token)
    # A fence would count as output.
    examples = re.sub(r"^```.*$", "", (ROOT / "docs/batches.md").read_text("utf-8"), flags=re.MULTILINE)
    said: list[str] = []
    found = doctest.DocTestParser().get_doctest(examples, {}, "batches.md", None, 0)
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(found, out=said.append)
    assert not result.failed, "".join(said)
    assert result.attempted == 6
