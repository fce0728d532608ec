"""Runs and scores to store."""

import time

from lit_lab import protocol


def record(run_id="a", prompt="Suggestion: Onion soup", answer=" Avoid.", created=None, **fields):
    def tokens(text, first):
        return [
            {"id": first + n, "piece": word, "text": word, "kind": "text"} for n, word in enumerate(text.split(" "))
        ]

    return protocol.RunRecord.model_validate(
        {
            "id": run_id,
            "created": created or time.time(),
            "model": "demo",
            "prompt": prompt,
            "answer": answer,
            "sampling": {"temperature": 0.0, "top_k": None, "top_p": None, "seed": 0},
            "prompt_tokens": tokens(prompt, 2),
            "answer_tokens": [{**token, "logprob": -0.5} for token in tokens(answer, 50)],
            "reason": "end",
            "seconds": 0.2,
            **fields,
        }
    )


def ids_of(run):
    return [token.id for token in [*run.prompt_tokens, *run.answer_tokens]]


def scores(method="grad_l2", target=(4, 5), values=(0.1, 0.2, 0.3, 0.0, 0.0)):
    event = {
        "event": "scores",
        "target": dict(zip(("start", "end"), target, strict=True)),
        "method": method,
        "scores": list(values),
    }
    return protocol.KeptScores.model_validate({"event": event})


async def listed(history, owner="me", **request):
    """Return the ids of the runs that a search finds."""
    return [info.id for info in (await history.runs(owner, protocol.RunsRequest(**request))).runs]


async def runs(api, **request):
    """Return the runs that a search finds."""
    status, found = await api("POST", "runs", "search", body=request)
    assert status == 200, found
    return found
