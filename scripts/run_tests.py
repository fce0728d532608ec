"""Run all checks, or those of the named stages, and end with one line of counts.

A failing stage doesn't keep the later ones from running: one run shows everything that is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass
class Count:
    """Outcome of one command, in tests."""

    passed: int
    failed: int
    skipped: int = 0


def read_junit(report: Path, ok: bool) -> Count:
    """Count the cases of a JUnit XML report (pytest's); a broken run counts as one failure."""
    if not report.exists():
        return Count(0, 1)
    cases = ElementTree.parse(report).getroot().iter("testcase")
    count = Count(0, 0)
    for case in cases:
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            count.failed += 1
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
    return Count(data["numPassedTests"], failed or (0 if ok else 1), data["numPendingTests"])


def read_playwright(report: Path, ok: bool) -> Count:
    """Count the cases of Playwright's JSON report; a flaky one passed at its second try."""
    if not report.exists():
        return Count(0, 1)
    stats = json.loads(report.read_text())["stats"]
    return Count(stats["expected"] + stats["flaky"], stats["unexpected"] or (0 if ok else 1), stats["skipped"])


@dataclass
class Command:
    """One check. `read` counts its tests from the report that it writes; without it the exit status counts as one."""

    stage: str
    name: str
    argv: list[str]
    folder: str = "."
    read: Callable[[Path, bool], Count] | None = None


def commands(reports: Path) -> list[Command]:
    """All checks, quick ones first."""
    return [
        Command("lint", "ruff format", ["ruff", "format", "--check", "."]),
        Command("lint", "ruff check", ["ruff", "check", "."]),
        Command("lint", "mypy", ["mypy"]),
        Command("lint", "tsc", ["jlpm", "tsc", "--noEmit"]),
        Command("lint", "eslint", ["jlpm", "eslint:check"]),
        Command("lint", "prettier", ["jlpm", "prettier:check"]),
        Command("lint", "stylelint", ["jlpm", "stylelint:check"]),
        Command("lint", "tsc (ui-tests)", ["jlpm", "tsc", "--noEmit"], "ui-tests"),
        Command("jest", "jest", ["jlpm", "jest", "--json", f"--outputFile={reports / 'jest'}"], read=read_jest),
        Command("pytest", "pytest", ["pytest", f"--junit-xml={reports / 'pytest'}"], read=read_junit),
        Command("ui", "playwright", ["jlpm", "playwright", "test"], "ui-tests", read=read_playwright),
    ]


def main() -> int:
    """Run the chosen stages and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stages", nargs="*", help="lint, jest, pytest, ui; all when none is named")
    stages = set(parser.parse_args().stages)
    # TensorFlow imports three times as fast from bytecode.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    rows: list[tuple[str, Count, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        reports = Path(folder)
        environment["PLAYWRIGHT_JSON_OUTPUT_NAME"] = str(reports / "playwright")
        for command in commands(reports):
            if stages and command.stage not in stages:
                continue
            print(f"\n==> {command.name}: {' '.join(command.argv)}", flush=True)
            start = time.monotonic()
            ok = not subprocess.run(command.argv, cwd=ROOT / command.folder, env=environment, check=False).returncode
            exit_count = Count(1, 0) if ok else Count(0, 1)
            count = command.read(reports / command.name, ok) if command.read else exit_count
            rows.append((command.name, count, time.monotonic() - start))

    print(f"\n{'check':<16}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for name, count, seconds in rows:
        print(f"{name:<16}{count.passed:>8}{count.failed:>8}{count.skipped:>9}{seconds:>9.0f}")
    passed, failed, skipped = (sum(getattr(row[1], key) for row in rows) for key in ("passed", "failed", "skipped"))
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
