"""Run all checks, or those of the named stages, and end with one line of counts.

A failing stage doesn't keep the later ones from running: one run shows everything that is wrong. Two commands run side by
side where there are two cores; each line of output begins with the name of the command that said it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


@dataclass
class Count:
    """Outcome of one command, in tests. `remarks` name what failed, a line each: a log's end is what is read first."""

    passed: int
    failed: int
    skipped: int = 0
    remarks: list[str] = field(default_factory=list)


def remark(name: str, message: str) -> str:
    """One line for a test: its name, and where and how it failed as far as that fits."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", message)
    return f"{name}: {' '.join(plain.split())[:300]}"


def read_junit(report: Path, ok: bool) -> Count:
    """Count the cases of a JUnit XML report (pytest's); a broken run counts as one failure."""
    if not report.exists():
        return Count(0, 1)
    cases = ElementTree.parse(report).getroot().iter("testcase")
    count = Count(0, 0)
    for case in cases:
        kinds = {child.tag: child for child in case}
        wrong = kinds.get("failure", kinds.get("error"))
        if wrong is not None:
            count.failed += 1
            count.remarks.append(remark(f"{case.get('classname')}.{case.get('name')}", wrong.get("message", "")))
        elif "skipped" in kinds:
            count.skipped += 1
        else:
            count.passed += 1
    if not ok and not count.failed:
        count.failed = 1
    return count


def read_jest(report: Path, ok: bool) -> Count:
    """Count the cases of jest's JSON report. A file that doesn't compile counts as one failure."""
    if not report.exists():
        return Count(0, 1)
    data = json.loads(report.read_text())
    failed = data["numFailedTests"] + data["numRuntimeErrorTestSuites"]
    remarks = [
        remark(case["fullName"], "".join(case["failureMessages"][:1]))
        for suite in data["testResults"]
        for case in suite["assertionResults"]
        if case["status"] == "failed"
    ]
    return Count(data["numPassedTests"], failed or (0 if ok else 1), data["numPendingTests"], remarks)


def read_playwright(report: Path, ok: bool) -> Count:
    """Count the cases of Playwright's JSON report; a flaky one passed at its second try."""
    if not report.exists():
        return Count(0, 1)
    data = json.loads(report.read_text())
    stats = data["stats"]
    remarks = []
    for spec in specs(data["suites"]):
        for test in spec["tests"]:
            if test["status"] in ("unexpected", "flaky"):
                errors = [error for result in test["results"] for error in result["errors"]]
                # A test that ran out of time says where it was in its second error.
                at = next((error["location"]["line"] for error in errors if "location" in error), spec["line"])
                again = "passed at its second try; at first " if test["status"] == "flaky" else ""
                said = " ".join(error.get("message", "") for error in errors[:2]) or test["results"][0]["status"]
                remarks.append(remark(f"{spec['file']}:{at}", again + said))
    failed = stats["unexpected"] or (0 if ok else 1)
    return Count(stats["expected"] + stats["flaky"], failed, stats["skipped"], remarks)


def specs(suites: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The specs of Playwright's nested suites."""
    for suite in suites:
        yield from suite.get("specs", [])
        yield from specs(suite.get("suites", []))


@dataclass
class Command:
    """One check. `read` counts its tests from the report that it writes; without it the exit status counts as one."""

    stage: str
    name: str
    argv: list[str]
    folder: str = "."
    read: Callable[[Path, bool], Count] | None = None


def commands(reports: Path) -> list[Command]:
    """All checks, in the order in which they begin: quick ones first, then the longest first.

    Those of lint look through the tree, and are through before browser tests write into it. pytest's are in three parts,
    which have no folder in common, and together have them all.
    """

    def pytest(name: str, *what: str) -> Command:
        # Without pytest's cache, which is one for all that run in a folder.
        argv = ["pytest", f"--junit-xml={reports / name}", "-p", "no:cacheprovider", "--durations=40", *what]
        return Command("pytest", name, argv, read=read_junit)

    models, live = ("tests/service", "tests/recipe"), ("tests/resilience", "tests/fuzz")
    return [
        Command("lint", "ruff format", ["ruff", "format", "--check", "."]),
        Command("lint", "ruff check", ["ruff", "check", "."]),
        Command("lint", "mypy", ["mypy"]),
        Command("lint", "tsc", ["jlpm", "tsc", "--noEmit"]),
        Command("lint", "eslint", ["jlpm", "eslint:check"]),
        Command("lint", "prettier", ["jlpm", "prettier:check"]),
        Command("lint", "stylelint", ["jlpm", "stylelint:check"]),
        Command("lint", "actionlint", ["jlpm", "actionlint"]),
        Command("lint", "tsc (ui-tests)", ["jlpm", "tsc", "--noEmit"], "ui-tests"),
        pytest("pytest models", *models),
        Command("ui", "playwright", ["jlpm", "playwright", "test"], "ui-tests", read=read_playwright),
        pytest("pytest live", *live),
        pytest("pytest others", "tests", *(f"--ignore={folder}" for folder in (*models, *live))),
        Command("jest", "jest", ["jlpm", "jest", "--json", f"--outputFile={reports / 'jest'}"], read=read_jest),
    ]


@dataclass
class Outcome:
    """What came of a command, and how many seconds it took."""

    name: str
    count: Count
    seconds: float


_saying = threading.Lock()


def say(name: str, text: str) -> None:
    """Print a line of a command's, whole though others print too."""
    with _saying:
        print(f"{name:<14} | {text}", flush=True)


def run(command: Command, reports: Path, environment: Mapping[str, str]) -> Outcome:
    """Run a command to its end, showing what it says as it comes."""
    start = time.monotonic()
    say(command.name, f"==> {' '.join(command.argv)}")
    with subprocess.Popen(
        command.argv,
        cwd=ROOT / command.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            say(command.name, line.rstrip())
    ok = process.returncode == 0
    exit_count = Count(1, 0) if ok else Count(0, 1)
    count = command.read(reports / command.name, ok) if command.read else exit_count
    seconds = time.monotonic() - start
    say(command.name, f"==> {count.passed} passed, {count.failed} failed, {seconds:.0f} s")
    return Outcome(command.name, count, seconds)


def main() -> int:
    """Run the chosen stages and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stages", nargs="*", help="lint, jest, pytest, ui; all when none is named")
    parser.add_argument(
        "--jobs", type=int, default=min(2, os.cpu_count() or 1), help="how many commands run side by side (%(default)s)"
    )
    arguments = parser.parse_args()
    # TensorFlow imports three times as fast from bytecode.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max(arguments.jobs, 1)) as lanes:
        reports = Path(folder)
        environment["PLAYWRIGHT_JSON_OUTPUT_NAME"] = str(reports / "playwright")
        chosen = [one for one in commands(reports) if not arguments.stages or one.stage in arguments.stages]
        outcomes = list(lanes.map(lambda command: run(command, reports, environment), chosen))

    print(f"\n{'check':<16}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for outcome in outcomes:
        count = outcome.count
        print(f"{outcome.name:<16}{count.passed:>8}{count.failed:>8}{count.skipped:>9}{outcome.seconds:>9.0f}")
    print(f"{'all of it':<16}{'':>25}{time.monotonic() - start:>9.0f}")
    counts = [outcome.count for outcome in outcomes]
    remarks = [line for count in counts for line in count.remarks]
    if remarks:
        print("", *remarks, sep="\n")
    passed, failed, skipped = (sum(getattr(count, key) for count in counts) for key in ("passed", "failed", "skipped"))
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
