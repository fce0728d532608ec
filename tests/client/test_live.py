"""By program, over a real server and with a service of its own, with the embedded model."""

from __future__ import annotations

import asyncio
import doctest
import importlib
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from live import LiveServer, kernel
from waiting import PATIENCE, heeds_ctrl_c, until

import lit_lab
from lit_lab import aio, cli
from lit_lab.client import clients

ROOT = Path(__file__).parents[2]
PROMPT = "Taste-likes: Cheese\nSuggestion: Onion soup\nAnalysis:"
ANSWER = " This savoury soup has onions, cheese, which you like, and bread."
COMMAND = [sys.executable, "-m", "lit_lab.cli"]


@pytest.fixture
def server(embedded_server: LiveServer) -> LiveServer:
    return embedded_server


@pytest.fixture
def connected(server: LiveServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LiveServer:
    """The server is the environment's, and the working folder is an empty one."""
    monkeypatch.setenv("LIT_LAB_URL", server.url)
    monkeypatch.setenv("LIT_LAB_TOKEN", server.token)
    monkeypatch.chdir(tmp_path)
    return server


def in_panel(server: LiveServer, run_id: str) -> dict[str, Any]:
    """The run as the panel gets it."""
    return dict(server.ask("GET", f"runs/{run_id}"))


def test_a_run_is_in_the_panel_s_history_with_all_that_was_computed(connected: LiveServer) -> None:
    run = lit_lab.explain(PROMPT, stop="\n", title="By program")
    assert run.answer == ANSWER
    assert (in_panel(connected, run.id)["title"], in_panel(connected, run.id)["stop"]) == ("By program", ["\n"])
    assert {kept["event"]["method"] for kept in in_panel(connected, run.id)["scores"]} == {"grad_l2", "grad_dot_input"}
    assert run.map().top(1)[0].text == "Suggestion: Onion soup"
    (effects,) = in_panel(connected, run.id)["effects"]
    assert (effects["held_out"], effects["seed"], len(effects["segments"])) == (16, 0, 3), "as the panel requests them"
    run.map("words", "leave_one_out")
    assert "leave_one_out" in {kept["event"]["method"] for kept in in_panel(connected, run.id)["scores"]}
    trial = run.without("Cheese")
    assert in_panel(connected, trial.id)["title"] == "Without “Cheese”"
    assert connected.token not in repr(vars(run._state)) + repr(run) + repr(clients._clients)


def test_a_run_of_the_panel_is_opened_by_program(connected: LiveServer) -> None:
    body = {"kind": "generate", "model": "demo", "prompt": PROMPT, "stop": ["\n"], "max_new_tokens": 40}
    job = connected.ask("POST", "jobs", body)["id"]
    assert [event["event"] for event in connected.events(job)][-1] == "done"
    run = lit_lab.open_run(job)
    assert run.answer == ANSWER
    assert lit_lab.list_runs("Onion", limit=1)[0].id == job
    top = run.map().top(1)[0]
    # The answer is one sentence.
    assert run.influence(top) == run.influence("Suggestion: Onion soup") == pytest.approx(top.score)
    assert [model.name for model in lit_lab.list_models()] == ["demo"]
    loaded = lit_lab.load_run(run.to_json()).connect(connected.url, connected.token)
    assert loaded.map(method="flow").unit == "share"


def test_plain_functions_work_where_an_event_loop_is_running(connected: LiveServer) -> None:
    async def work() -> tuple[str, str]:
        plain = lit_lab.explain(PROMPT, stop="\n").map("words", "grad_l2").top(1)[0].text
        run = await aio.explain(PROMPT, stop="\n")
        both = await asyncio.gather(run.map("words", "grad_l2"), run.influence("Cheese"))
        assert (await run.without("Cheese")).answer != run.answer
        assert (await aio.open_run(run.id)).answer == run.answer
        assert (await aio.list_runs(limit=1))[0].title.startswith("Without")
        assert [model.name for model in await aio.list_models()] == ["demo"]
        return plain, both[0].top(1)[0].text

    assert asyncio.run(work()) == ("Cheese", "Cheese")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"prompt": "Hi", "model": "nope"}, "unknown_model"),
        ({"prompt": ""}, "empty_prompt"),
        ({"prompt": "Hi", "turns": [("user", "Hi")]}, "invalid_request"),
        ({"turns": [("critic", "Hi")]}, "bad_turns"),
        ({"turns": ["Hi"]}, "bad_turns"),
        ({"prompt": "Hi", "max_new_tokens": 10_000}, "too_many_new_tokens"),
        ({"prompt": "Hi", "temperature": -1.0}, "invalid_request"),
        ({"prompt": "\ud800"}, "invalid_request"),
    ],
)
def test_what_can_t_run_says_why(connected: LiveServer, arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(lit_lab.Problem) as problem:
        lit_lab.explain(**arguments)
    assert problem.value.code == code


def test_a_wrong_token_is_refused(server: LiveServer) -> None:
    with pytest.raises(lit_lab.Problem, match="doesn't accept the token") as problem:
        lit_lab.explain(PROMPT, server=server.url, token="wr0ng")
    assert "wr0ng" not in str(problem.value)


def test_a_kernel_uses_the_server_that_it_belongs_to(server: LiveServer) -> None:
    with kernel(server) as run:
        # In one line: the function returns the last value.
        code = f"import lit_lab; run = lit_lab.explain({PROMPT!r}, stop='\\n'); (run.id, run.answer)"
        run_id, answer = eval(run(code))
        assert answer == ANSWER
        assert in_panel(server, run_id)["answer"] == ANSWER
        assert run("run").startswith("demo: “Taste-likes")
        assert server.token not in run("repr(run._state.client)")


OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL


def test_the_examples_of_the_documentation_run(connected: LiveServer) -> None:
    text = (ROOT / "docs/program.md").read_text("utf-8")
    # A fence would count as output.
    examples = re.sub(r"^```.*$", "", text, flags=re.MULTILINE)
    found = doctest.DocTestParser().get_doctest(examples, {}, "program.md", None, 0)
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=OPTIONS).run(found, out=said.append)
    assert not result.failed, "".join(said)
    assert result.attempted > 25


