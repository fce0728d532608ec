"""How soon an answer begins, and how fast it continues: LIT's generation model compared with the service's decoder."""

from __future__ import annotations

import statistics
import time
from typing import Any

from engine_lab import Lab
from engine_lit import LitGeneration
from engine_models import ANSWER_TOKENS, PROMPT_TOKENS, load


def generation(size: str, repeat: int) -> dict[str, Any]:
    """Time answers of both alternately, each time to a prompt of a new length.

    Both are compiled before: LIT Lab as the service does it when it loads a model and after the first answer, LIT by an
    answer of the same length. LIT returns nothing before its answer is complete, so its time to the first token is its time
    to any token.

    Speed is that of the tokens after the first. LIT's is computed with the help of an answer of one token to a prompt that is
    longer by the other tokens: LIT pads all prompts to the same length, so that only the steps differ in time.
    """
    causal_lm, case = load(size)
    lit, lab = LitGeneration(causal_lm), Lab(causal_lm)
    length = PROMPT_TOKENS + ANSWER_TOKENS
    lab.model.warm_up_generation()
    start = time.perf_counter()
    lit.answer(case.ids[:PROMPT_TOKENS])
    figures: dict[str, Any] = {"lit_compiling": time.perf_counter() - start}
    # Each of the following once, so that no later run is the first of its kind.
    lit.answer(case.ids[: length - 1])
    lab.token_moments(case.ids[:PROMPT_TOKENS], length)
    # As the service does in the background after the first answer.
    start = time.perf_counter()
    lab.model.decoder.compile_pending()
    figures["step_compiling"] = time.perf_counter() - start

    names = ("lit_answer", "lit_tokens_per_s", "first_token", "tokens_per_s")
    runs: dict[str, list[float]] = {name: [] for name in names}
    for round_ in range(1, repeat + 1):
        # Another beginning each time, so that no run reuses anything of an earlier one, except tokens that are equal by chance.
        prompt = case.ids[3 * round_ : PROMPT_TOKENS]
        start = time.perf_counter()
        answered = len(lit.answer(prompt))
        seconds = time.perf_counter() - start
        if answered != length - len(prompt):
            raise RuntimeError(f"LIT answered {answered} tokens to a prompt of {len(prompt)}, not up to {length}")
        start = time.perf_counter()
        lit.answer((case.ids + case.ids)[round_ : round_ + length - 1])
        rest = time.perf_counter() - start
        runs["lit_answer"].append(seconds)
        runs["lit_tokens_per_s"].append((answered - 1) / (seconds - rest))
        moments = lab.token_moments(prompt, length)
        runs["first_token"].append(moments[0])
        runs["tokens_per_s"].append((len(moments) - 1) / (moments[-1] - moments[0]))
    return figures | {name: statistics.median(values) for name, values in runs.items()}
