"""What all types of the protocol share: limits, names, choices, the base class and errors."""

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
"""Identifies the user to the model service without a name: the service learns only whether two requests have the same
owner."""

SESSION_HEADER = "X-Session-ID"
"""Identifies what a replica may have cached: an owner's keys and values in a model. A cluster's proxy sends equal ones to the same
replica (Ray Serve's default name for it); a single service doesn't read it."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
TokenId = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""An id of any vocabulary. The service checks whether the model's own vocabulary has it."""

TokenIds = Annotated[list[TokenId], Field(fail_fast=True)]
"""Validation stops at the first invalid value: an error for each value would take far more memory than the list."""

GradientMethod = Literal["grad_l2", "grad_dot_input", "integrated_gradients"]
"""Gradient methods, with one score for each token. The first two have LIT's names
(`lit_nlp.examples.prompt_debugging.constants.FieldNames`)."""

Method = Literal[GradientMethod, "flow"]
"""Methods with one score for each token: gradient methods, and `flow`, which reads the model's attention."""

Backend = Literal["tensorflow", "jax", "torch"]
"""The library that Keras computes with."""

AblationMethod = Literal["leave_one_out", "lime", "shap"]
"""Methods that remove parts of the prompt and measure the target's probability. They compute one score for each
segment, without gradients."""

AblationMode = Literal["remove", "mask"]
"""`remove`: the segment's tokens are deleted; `mask`: each of them is replaced by the model's padding token."""

Removal = Literal["remove", "mask", "text"]
"""How an ablation method removes segments: as an `AblationMode` says, or `text`: their text is deleted before the prompt
becomes tokens, as effects delete it."""

ServiceState = Literal["stopped", "starting", "ready", "failed"]
Action = Literal["read", "write", "execute"]
SetupState = Literal["idle", "running", "stopped", "failed", "done"]
ModelState = Literal["unloaded", "absent", "downloading", "loading", "ready", "failed"]
"""`absent`: the model has to be downloaded first, which happens only when the user requests it."""

Precision = Literal["auto", "float32", "bfloat16", "float16"]
"""The number format that weights are stored and computed in. `auto` is bfloat16 on hardware that supports it well."""

ComputedPrecision = Literal["float32", "bfloat16", "float16"]
"""The number format that a result was computed in."""

EffectsPrecision = Literal["auto", "float32"]
"""`auto`: by the half-precision copy of a model in float32 where that is faster and agrees with float32; `float32`: never by the
copy. A model that was loaded in half precision computes in that either way."""

WindowReason = Literal["model", "memory", "unknown", "limit", "user", "administrator"]
"""Why a model accepts no more tokens. `model`: it was trained for no more; `memory`: more wouldn't fit; `unknown`:
LIT Lab doesn't know what would fit; `limit`: LIT Lab's own limit; `user`: chosen in the panel; `administrator`:
`c.LitLab.max_length`."""

TokenKind = Literal["text", "control", "template"]

ChatMode = Literal["auto", "on", "off"]
"""Whether prompts are sent in the model's chat format. `auto`: if the model is known to be instruction-tuned."""

ChatUse = Literal["plain", "wrapped", "written", "turns"]
"""How a prompt was sent. `plain`: as it is; `wrapped`: as the user's turn in the model's chat format; `written`: it
contains turns of its own, and LIT Lab added at most what makes the model answer next; `turns`: the chat format wrote the
turns of a conversation."""


class Message(BaseModel):
    """Base of all types. It refuses unknown fields, so that a misspelt name causes an error instead of being ignored.

    Numbers are finite: JSON can't express others (pydantic would write null, and a browser would fail to read the
    line).
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ErrorBody(Message):
    """The body of every failed response."""

    error: str = Field(description="A short, stable code, such as `prompt_too_long`.")
    message: str = Field(description="What happened, in words for the user of the panel.")
    hint: str = Field(default="", description="What the user can do about it.")


MAX_DESCRIBED = 1_000
"""Up to this many errors, the first three are described. Describing takes about a kilobyte for each error."""


MAX_QUOTED = 200
"""The most characters to quote of a field's path and of pydantic's message: both may repeat what the client sent."""


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_QUOTED else text[:MAX_QUOTED] + "…"


def describe_validation(error: ValidationError) -> str:
    """Return pydantic's errors in one line that a user can act on."""
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
    """Return the kinds of errors that pydantic found, for a log. Their places and values may contain a user's text."""
    if error.error_count() > MAX_DESCRIBED:
        return f"{error.error_count():,} errors"
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    return ", ".join(sorted({each["type"] for each in errors}))


def is_not_finite(error: ValidationError) -> bool:
    """Return whether a number is missing because it is NaN or infinite."""
    return error.error_count() <= MAX_DESCRIBED and any(each["type"] == "finite_number" for each in error.errors())