@pytest.mark.parametrize(
    "module",
    ["lit_lab.client.api", "lit_lab.client.run", "lit_lab.aio", "lit_lab.effects", "lit_lab.segmentation.segment"],
)
def test_the_examples_of_docstrings_run(connected: LiveServer, module: str) -> None:
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    said: list[str] = []
    for test in doctest.DocTestFinder().find(importlib.import_module(module)):
        runner.run(test, out=said.append)
    assert runner.tries > 0
    assert runner.failures == 0, "".join(said)


def own_environment(folder: Path) -> dict[str, str]:
    """The environment of a program that finds no server."""
    lit_lab_variables = {"LIT_LAB_URL", "LIT_LAB_TOKEN"}
    return {
        **{name: value for name, value in os.environ.items() if name not in lit_lab_variables},
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "PYTHONPATH": str(ROOT),
    }


def service_of(pid: int) -> int | None:
    """The process id of a program's model service."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            command = (path.parent / "cmdline").read_text()
        except OSError:
            continue
        if int(fields[1]) == pid and "lit_lab.service" in command:
            return int(path.parent.name)
    return None


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


SCRIPT = """
import lit_lab, sys
run = lit_lab.explain({prompt!r}, stop="\\n")
print(run.id, run._state.client.where, flush=True)
sys.stdin.readline()
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
@pytest.mark.parametrize("how", ["end", "kill"])
def test_a_script_s_own_service_ends_with_it(tmp_path: Path, how: str) -> None:
    (tmp_path / "config").mkdir()
    # Jupyter's configuration is read: the model's name is from there.
    (tmp_path / "config" / "jupyter_server_config.py").write_text("c.LitLab.models = ['mine:embedded']\n")
    command = [sys.executable, "-c", SCRIPT.format(prompt=PROMPT)]
    environment = own_environment(tmp_path)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    ) as program:
        assert program.stdout is not None
        run_id, _, where = program.stdout.readline().strip().partition(" ")
        assert where == "a model service of this process"
        service = service_of(program.pid)
        assert service is not None
        if how == "kill":
            program.kill()
            program.wait(PATIENCE)
        else:
            said, _ = program.communicate("\n", PATIENCE)
            assert (said, program.returncode) == ("", 0)
            assert list((tmp_path / "runtime").iterdir()) == [], "the socket and the log are gone"
        until(lambda: not is_alive(service))
    if how == "end":
        return
    # Killed right after, the run is still in the database that the panel reads.
    code = (
        f"import lit_lab; run = lit_lab.open_run({run_id!r}, server='own'); print(run.model, run.answer, len(run.maps))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert found.stdout == f"mine {ANSWER} 2\n"


def lit_lab_command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False, **options
    )


