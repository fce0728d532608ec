"""What all types of the protocol are made of: bounds, names, choices, the base class, errors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from lit_lab.limits import MAX_NAME as MAX_NAME
from lit_lab.limits import MAX_TEXT as MAX_TEXT
from lit_lab.limits import MAX_TOKENS as MAX_TOKENS

# Bounds of any request, beside those of `lit_lab.limits`: they keep one request from taking the server's memory. The
# configuration's limits (`c.LitLab.max_prompt_chars` and so on) are lower, and their errors say what to do.
MAX_TARGETS = 4_096
MAX_SEGMENTS = 4_096
MAX_SAMPLES = 16_384
MAX_STOPS = 8
MAX_STOP = 100

OWNER_HEADER = "X-LIT-Lab-Owner"
"""Tells the model service who asks, without a name: only whether it is the same as before."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
TokenId = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""Of any vocabulary; whether the model's own has it is for the service to say."""

TokenIds = Annotated[list[TokenId], Field(fail_fast=True)]
"""Of a list, the first value that isn't valid is enough: an error for each would take far more memory than the list."""

Method = Literal["grad_l2", "grad_dot_input", "integrated_gradients"]
"""Gradient methods, one score a token; the first two named as LIT names them
(`lit_nlp.examples.prompt_debugging.constants.FieldNames`)."""

Backend = Literal["tensorflow", "jax", "torch"]
"""What Keras runs on."""

AblationMethod = Literal["leave_one_out", "lime", "shap"]
"""Methods that take parts of the prompt away and read the target's probability: one score a segment, no gradient."""

AblationMode = Literal["remove", "mask"]
"""`remove`: a segment's tokens are taken out; `mask`: each is replaced by the model's padding token."""

ServiceState = Literal["stopped", "starting", "ready", "failed"]
Action = Literal["read", "write", "execute"]
SetupState = Literal["idle", "running", "stopped", "failed", "done"]
ModelState = Literal["unloaded", "absent", "downloading", "loading", "ready", "failed"]
"""`absent`: it has to be downloaded first, which is done only when the user says so."""

Precision = Literal["auto", "float32", "bfloat16", "float16"]
"""What weights are held and computed in; `auto` is bfloat16 on hardware that is good at it."""

WindowReason = Literal["model", "memory", "unknown", "limit", "user", "administrator"]
"""Why a model takes so many tokens: `model`: it was trained for no more; `memory`: more wouldn't fit; `unknown`: what would fit
isn't known; `limit`: LIT Lab takes no more; `user`: chosen in the panel; `administrator`: `c.LitLab.max_length`."""

TokenKind = Literal["text", "control", "template"]

ChatMode = Literal["auto", "on", "off"]
"""Whether prompts are put into their model's chat format; `auto`: where it is known to be instruction-tuned."""

ChatUse = Literal["plain", "wrapped", "written"]
"""What became of a prompt: `plain`: it stands as it is; `wrapped`: it is the user's turn in the model's chat format;
`written`: it has turns of its own, to which at most what lets the model speak next was added."""


class Message(BaseModel):
    """Base of all types: unknown fields are refused, so that a typing error is told and not ignored.

    Numbers are finite: JSON has no word for others (pydantic would write null), and a browser would fail at the line.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ErrorBody(Message):
    """What every failing request answers."""

    error: str = Field(description="A short stable code, such as `prompt_too_long`.")
    message: str = Field(description="What happened, for the person who uses the panel.")
    hint: str = Field(default="", description="What that person can do about it.")


MAX_DESCRIBED = 1_000
"""Most errors of one message that are put into words: each takes about a kilobyte, and three are told."""


MAX_QUOTED = 200
"""Characters of a field's path, and of what pydantic says of it: both may repeat what was sent."""


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_QUOTED else text[:MAX_QUOTED] + "…"


def describe_validation(error: ValidationError) -> str:
    """Return pydantic's errors in one line a person can act on."""
    count = error.error_count()
    if count > MAX_DESCRIBED:
        return f"{count:,} of its fields are unknown, missing or not valid"
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    parts = []
    for each in errors[:3]:
        where = _shortened(".".join(_shortened(str(part)) for part in each["loc"])) or "body"
        parts.append(f"{where}: {_shortened(each['msg'])}")
    more = len(errors) - 3
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def kinds_of_validation(error: ValidationError) -> str:
    """Return what kinds of errors pydantic found, for a log: where they are and what stands there may be a user's text."""
    if error.error_count() > MAX_DESCRIBED:
        return f"{error.error_count():,} errors"
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    return ", ".join(sorted({each["type"] for each in errors}))


def is_not_finite(error: ValidationError) -> bool:
    """Return whether a number is missing because it is NaN or infinite."""
    return error.error_count() <= MAX_DESCRIBED and any(each["type"] == "finite_number" for each in error.errors())
