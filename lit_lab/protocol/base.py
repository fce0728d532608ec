"""What all types of the protocol are made of: bounds, names, choices, the base class, errors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# Bounds of what a request may hold, whatever the configuration says: they keep one request from taking the server's
# memory. The configuration's own limits (`c.LitLab.max_prompt_chars` and so on) are lower and tell what to do.
MAX_TEXT = 4_000_000
MAX_TOKENS = 1_000_000
MAX_TARGETS = 4_096
MAX_SEGMENTS = 4_096
MAX_SAMPLES = 16_384
MAX_NAME = 200

OWNER_HEADER = "X-LIT-Lab-Owner"
"""Tells the model service who asks, without a name: only whether it is the same as before."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
TokenId = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""Of any vocabulary; whether the model's own has it is for the service to say."""

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


def describe_validation(errors: list[Any]) -> str:
    """Tell pydantic's errors in one line a person can act on."""
    parts = []
    for error in errors[:3]:
        where = ".".join(str(part) for part in error["loc"]) or "body"
        parts.append(f"{where}: {error['msg']}")
    more = len(errors) - 3
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")
