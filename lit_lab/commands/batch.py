"""`lit-lab batch`: run all rows of a dataset, and say what matters over them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lit_lab.commands.shared import count, saving
from lit_lab.commands.status_line import StatusLine
from lit_lab.commands.terminal import for_terminal, json_line
from lit_lab.limits import MAX_TEXT
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.batches.aggregates import PartSummary
    from lit_lab.batches.noise import NoiseVerdict
    from lit_lab.batches.plan import Measure
    from lit_lab.batches.results import Batch
    from lit_lab.batches.runner import BatchProgress

MAX_ERRORS = 20
"""Maximum number of failed rows that are printed; the others are in the records."""

_ABOUT = (
    "Run the prompts of a dataset, and store answers, and what each part of the prompt does to them, in a folder. The same command "
    "continues where it stopped, also after Ctrl+C or a crash. Rows that failed are tried again."
)
_EXIT = "exit status: 0: all rows have an answer; 1: some failed, or all; 130: stopped by Ctrl+C"


def add(commands: Any) -> None:
    """Describe the command."""
    command = commands.add_parser(
        "batch", help="run all rows of a dataset, and say what matters over them", description=_ABOUT, epilog=_EXIT
    )
    command.add_argument(
        "rows", type=Path, help="the dataset: a .jsonl, .json, .csv, .tsv, .txt, .yaml or .parquet file"
    )
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the batch is stored")
    command.add_argument(
        "--template",
        type=Path,
        metavar="FILE",
        help="makes each prompt from columns: {name} stands for a column's value",
    )
    command.add_argument("--prompt-column", default="", metavar="NAME", help="the column of prompts (default: guessed)")
    command.add_argument("--target-column", default="", metavar="NAME", help="the column of targets (default: guessed)")
    command.add_argument("--model", help="the model's name (default: the panel's first)")
    command.add_argument("--limit", type=count, metavar="N", help="only the first N rows; more later continues")
    command.add_argument("--no-shares", action="store_true", help="compute no shares by gradients")
    command.add_argument("--no-effects", action="store_true", help="compute no effects of deleting parts")
    command.add_argument(
        "--noise",
        type=count,
        metavar="N",
        help="then find the template's sentences that do nothing, by inert sentences in N rows",
    )
    command.add_argument(
        "--max-new-tokens", type=count, default=256, metavar="N", help="most tokens of an answer (default: 256)"
    )
    command.add_argument(
        "--temperature", type=float, default=0.0, metavar="T", help="0 (default): the most likely tokens"
    )
    command.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same answers")
    command.add_argument(
        "--stop",
        action="append",
        default=[],
        metavar="TEXT",
        help=r"end an answer at this text; \n is a line break; several times: at any of them",
    )
    command.add_argument(
        "--expect",
        type=Path,
        metavar="FILE",
        help="check each answer: a list of checks in YAML, as under expect: in docs/checks.md",
    )
    command.add_argument("--server", metavar="URL", help="the Jupyter server to use; own: none")
    command.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    command.add_argument("--html", type=Path, metavar="FILE", help="also write a page with a ranking and a heatmap")
    command.add_argument(
        "--export", type=Path, metavar="FILE", help="also write all records to a .csv, .jsonl or .parquet file"
    )
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from lit_lab.batches.api import batch
    from lit_lab.batches.export import kind_of
    from lit_lab.batches.plan import MEASURES

    template = "" if options.template is None else _template(options.template)
    measures: list[Measure] = [name for name in MEASURES if not getattr(options, f"no_{name}")]
    if options.noise and "effects" not in measures:
        raise Problem(422, "no_effects", "--noise needs effects.", "Leave --no-effects out.")
    for file in filter(None, (options.html, options.export)):
        if not file.expanduser().absolute().parent.is_dir():
            raise Problem(404, "not_saved", f"There is no folder for {file}.", "Name a file in a folder of yours.")
    if options.export is not None:
        kind_of(options.export)  # before the first row is computed
    failed = None
    with StatusLine() as line:

        def show(progress: BatchProgress) -> None:
            failed = f", {progress.failed:,} failed" if progress.failed else ""
            line.say(f"{progress.done:,} rows{failed}")

        try:
            found = batch(
                options.rows,
                out=options.out,
                template=template,
                prompt=options.prompt_column,
                target=options.target_column,
                model=options.model,
                measures=measures,
                limit=options.limit,
                max_new_tokens=options.max_new_tokens,
                temperature=options.temperature,
                seed=options.seed,
                stop=[text.replace("\\n", "\n") for text in options.stop],
                checks=[] if options.expect is None else _expected(options.expect),
                server=options.server,
                on_progress=show,
            )
        except KeyboardInterrupt:
            line.say("")
            print(f"\nStopped. What is finished is in {options.out}; the same command continues.", file=sys.stderr)
            return 130
        verdicts: list[NoiseVerdict] = []
        if options.noise:
            try:
                verdicts = found.noise(options.noise, server=options.server, on_progress=line.say)
            except Problem as problem:
                failed = problem  # the batch itself is there
    if options.json:
        print(json_line(_content(found, verdicts)))
    else:
        _print(found, verdicts)
    if options.html is not None:
        with saving(options.html):
            options.html.expanduser().write_text(found.to_html(verdicts), encoding="utf-8")
    if options.export is not None:
        found.export(options.export)
    if failed is not None:
        raise failed
    return 1 if found.num_failed else 0


def _expected(path: Path) -> list[Mapping[str, Any]]:
    from lit_lab.datasets import yaml_values

    found = yaml_values.load(_template(path))
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Problem(
            422, "bad_checks", f"{path} isn't a list of checks.", "Write it as under expect: in a file of checks."
        )
    return found


def _template(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            text = stream.read(MAX_TEXT + 1)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it isn't text in UTF-8"
        raise Problem(404, "no_template", f"{path} can't be read: {why}.", "Name a text file.") from error
    if len(text) > MAX_TEXT:
        raise Problem(413, "template_too_long", f"{path} is longer than {MAX_TEXT:,} characters.", "Shorten it.")
    return text.removesuffix("\n").removesuffix("\r")


def _content(found: Batch, verdicts: list[NoiseVerdict]) -> dict[str, Any]:
    """Return what `--json` prints. docs/batches.md describes it."""
    nothing = {verdict.id: verdict for verdict in verdicts}
    return {
        "folder": str(found.path),
        "model": found.model,
        "rows": len(found),
        "failed": found.num_failed,
        "checks": [
            {"name": check.name, "rows": check.num_rows, "passed": check.num_passed, "failed": check.failed}
            for check in found.checks()
        ],
        "parts": [
            {
                "id": part.id,
                "text": part.text,
                "rows": part.num_rows,
                "effect": part.effect,
                "interval": part.interval,
                "share": part.share,
                "outliers": part.outliers,
                **(
                    {}
                    if part.id not in nothing
                    else {
                        "noise_floor": nothing[part.id].floor,
                        "below_floor": nothing[part.id].below,
                        "below_interval": nothing[part.id].interval,
                        "does_nothing": nothing[part.id].does_nothing,
                    }
                ),
            }
            for part in found.parts()
        ],
    }


def _print(found: Batch, verdicts: list[NoiseVerdict]) -> None:
    from lit_lab.batches.noise import MIN_ROWS
    from lit_lab.client.rendering import one_line

    failed = f", {found.num_failed:,} failed" if found.num_failed else ""
    print(f"{found.path}: {len(found):,} {'row' if len(found) == 1 else 'rows'}{failed}")
    shown = 0
    for record in found:
        if record.error and (shown := shown + 1) <= MAX_ERRORS:
            print(for_terminal(f"  row {record.row:,} (line {record.line:,}): {one_line(record.error, 200)}"))
    for check in found.checks():
        print(for_terminal(f"  {check.num_passed:,} of {check.num_rows:,} passed: {check.name}"))
    parts = found.parts()
    if verdicts and max(verdict.num_rows for verdict in verdicts) < MIN_ROWS:
        print(f"  Too few rows to say what does nothing: at least {MIN_ROWS} are needed.")
    if parts:
        nothing = {verdict.id: verdict for verdict in verdicts if verdict.does_nothing}
        print("\nWhat the parts of the template do, in nats for each token of the answer")
        for part in parts:
            remark = "" if part.id not in nothing else f"  does nothing ({nothing[part.id].below:.0%} of rows)"
            print(for_terminal(f"{_figures(part)}  {one_line(part.text, 80)}{remark}"))


def _figures(part: PartSummary) -> str:
    effect = "       " if part.effect is None else f"{part.effect:+7.3f}"
    interval = " " * 18 if part.interval is None else f" [{part.interval[0]:+7.3f}, {part.interval[1]:+7.3f}]"
    share = "" if part.share is None else f"  {part.share:4.0%}"
    return f"{effect}{interval}{share}"
