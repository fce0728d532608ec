"""Run all checks, or those of the named stages, and end with one line of counts.

A failing stage doesn't keep the later ones from running: one run shows everything that is wrong. One command more than there
are cores runs side by side, up to three: browser tests, and those of servers that die, wait for much of their time. Each line
of output begins with the name of the command that said it.

`--long` runs the tests that are too long for each push, instead of those of each push.

What needs no Python packages can run before the others, while these are being installed: `--early FILE` runs only that, and stores
what came of it, which `--after FILE` counts with the rest. Without such a file, everything runs.
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
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent

# XLA optimizes what these compile, as it does for users.
ENGINE = ["tests/service/test_engine.py", "tests/service/test_salience.py"]


@dataclass
class Count:
    """Outcome of one command, in tests. `remarks` name what failed, a line each: a log's end is what is read first."""

    passed: int
    failed: int
    skipped: int = 0
    remarks: list[str] = field(default_factory=list)


def remark(name: str, wrong: ElementTree.Element) -> str:
    """One line for a test: its name, and where and how it failed as far as that fits."""
    # jest has no message, and Playwright's doesn't say of what.
    said = wrong.get("message") or wrong.text or ""
    said = re.sub(r"\x1b\[[\d;]*m", "", said + re.sub(r"(?s).*?(?=Locator:|$)", " ", wrong.text or "", count=1))
    return f"{name}: {' '.join(said.split())[:300]}"


def read(report: Path, ok: bool) -> Count:
    """Count the cases of a JUnit XML report; a broken run counts as one failure."""
    count = Count(0, 0)
    for case in ElementTree.parse(report).getroot().iter("testcase") if report.exists() else ():
        kinds = {child.tag: child for child in case}
        name = f"{case.get('classname')}: {case.get('name')}"
        wrong = kinds.get("failure", kinds.get("error"))
        if wrong is not None:
            count.failed += 1
            count.remarks.append(remark(name, wrong))
        elif "skipped" in kinds:
            count.skipped += 1
        else:
            count.passed += 1
            # A browser spec may be tried twice.
            if "flakyFailure" in kinds:
                count.remarks.append(remark(f"{name}: passed at its second try; at first", kinds["flakyFailure"]))
    if not ok and not count.failed:
        count.failed = 1
    return count


@dataclass
class Command:
    """One check. If it writes a report, that says how many tests it has; else the exit status counts as one."""

    stage: str
    name: str
    argv: list[str]
    folder: str = "."
    reports: bool = True
    early: bool = False
    """It needs no Python packages."""
    environment: Mapping[str, str] = field(default_factory=dict)


def lint(name: str, *argv: str, folder: str = ".") -> Command:
    """A check that has one outcome."""
    return Command("lint", name, list(argv), folder, reports=False, early=argv[0] == "jlpm")


def pytest(reports: Path, name: str, *what: str, **environment: str) -> Command:
    """Part of pytest's tests, without its cache, which is one for all that run in a folder."""
    argv = ["pytest", f"--junit-xml={reports / name}", "-p", "no:cacheprovider", "--durations=40", *what]
    return Command("pytest", name, argv, environment=environment)


def long_commands(reports: Path) -> list[Command]:
    """What `make test-long` runs: tests that are marked as long, and some of the others with more examples and longer texts."""
    more = {"LIT_LAB_LONG": "1", "LIT_LAB_FUZZ": "500"}
    texts = ["src/linear", "src/long", "src/notebook/values/bounds"]
    return [
        Command("ui", "playwright", ["jlpm", "playwright", "test"], "ui-tests", environment=more),
        pytest(reports, "pytest long", "tests", "-m", "long", **more),
        pytest(reports, "pytest more", "tests/test_long.py", "tests/fuzz", **more),
        Command(
            "jest", "jest", ["jlpm", "jest", *texts, "--reporters=default", "--reporters=jest-junit"], environment=more
        ),
    ]


