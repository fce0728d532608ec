"""What users call: `lit_lab.batch`, and `lit_lab.open_batch`."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lit_lab.batches.folder import Folder
from lit_lab.batches.plan import MEASURES, Measure, Plan
from lit_lab.batches.results import Batch
from lit_lab.client.background import background
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.batches.noise import NoiseVerdict
    from lit_lab.batches.runner import BatchProgress

Rows = str | os.PathLike[str] | Iterable[Mapping[str, Any] | str]
"""A dataset: a file, or rows as mappings from columns to values, or prompts."""


def batch(
    rows: Rows,
    *,
    out: str | os.PathLike[str],
    template: str = "",
    prompt: str = "",
    target: str = "",
    model: str | None = None,
    measures: Sequence[Measure] = MEASURES,
    limit: int | None = None,
    max_new_tokens: int = 256,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
    seed: int = 0,
    stop: str | Sequence[str] = (),
    chat: Literal["auto", "on", "off"] = "auto",
    thinking: bool = False,
    checks: Sequence[Mapping[str, Any]] = (),
    server: str | None = None,
    token: str | None = None,
    on_progress: Callable[[BatchProgress], None] | None = None,
) -> Batch:
    """Run all rows of a dataset, and store their answers, and what led to them, in a folder.

    The same call continues a batch that was stopped, or whose process was killed: rows that are there aren't computed again, and
    rows that failed are tried again.

    Args:
        rows: The dataset: a file that the dataset browser reads (`.jsonl`, `.json`, `.csv`, `.tsv`, `.txt`, `.yaml`, `.parquet`), or
            rows: mappings from columns to values, or prompts.
        out: The batch's folder: a new one, an empty one, or that of the same batch.
        template: Makes each prompt from several columns: `{name}` or `{{name}}` stands for the column's value.
        prompt: The column of prompts. Empty: it is guessed, or there is a template.
        target: The column of targets. Empty: it is guessed.
        model: The model's name. None: the one that the panel chooses first.
        measures: What is computed beside the answer: `shares` and `effects` of the prompt's parts.
        limit: Only this many rows, from the first one on. Another call with more continues.
        max_new_tokens: As for `lit_lab.explain`, like all further arguments but the last.
        temperature: 0: always the most likely token.
        top_k: Choose only among the most likely K tokens.
        top_p: Choose only among the most likely tokens whose probabilities together reach P.
        repetition_penalty: From 1, no penalty, to 2.
        seed: The same seed gives the same answers.
        stop: Texts at which an answer ends.
        chat: Whether prompts are sent in the model's chat format.
        thinking: Whether the model thinks first, if it can.
        checks: What is expected of answers, as entries of `expect` in docs/checks.md: `[{"contains": "Paris"}, {"max_length": 80}]`.
        server: Where it runs.
        token: The server's token.
        on_progress: Called after each row, from another thread.

    Raises:
        Problem: The dataset or the folder can't be used, or no row can be computed. A row that fails raises nothing: its record says
            why.
    """
    with prepared(
        rows, out, template=template, prompt=prompt, target=target, model=model, measures=measures, limit=limit,
        max_new_tokens=max_new_tokens, temperature=temperature, top_k=top_k, top_p=top_p,
        repetition_penalty=repetition_penalty, seed=seed, stop=stop, chat=chat, thinking=thinking, checks=checks,
        server=server, token=token, on_progress=on_progress,
    ) as work:  # fmt: skip
        return background().call(work())


@contextlib.contextmanager
def prepared(
    rows: Rows,
    out: str | os.PathLike[str],
    *,
    template: str = "",
    prompt: str = "",
    target: str = "",
    model: str | None = None,
    measures: Sequence[Measure] = MEASURES,
    limit: int | None = None,
    max_new_tokens: int = 256,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
    seed: int = 0,
    stop: str | Sequence[str] = (),
    chat: Literal["auto", "on", "off"] = "auto",
    thinking: bool = False,
    checks: Sequence[Mapping[str, Any]] = (),
    server: str | None = None,
    token: str | None = None,
    on_progress: Callable[[BatchProgress], None] | None = None,
) -> Iterator[Callable[[], Coroutine[Any, Any, Batch]]]:
    """Yield a coroutine function that does what `batch` does, for as long as its rows are there. Raises `Problem`."""
    folder = Folder(Path(out).expanduser().absolute())
    try:
        template.encode()
    except UnicodeEncodeError as error:
        raise Problem(
            422, "not_text", "The template has half of a surrogate pair, which isn't text.", "Correct it."
        ) from error
    sampling = {
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "seed": seed,
        "repetition_penalty": repetition_penalty,
    }
    plan = {
        "template": template,
        "prompt": prompt,
        "target": target,
        "measures": (measures,) if isinstance(measures, str) else tuple(measures),
        "max_new_tokens": max_new_tokens,
        "sampling": sampling,
        "stop": (stop,) if isinstance(stop, str) else tuple(stop),
        "chat": chat,
        "thinking": thinking,
        "checks": tuple(checks),
    }
    with _file_of(rows) as dataset:

        async def work() -> Batch:
            await _run(dataset, folder, model, plan, limit, server, token, on_progress)
            return Batch(Path(out).expanduser())

        yield work


def open_batch(path: str | os.PathLike[str]) -> Batch:
    """Return a batch that is there, for example one that still runs. Raises `Problem` where there is none."""
    found = Batch(Path(path).expanduser())
    found.model  # noqa: B018 - reads the manifest
    return found


def noise_of(
    plan: Plan,
    found: Batch,
    num_rows: int,
    server: str | None,
    token: str | None,
    say: Callable[[str], None],
) -> list[NoiseVerdict]:
    """Return which sentences of a template do nothing, for `Batch.noise`."""

    async def compute() -> list[NoiseVerdict]:
        from lit_lab.batches.noise import verdicts
        from lit_lab.client.clients import shared_client

        def report(done: int, total: int) -> None:
            say(f"noise: {done:,} of {total:,} places")

        return await verdicts(await shared_client(server, token), plan, found, num_rows, report)

    return background().call(compute())


async def _run(
    dataset: Path,
    folder: Folder,
    model: str | None,
    plan: Mapping[str, Any],
    limit: int | None,
    server: str | None,
    token: str | None,
    on_progress: Callable[[BatchProgress], None] | None,
) -> None:
    from lit_lab.batches import runner
    from lit_lab.batches.judging import parsed
    from lit_lab.batches.threads import finished, in_thread
    from lit_lab.client.clients import shared_client
    from lit_lab.patterns import BoundedPatterns

    client = await shared_client(server, token)
    made = Plan(model=model or await client.default_model(), **plan)
    # What isn't valid is reported before anything is made.
    made.request("a prompt")
    async with in_thread(BoundedPatterns()) as patterns:
        await finished(parsed, made.checks, patterns)
    await runner.run(client, made, dataset, folder, limit, on_progress or (lambda _: None))


@contextlib.contextmanager
def _file_of(rows: Rows) -> Iterator[Path]:
    """Yield the file of a dataset; rows are written to one for as long as it lasts."""
    if isinstance(rows, (str, os.PathLike)):
        yield Path(rows).expanduser()
        return
    listed: Any = rows
    if hasattr(listed, "to_dict") and hasattr(listed, "columns"):  # a table of pandas
        listed = listed.to_dict("records")
    if isinstance(listed, Mapping):
        raise Problem(422, "bad_row", "The rows are one mapping.", "Pass a list of mappings, one for each row.")
    with tempfile.TemporaryDirectory(prefix="lit-lab-") as folder:
        path = Path(folder) / "rows.jsonl"
        with path.open("w", encoding="utf-8") as stream:
            for row in listed:
                stream.write(_line_of(row))
        yield path


def _line_of(row: object) -> str:
    values = {"prompt": row} if isinstance(row, str) else row
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        kind = type(row).__name__
        raise Problem(
            422,
            "bad_row",
            f"A row is neither a mapping of columns' names nor a text: {kind}.",
            "Pass dicts, or prompts.",
        )
    # A missing value of pandas is no text.
    known = {name: None if value != value else value for name, value in values.items()}
    return json.dumps(known, default=str) + "\n"
