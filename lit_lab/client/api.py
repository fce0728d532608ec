"""What users call: plain functions, for scripts and kernels alike. `lit_lab.aio` has the same as coroutines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from lit_lab.client import asking, requests
from lit_lab.client.background import background
from lit_lab.client.progress import Progress, reporting
from lit_lab.client.run import Run

if TYPE_CHECKING:
    from lit_lab.protocol import ModelInfo, RunInfo


def explain(
    prompt: str | None = None,
    *,
    turns: asking.Turns | None = None,
    model: str | None = None,
    target: str | None = None,
    max_new_tokens: int = 256,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
    seed: int | None = None,
    stop: str | Sequence[str] = (),
    chat: Literal["auto", "on", "off"] = "auto",
    thinking: bool = False,
    title: str = "",
    maps: bool = True,
    server: str | None = None,
    token: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Run:
    r"""Run a prompt, and return the run with the maps of its answer's sentences. It is in the panel's history, too.

    Args:
        prompt: The prompt. None: `turns` is given.
        turns: A conversation, in place of a prompt: pairs of a role and a text, or messages with `role` and `content`. Roles are
            `system`, `user` and `model`.
        model: The model's name, as in the panel. None: the one that the panel chooses first.
        target: A forced answer: how likely it is, and what led to it, instead of the model's own answer.
        max_new_tokens: Maximum number of tokens of the answer.
        temperature: 0: always the most likely token.
        top_k: Choose only among the most likely K tokens.
        top_p: Choose only among the most likely tokens whose probabilities together reach P.
        repetition_penalty: From 1, no penalty, to 2: makes tokens that are there already less likely.
        seed: The same seed gives the same answer. None: 0.
        stop: Texts at which the answer ends.
        chat: Whether the prompt is sent in the model's chat format. `auto`: if the model is known to be instruction-tuned.
        thinking: Whether the model thinks first, if it can.
        title: The run's name in the history.
        maps: Whether the maps of the answer's sentences are computed with it, as in the panel.
        server: A Jupyter server's address; `own`: a model service of this process. None: `LIT_LAB_URL`; a running Jupyter server
            of this user, first of all this kernel's; a model service of this process.
        token: The server's token. None: the one in the address, or for `LIT_LAB_URL` the one in `LIT_LAB_TOKEN`.
        on_progress: Called with what happens, from another thread: what is waited for, and the answer's tokens.

    Raises:
        Problem: The request isn't valid, or failed. Its message and `hint` say why, and what to do.

    Example:
        >>> import lit_lab
        >>> run = lit_lab.explain("Taste-likes: Cheese\nSuggestion: Onion soup\nAnalysis:", stop="\n", max_new_tokens=20)
        >>> run.reason
        'stop'
    """
    asked = asking.Asked(
        prompt, turns, model, target, max_new_tokens, temperature, top_k, top_p, repetition_penalty, seed, stop, chat,
        thinking, title, maps,
    )  # fmt: skip

    return Run(background().call(requests.explained(asked, reporting(on_progress), server, token)))


def open_run(run_id: str, *, server: str | None = None, token: str | None = None) -> Run:
    """Return a run of the history, such as one of the panel's, with all its scores.

    Args:
        run_id: The run's id: `Run.id`, or one of `list_runs`.
        server: As for `explain`.
        token: As for `explain`.

    Raises:
        Problem: There is no such run.
    """
    return Run(background().call(requests.opened(run_id, server, token)))


def list_runs(
    search: str = "", *, limit: int = 50, starred: bool = False, server: str | None = None, token: str | None = None
) -> list[RunInfo]:
    """Return runs of the history, newest first, with the beginnings of their prompts and answers.

    Args:
        search: Words that must all occur in the prompt, answer, title, document or model.
        limit: Maximum number of runs; 200 at most.
        starred: Only runs with a star.
        server: As for `explain`.
        token: As for `explain`.

    Raises:
        Problem: The history can't be read.
    """
    return background().call(requests.listed_runs(search, limit, starred, server, token))


def list_models(*, server: str | None = None, token: str | None = None) -> list[ModelInfo]:
    """Return the models, the default first. Starts no model service.

    Args:
        server: As for `explain`.
        token: As for `explain`.

    Raises:
        Problem: They can't be listed.

    Example:
        >>> import lit_lab
        >>> [model.name for model in lit_lab.list_models()]
        ['demo']
    """
    return background().call(requests.listed_models(server, token))
