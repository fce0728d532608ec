"""Makes batches: a plan for each pair of a model and a template, and a folder with the rows for each plan."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from importlib.util import find_spec

from lit_lab.batches.judging import parsed
from lit_lab.batches.plan import Plan
from lit_lab.batches.rows import Prompts
from lit_lab.patterns import BoundedPatterns
from lit_lab.problem import Problem
from lit_lab.protocol import BatchSettings

from .copied_rows import Copied
from .folders import About, BatchFolder, Folders, new_id, not_stored


def plans_of(request: BatchSettings) -> list[Plan]:
    """Return what is computed: a plan for each pair of a model and a template."""
    return [
        _plan(request, model, template)
        for model in dict.fromkeys(request.models)
        for template in dict.fromkeys(request.templates or [""])
    ]


def make(
    folders: Folders,
    owner: str,
    request: BatchSettings,
    name: str,
    plans: list[Plan],
    copy: Callable[[BatchFolder], Copied],
) -> list[tuple[BatchFolder, About]]:
    """Make the folders of new batches, in a thread.

    Args:
        folders: Where they are.
        owner: Whose they are.
        request: What is asked for.
        name: The dataset's name.
        plans: What each of them computes.
        copy: Writes the rows to a batch's folder.

    Raises:
        Problem: They can't be made; then there are none.
    """
    with BoundedPatterns() as patterns:
        parsed(request.checks, patterns)
    group, created = new_id(), time.time()
    finished: list[tuple[BatchFolder, About]] = []
    try:
        with contextlib.ExitStack() as stack:
            new = [stack.enter_context(folders.new(owner)) for _ in plans]
            copied = copy(new[0])
            made = []
            for number, (folder, plan) in enumerate(zip(new, plans, strict=True)):
                if number:
                    _share(new[0], folder)
                plan = _completed(plan, copied)
                Prompts.of(folder.rows, plan)  # whether its columns are there
                # The list is in the order of the request's pairs.
                at = created - number * 1e-3
                made.append((folder, About(group, name, at, copied.total, copied.digest, plan)))
            for folder, about in made:
                finished.append((folders.finish(folder, about), about))
    except OSError as error:
        for folder, _ in finished:
            with contextlib.suppress(Problem):
                folders.delete(folder)
        raise not_stored(error) from error
    return finished


def check_noise(plan: Plan) -> None:
    """Refuse to look for sentences that do nothing where they can't be found. Raises `Problem`."""
    if not plan.template or "effects" not in plan.measures:
        raise Problem(
            422,
            "no_effects",
            "This batch has no effects of a template's parts.",
            "Run the rows with a template and effects.",
        )
    if find_spec("numpy") is None:
        raise Problem(422, "no_numpy", "The Jupyter server needs NumPy for this.", "Install it: pip install numpy.")


def _plan(request: BatchSettings, model: str, template: str) -> Plan:
    return Plan(
        model=model,
        template=template,
        prompt="" if template else request.prompt or "",
        target=request.target or "",
        measures=tuple(dict.fromkeys(request.measures)),
        max_new_tokens=request.max_new_tokens,
        sampling=request.sampling.model_dump(),
        stop=tuple(request.stop),
        chat=request.chat,
        thinking=request.thinking,
        checks=tuple(request.checks),
    )


def _completed(plan: Plan, copied: Copied) -> Plan:
    """Return a plan that names its columns: those that the dataset uses, where the request names none."""
    values = {**vars(plan), "target": plan.target or copied.target}
    if not plan.template and not plan.prompt:
        values |= {"template": copied.template} if copied.template else {"prompt": copied.prompt}
    return Plan(**values)


def _share(first: BatchFolder, second: BatchFolder) -> None:
    """Have a batch use the same rows as another one. Raises `OSError`."""
    for source, target in ((first.rows, second.rows), (first.lines, second.lines)):
        try:
            os.link(source, target)
        except OSError:  # a file system without links
            shutil.copyfile(source, target)
            target.chmod(0o600)
