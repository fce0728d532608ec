"""`lit-lab check`: check answers, and what led to them, against a file of expectations."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lit_lab.commands.shared import count, saving
from lit_lab.commands.status_line import StatusLine
from lit_lab.commands.terminal import for_terminal, json_line

if TYPE_CHECKING:
    from lit_lab.checks import Case, Outcome, Report, Settings
    from lit_lab.client.run import Run

_ABOUT = (
    "Run the prompts of a file, and check their answers and which parts of the prompts influenced them. docs/checks.md describes "
    "the file. It runs on LIT_LAB_URL (with LIT_LAB_TOKEN), a running Jupyter server of yours, or else in a model service that ends with "
    "the command."
)
_EXIT = "exit status: 0: all checks passed; 1: some failed, or couldn't be made; 130: stopped by Ctrl+C"


def add(commands: Any) -> None:
    """Describe the command."""
    command = commands.add_parser(
        "check", help="check answers, and what led to them, for example in CI", description=_ABOUT, epilog=_EXIT
    )
    command.add_argument("file", type=Path, help="the file of checks, in YAML")
    command.add_argument("--junit", type=Path, metavar="FILE", help="also write a report in JUnit's XML")
    command.add_argument("--json", action="store_true", help="print one JSON object for each check, as it is made")
    command.add_argument(
        "--max-new-tokens",
        type=count,
        default=256,
        metavar="N",
        help="most tokens of an answer, where the file names no max_new_tokens (default: 256)",
    )
    command.add_argument("--server", metavar="URL", help="the Jupyter server to use; own: none")
    command.set_defaults(run=_run)


class _Answered:
    """A run, as checks see it (a `lit_lab.checks.Explained`)."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._influences: dict[str, float] = {}
        self._total: float | None = None

    @property
    def answer(self) -> str:
        """The model's answer."""
        return self._run.answer

    def influence(self, part: str) -> float:
        """Return by how many nats the whole answer becomes less likely without a part of the prompt."""
        if part not in self._influences:
            self._influences[part] = self._run.influence(part)
        return self._influences[part]

    def share(self, part: str) -> float:
        """Return the part's influence as a share of that of all sentences, 0 to 1."""
        if self._total is None:
            found = self._run.map("sentences", "effect", slice(self._run.seam, None))
            self._total = sum(abs(segment.score) for segment in found)
        return min(1.0, abs(self.influence(part)) / self._total) if self._total > 0 else 0.0


def _run(options: argparse.Namespace) -> int:
    import lit_lab
    from lit_lab.checks import Settings, junit, read, run_checks

    file = read(options.file, Settings(max_new_tokens=options.max_new_tokens))
    with StatusLine() as line:

        def explain(case: Case, model: str, settings: Settings) -> _Answered:
            run = lit_lab.explain(
                None if case.turns else case.prompt,
                turns=case.turns or None,
                model=model,
                **vars(settings),
                title=file.name,
                maps=False,
                server=options.server,
                on_progress=line.show,
            )
            return _Answered(run)

        def show(outcome: Outcome) -> None:
            line.say("")
            print(json_line(vars(outcome)) if options.json else _line(outcome), flush=True)

        report = run_checks(file, explain, show)
    if options.junit is not None:
        with saving(options.junit):
            options.junit.expanduser().write_text(junit(report), encoding="utf-8")
    if not options.json:
        print(_summary(report))
    return 1 if report.failed or not report.outcomes else 0


def _line(outcome: Outcome) -> str:
    mark = "ok  " if outcome.passed else "ERROR" if outcome.is_error else "FAIL"
    where = f"{outcome.prompt} ({outcome.model}{f', line {outcome.row}' if outcome.row else ''})"
    words = "" if outcome.passed else f"\n     {outcome.message}"
    return for_terminal(f"{mark} {where}: {outcome.check}{words}")


def _summary(report: Report) -> str:
    count = len(report.outcomes)
    return f"\n{count - report.failed:,} of {count:,} checks passed." if count else "\nThere is nothing to check."