def test_the_command_reads_a_pipe_and_prints_the_answer(connected: LiveServer, tmp_path: Path) -> None:
    done = lit_lab_command("explain", "-", "--stop", r"\n", "--save", "run.html", input=PROMPT + "\n")
    assert (done.returncode, done.stderr) == (0, ""), "no progress where there is no terminal"
    answer, _, *rest = done.stdout.splitlines()
    assert answer == ANSWER.strip()
    assert rest[1].split(maxsplit=1)[0] == "1."
    assert "Suggestion: Onion soup" in rest[1]
    assert (tmp_path / "run.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_terminal_that_lacks_letters_gets_escapes(connected: LiveServer) -> None:
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "LANG": "C", "LC_ALL": "C"}
    for given in (["-"], ["Où? 🍮"]):
        done = subprocess.run(
            [*COMMAND, "explain", *given, "--max-new-tokens", "1"],
            input="Où? 🍮".encode(), env=env, capture_output=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        assert rb"O\xf9?" in done.stdout


def test_the_command_prints_json(connected: LiveServer) -> None:
    done = lit_lab_command(
        "explain", "--json", "--stop", r"\n", "--method", "grad_l2", "--granularity", "words", input=PROMPT
    )
    found = json.loads(done.stdout)
    assert (found["answer"], found["map"]["method"]) == (ANSWER, "grad_l2")
    assert next(each for each in found["map"]["segments"] if each["rank"] == 1)["text"] == "Cheese"
    assert in_panel(connected, found["id"])["prompt"] == PROMPT
    models = lit_lab_command("models", "--json")
    assert [json.loads(line)["name"] for line in models.stdout.splitlines()] == ["demo"]
    assert lit_lab_command("models").stdout.split()[:4] == ["NAME", "STATE", "PATH", "demo"]


@pytest.mark.parametrize(
    ("arguments", "given", "status", "says"),
    [
        (["explain"], "", 1, "The prompt is empty"),
        (["explain", "Hi", "--model", "nope"], "", 1, "There is no model 'nope'"),
        (["explain", "-"], b"\xff", 1, "isn't text in UTF-8"),
        (["explain", "Hi", "--save", "run.txt"], "", 1, "neither in .html nor in .json"),
        (["explain", "Hi", "--save", "nowhere/run.json"], "", 1, "can't be written"),
        (["explain", "Hi", "--top", "0"], "", 2, "1 or more"),
        (["explain", "Hi", "--server", "http://127.0.0.1:1/"], "", 1, "can't be reached"),
        (["explain", "Hi", "--server", "nonsense"], "", 1, "http://"),
    ],
)
def test_the_command_s_failures_have_a_status_and_words(
    connected: LiveServer,
    arguments: list[str],
    given: str | bytes,
    status: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = given.encode() if isinstance(given, str) else given
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    try:
        returned = cli.main(arguments)
    except SystemExit as end:  # argparse's
        returned = end.code
    out, said = capsys.readouterr()
    assert (returned, out) == (status, "")
    assert says in said


def test_a_closed_pipe_ends_the_command_quietly(connected: LiveServer) -> None:
    command = " ".join(map(shlex.quote, [*COMMAND, "explain", PROMPT, "--max-new-tokens", "5"]))
    # `true` has ended long before the command prints.
    done = subprocess.run(
        ["bash", "-c", f"{command} | true; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("141\n", "")


def test_ctrl_c_stops_the_command_and_its_job(connected: LiveServer) -> None:
    long = ["explain", "Say", "--max-new-tokens", "1000", "--temperature", "5", "--json"]
    with subprocess.Popen(
        [*COMMAND, *long], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heeds_ctrl_c
    ) as command:

        def jobs(state: str) -> list[str]:
            return [job["id"] for job in connected.ask("GET", "jobs")["jobs"] if job["state"] == state]

        (job,) = until(lambda: jobs("running"))
        command.send_signal(signal.SIGINT)
        said = command.communicate(timeout=PATIENCE)
        assert (command.returncode, said) == (130, ("", "\nStopped.\n"))
        assert job in jobs("cancelled")


def test_progress_is_shown_on_a_terminal(connected: LiveServer) -> None:
    import pty

    controller, terminal = pty.openpty()
    done = subprocess.run(
        [*COMMAND, "explain", PROMPT, "--stop", r"\n"], stdout=subprocess.PIPE, stderr=terminal, check=True
    )
    os.close(terminal)
    shown = os.read(controller, 100_000).decode()
    assert f"Running on the Jupyter server {connected.url}" in shown
    assert "onions, cheese" in shown
    assert connected.token not in shown
    assert done.stdout.decode().splitlines()[0] == ANSWER.strip()
    os.close(controller)
