"""`lit-lab explain`: run a prompt, and print its answer and what led to it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lit_lab.commands.shared import count, saving
from lit_lab.commands.status_line import StatusLine
from lit_lab.commands.terminal import for_terminal, json_line
from lit_lab.limits import MAX_TEXT
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.client.run import Run
    from lit_lab.client.salience_map import Map

_ABOUT = (
    "Run a prompt, and print the answer and what led to its last sentence. The run is in the panel's history, too. It runs on "
    "LIT_LAB_URL (with LIT_LAB_TOKEN), a running Jupyter server of yours, or else in a model service that ends with the command."
)


def add(commands: Any) -> None:
    """Describe the command."""
    command = commands.add_parser("explain", help="run a prompt, and say what led to the answer", description=_ABOUT)
    command.add_argument(
        "prompt",
        nargs="?",
        help="the prompt; -, or none with a pipe: read it from standard input, without its last line break",
    )
    command.add_argument("--model", help="the model's name (default: the panel's first)")
    command.add_argument(
        "--target", metavar="TEXT", help="a forced answer: explain this text instead of the model's answer"
    )
    command.add_argument(
        "--max-new-tokens", type=count, default=256, metavar="N", help="most tokens of the answer (default: 256)"
    )
    command.add_argument(
        "--temperature", type=float, default=0.0, metavar="T", help="0 (default): the most likely tokens"
    )
    command.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same answer")
    command.add_argument(
        "--stop",
        action="append",
        default=[],
        metavar="TEXT",
        help=r"end the answer at this text; \n is a line break; several times: at any of them",
    )
    command.add_argument(
        "--method", choices=METHODS, default="effect", help="how influence is measured (default: effect)"
    )
    command.add_argument(
        "--granularity", choices=GRANULARITIES, default="sentences", help="the parts (default: sentences)"
    )
    command.add_argument("--top", type=count, default=5, metavar="N", help="how many parts to list (default: 5)")
    command.add_argument(
        "--server",
        metavar="URL",
        help="the Jupyter server to use; own: none. Its token belongs in LIT_LAB_TOKEN, with its address in LIT_LAB_URL",
    )
    command.add_argument("--title", default="", help="the run's name in the history")
    command.add_argument("--json", action="store_true", help="print one JSON object, with all parts")
    command.add_argument(
        "--save", type=Path, metavar="FILE", help="also write the run: FILE.html, a page; FILE.json, for load_run"
    )
    command.set_defaults(run=_run)


METHODS = ["effect", "grad_l2", "grad_dot_input", "integrated_gradients", "flow", "leave_one_out", "lime", "shap"]
GRANULARITIES = ["tokens", "words", "sentences", "lines", "paragraphs"]


def _run(options: argparse.Namespace) -> int:
    save = options.save
    if save is not None and save.suffix.lower() not in (".json", ".html"):
        raise Problem(
            422, "bad_file", f"{save} ends neither in .html nor in .json.", "Name the file for what it should be."
        )
    prompt = _prompt(options.prompt)

    import lit_lab

    with StatusLine() as line:
        run = lit_lab.explain(
            prompt,
            model=options.model,
            target=options.target,
            max_new_tokens=options.max_new_tokens,
            temperature=options.temperature,
            seed=options.seed,
            stop=[text.replace("\\n", "\n") for text in options.stop],
            title=options.title,
            server=options.server,
            on_progress=line.show,
        )
        found = _map(run, options)
    if save is not None:
        with saving(save):
            run.save(save)
    if options.json:
        print(json_line(_content(run, found)))
    else:
        _print(run, found, options.top)
    return 0


def _prompt(given: str | None) -> str:
    if given is not None and given != "-":
        return given
    if given is None and sys.stdin.isatty():
        raise Problem(422, "no_prompt", "There is no prompt.", "Give one, or - to type it: lit-lab explain -")
    content = sys.stdin.buffer.read(4 * MAX_TEXT + 1)
    if len(content) > 4 * MAX_TEXT:
        raise Problem(413, "prompt_too_long", "Standard input is too long for a prompt.", "Shorten it.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(
            422, "not_text", f"Standard input isn't text in UTF-8 (byte {error.start:,}).", "Convert it, as with iconv."
        ) from None
    # As a shell's $(…): a prompt seldom is meant to end with the line break that a file or echo ends with.
    return text.removesuffix("\n").removesuffix("\r")


def _map(run: Run, options: argparse.Namespace) -> Map | None:
    try:
        return run.map(options.granularity, options.method)
    except Problem as problem:
        if problem.code not in ("no_answer", "no_segments"):
            raise
        return None  # an empty answer is an answer


def _content(run: Run, found: Map | None) -> dict[str, Any]:
    """Return what `--json` prints. docs/program.md describes it."""
    return {
        "id": run.id,
        "model": run.model,
        "prompt": run.prompt,
        "answer": run.answer,
        "reason": run.reason,
        "map": None
        if found is None
        else {
            "method": found.method,
            "granularity": found.granularity,
            "target": found.target_text,
            "unit": found.unit,
            "segments": [
                {
                    "rank": segment.rank,
                    "share": segment.share,
                    "score": segment.score,
                    "text": segment.text,
                    "tokens": [segment.tokens.start, segment.tokens.stop],
                }
                for segment in found
            ],
        },
    }


def _print(run: Run, found: Map | None, top: int) -> None:
    from lit_lab.client.rendering import one_line, ranked_line

    print(for_terminal(run.answer.strip()) or "(The answer is empty.)")
    if found is not None:
        print(f"\nWhat led to “{one_line(found.target_text)}” ({found.method}, {found.granularity})")
        for segment in found.top(top):
            print(for_terminal(ranked_line(segment, found.unit)))