def commands(reports: Path) -> list[Command]:
    """All checks, in the order in which they begin.

    Quick ones are first, then the longest, which wait for much of their time, while others compute. Short ones come last, so that no
    processor is idle at the end.

    Those of lint look through the tree, and are through before browser tests write into it. pytest's are in five parts,
    which have no file in common, and together have them all.
    """

    def without(*files: str) -> list[str]:
        return [f"--ignore={file}" for file in files]

    models, live = ("tests/service", "tests/recipe"), ("tests/resilience", "tests/fuzz")
    # Those with models in common trace them once, in one half; of the others, every second one, so that neither half has all the long ones.
    files = {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in ROOT.glob("tests/service/**/test_*.py")
    }
    common = sorted(file for file, text in files.items() if "small_families" in text)
    of_models = sorted(files.keys() - {*ENGINE, *common})
    # XLA then compiles in two thirds of the time.
    quickly = {"XLA_FLAGS": "--xla_backend_optimization_level=0"}
    return [
        lint("ruff format", "ruff", "format", "--check", "."),
        lint("ruff check", "ruff", "check", "."),
        lint("eslint", "jlpm", "eslint:check"),
        lint("mypy", "mypy"),
        lint("prettier", "jlpm", "prettier:check"),
        lint("tsc", "jlpm", "tsc", "--noEmit"),
        lint("tsc (ui-tests)", "jlpm", "tsc", "--noEmit", folder="ui-tests"),
        lint("stylelint", "jlpm", "stylelint:check"),
        lint("actionlint", "jlpm", "actionlint"),
        Command("ui", "playwright", ["jlpm", "playwright", "test"], "ui-tests", environment=quickly),
        pytest(reports, "pytest others", "tests", *without(*models, *live), **quickly),
        pytest(reports, "pytest live", *live, **quickly),
        pytest(reports, "pytest models 2", *common, *of_models[1::2], "tests/recipe", **quickly),
        pytest(reports, "pytest models", *of_models[::2], **quickly),
        pytest(reports, "pytest engine", *ENGINE),
        Command("jest", "jest", ["jlpm", "jest", "--reporters=default", "--reporters=jest-junit"]),
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
        env={**environment, **command.environment},
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
    count = read(reports / command.name, ok) if command.reports else Count(int(ok), int(not ok))
    seconds = time.monotonic() - start
    say(command.name, f"==> {count.passed} passed, {count.failed} failed, {seconds:.0f} s")
    return Outcome(command.name, count, seconds)


def stored(file: Path | None) -> list[Outcome]:
    """The outcomes of an early run. Their file is deleted, so that no later run counts them again."""
    if file is None or not file.exists():
        return []
    found = json.loads(file.read_text())
    file.unlink()
    return [Outcome(one["name"], Count(**one["count"]), one["seconds"]) for one in found]


def main() -> int:
    """Run the chosen stages and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", help="lint, jest, pytest, ui; all when none is named")
    parser.add_argument(
        "--jobs", type=int, default=min(3, (os.cpu_count() or 1) + 1), help="how many run side by side (%(default)s)"
    )
    parser.add_argument(
        "--early", metavar="FILE", type=Path, help="run only what needs no Python packages, and store the outcomes"
    )
    parser.add_argument("--long", action="store_true", help="run what is too long for each push")
    parser.add_argument("--after", metavar="FILE", type=Path, help="count these outcomes, and run only the rest")
    arguments = parser.parse_args()
    # TensorFlow imports three times as fast from bytecode.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max(arguments.jobs, 1)) as lanes:
        reports = Path(folder)
        environment |= {
            "PLAYWRIGHT_JUNIT_OUTPUT_FILE": str(reports / "playwright"),
            "PLAYWRIGHT_JUNIT_INCLUDE_RETRIES": "1",
            "JEST_JUNIT_OUTPUT_FILE": str(reports / "jest"),
            "JEST_JUNIT_REPORT_TEST_SUITE_ERRORS": "true",
            "JEST_JUNIT_CLASSNAME": "{filepath}",
        }
        every = (long_commands if arguments.long else commands)(reports)
        chosen = [one for one in every if not arguments.stages or one.stage in arguments.stages]
        outcomes = stored(arguments.after)
        done = {outcome.name for outcome in outcomes}
        chosen = [one for one in chosen if one.name not in done and (one.early or arguments.early is None)]
        outcomes += lanes.map(lambda command: run(command, reports, environment), chosen)
    if arguments.early is not None:
        arguments.early.parent.mkdir(parents=True, exist_ok=True)
        arguments.early.write_text(json.dumps([asdict(outcome) for outcome in outcomes]))
        return 0  # the run that counts them reports failures

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
