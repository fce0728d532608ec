"""LIT's own app: what its page may ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from lit_lab.protocol.base import MAX_NAME, Message, Name
from lit_lab.protocol.events import ErrorEvent, HeartbeatEvent

LitEndpoint = Literal[
    "annotate_new_data",
    "get_dataset",
    "get_generated",
    "get_info",
    "get_interpretations",
    "get_metrics",
    "get_preds",
]
"""What LIT's page may ask of LIT: it reads, and has models compute. Of LIT's others some write files (`save_datapoints`),
read them (`load_datapoints`), make models and datasets (`create_model`, `create_dataset`) or keep one user's data where
others find it (`post_new_data`, `push_ui_state`)."""

LitParameter = Literal[
    "dataset_name",
    "do_predict",
    "generator",
    "interpreter",
    "metrics",
    "model",
    "requested_fields",
    "requested_types",
]
"""Parameters of LIT's endpoints. Any other would reach the models' own methods as an argument."""

LitFile = Literal[
    "main.js",
    "favicon.png",
    "interstitial-select.png",
    "onboarding_1_welcome.gif",
    "onboarding_2_modules.gif",
    "onboarding_3_workspaces.gif",
    "onboarding_4_explore.gif",
    "onboarding_5_toolbars.gif",
    "onboarding_6_compare.gif",
    "onboarding_7_start.gif",
    "potato.svg",
]
"""LIT's own files that its page needs, by their last names."""


MAX_LIT_SETTING = 2_000
"""Characters of a text in a configuration of LIT's: some of LIT's patterns take time with the square of it."""

MAX_LIT_SETTINGS = 20_000
"""Characters of all texts in such a configuration."""

MAX_LIT_TEXT = 500_000
"""Characters of a text in a datapoint."""


def _texts(value: JsonValue) -> Iterator[str]:
    """Yield all texts in a JSON value, its names among them; bodies are bounded in depth before."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _bounded_data(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if any(len(text) > MAX_LIT_TEXT for text in _texts(value)):
        raise ValueError(f"a text may have {MAX_LIT_TEXT:,} characters at most")
    return value


def _bounded_settings(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    lengths = [len(text) for text in _texts(value)]
    if max(lengths, default=0) > MAX_LIT_SETTING:
        raise ValueError(f"a text of LIT's settings may have {MAX_LIT_SETTING:,} characters at most")
    if sum(lengths) > MAX_LIT_SETTINGS:
        raise ValueError(f"the texts of LIT's settings may have {MAX_LIT_SETTINGS:,} characters at most together")
    return value


class LitExample(Message):
    """A datapoint as LIT's page sends it: one that the page knows and LIT's datasets don't."""

    id: Annotated[str, StringConstraints(max_length=MAX_NAME)]
    data: Annotated[dict[str, JsonValue], Field(max_length=1_000), AfterValidator(_bounded_data)]
    meta: dict[str, JsonValue] = Field(default_factory=dict, max_length=1_000)


class LitCall(Message):
    """A request of LIT's page to LIT."""

    endpoint: LitEndpoint
    query: dict[LitParameter, Annotated[str, StringConstraints(max_length=2_000)]] = Field(default_factory=dict)
    inputs: Annotated[list[Name | LitExample], Field(fail_fast=True)] = Field(
        default_factory=list, max_length=100_000, description="Ids of what is in a dataset, and datapoints that aren't."
    )
    config: Annotated[dict[str, JsonValue], Field(max_length=1_000), AfterValidator(_bounded_settings)] | None = Field(
        default=None, description=f"At most {MAX_LIT_SETTING:,} characters in each of its texts."
    )


class LitAnswer(Message):
    """LIT's answer, as JSON in a text: its shape is LIT's own."""

    event: Literal["lit_answer"] = "lit_answer"
    body: str


LitEvent = Annotated[LitAnswer | ErrorEvent | HeartbeatEvent, Field(discriminator="event")]
"""One line of `POST lit/call`: heartbeats, and at last an answer or an error."""
