"""The counts at the end of `make test`, from the reports of pytest, jest and Playwright."""

import importlib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def run_tests(monkeypatch):
    """The script, as a module."""
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "scripts")
    return importlib.import_module("run_tests")


REPORT = """<testsuites><testsuite name="suite">
<testcase classname="tests.a" name="fine"/>
<testcase classname="tests.a" name="left out"><skipped/></testcase>
<testcase classname="tests.a" name="wrong"><failure message="1 is\nnot 2">A traceback</failure></testcase>
<testcase classname="src/a.spec.ts" name="wrong too"><failure>Error: no</failure></testcase>
<testcase classname="b.spec.ts" name="slow"><failure message="not there">a.ts:1 Locator: p</failure></testcase>
<testcase classname="tests.b" name="no fixture"><error message="at setup"/></testcase>
<testcase classname="a.spec.ts" name="shaky"><flakyFailure message="too late"/></testcase>
</testsuite></testsuites>"""


def test_a_report_is_counted_and_names_what_failed(run_tests, tmp_path):
    report = tmp_path / "report"
    report.write_text(REPORT)
    count = run_tests.read(report, ok=False)
    assert (count.passed, count.failed, count.skipped) == (2, 4, 1)
    assert count.remarks == [
        "tests.a: wrong: 1 is not 2",
        "src/a.spec.ts: wrong too: Error: no",
        "b.spec.ts: slow: not there Locator: p",
        "tests.b: no fixture: at setup",
        "a.spec.ts: shaky: passed at its second try; at first: too late",
    ]


def test_a_run_that_broke_off_is_a_failure(run_tests, tmp_path):
    report = tmp_path / "report"
    assert run_tests.read(report, ok=False).failed == 1
    report.write_text("<testsuite><testcase classname='a' name='b'/></testsuite>")
    count = run_tests.read(report, ok=False)
    assert (count.passed, count.failed) == (1, 1)
    assert run_tests.read(report, ok=True).failed == 0


def test_each_python_test_is_in_one_command(run_tests, tmp_path):
    # pytest doesn't look into tests/real.
    everything = [file for file in (ROOT / "tests").rglob("test_*.py") if "real" not in file.parts]
    found = []
    for command in run_tests.commands(tmp_path):
        if command.stage == "pytest":
            given = [ROOT / part for part in command.argv if part.startswith("tests")]
            ignored = [ROOT / part.removeprefix("--ignore=") for part in command.argv if part.startswith("--ignore=")]
            assert all(place.exists() for place in [*given, *ignored])
            found += [
                file
                for file in everything
                if any(map(file.is_relative_to, given)) and not any(map(file.is_relative_to, ignored))
            ]
    assert sorted(found) == sorted(everything)


def test_no_two_files_have_the_same_name():
    # pytest refuses them in one run, and `make test-long` runs all folders at once.
    names = Counter(file.name for file in (ROOT / "tests").rglob("*.py") if file.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == []


def test_every_stage_that_the_help_names_has_commands(run_tests, tmp_path):
    commands = run_tests.commands(tmp_path)
    assert {command.stage for command in commands} == {"lint", "jest", "pytest", "ui"}
    assert len({command.name for command in commands}) == len(commands)


def test_what_ran_early_is_counted_once_and_does_not_run_again(run_tests, tmp_path, monkeypatch, capsys):
    ran = []

    def fake_run(command, reports, environment):
        ran.append(command.name)
        return run_tests.Outcome(
            command.name, run_tests.Count(0, 1) if command.name == "tsc" else run_tests.Count(2, 0), 1
        )

    def main(*arguments):
        ran.clear()
        monkeypatch.setattr("sys.argv", ["run_tests.py", *arguments])
        return run_tests.main()

    monkeypatch.setattr(run_tests, "run", fake_run)
    file = tmp_path / "new" / "early.json"
    names = {command.name for command in run_tests.commands(tmp_path)}
    assert main("--early", str(file)) == 0
    early = {*ran}
    assert {"eslint", "tsc"} <= early
    assert not early & {"mypy", "jest", "playwright", "pytest live"}
    capsys.readouterr()
    assert main("--after", str(file)) == 1
    assert {*ran} == names - early
    assert capsys.readouterr().out.endswith(f"\n{2 * (len(names) - 1)} passed, 1 failed\n")
    main("--after", str(file))
    assert {*ran} == names
