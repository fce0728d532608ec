"""LIT's own app: the requests that its page may send."""

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
"""The endpoints of LIT that its page may use: they read, and make models compute. LIT's other endpoints write files
(`save_datapoints`), read files (`load_datapoints`), create models and datasets (`create_model`, `create_dataset`), or
store one user's data where others can find it (`post_new_data`, `push_ui_state`)."""

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
"""The last components of the paths of LIT's files that its page needs."""


MAX_LIT_SETTING = 2_000
"""The most characters of a text in LIT's configurations: the time of some of LIT's patterns grows with its square."""

MAX_LIT_SETTINGS = 20_000
"""The most characters of all texts in such a configuration."""

MAX_LIT_TEXT = 500_000
"""The most characters of a text in a datapoint."""


def _texts(value: JsonValue) -> Iterator[str]:
    """Yield all texts in a JSON value, including its names. The depth of request bodies is bounded earlier."""
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
    """A datapoint as LIT's page sends it: the page has it, but LIT's datasets don't."""

    id: Annotated[str, StringConstraints(max_length=MAX_NAME)]
    data: Annotated[dict[str, JsonValue], Field(max_length=1_000), AfterValidator(_bounded_data)]
    meta: dict[str, JsonValue] = Field(default_factory=dict, max_length=1_000)


class LitCall(Message):
    """A request of LIT's page to LIT."""

    endpoint: LitEndpoint
    query: dict[LitParameter, Annotated[str, StringConstraints(max_length=2_000)]] = Field(default_factory=dict)
    inputs: Annotated[list[Name | LitExample], Field(fail_fast=True)] = Field(
        default_factory=list,
        max_length=100_000,
        description="Ids of datapoints in a dataset, and datapoints that are in none.",
    )
    config: Annotated[dict[str, JsonValue], Field(max_length=1_000), AfterValidator(_bounded_settings)] | None = Field(
        default=None, description=f"At most {MAX_LIT_SETTING:,} characters in each of its texts."
    )


class LitAnswer(Message):
    """LIT's answer, as JSON in a string. LIT defines its structure."""

    event: Literal["lit_answer"] = "lit_answer"
    body: str


LitEvent = Annotated[LitAnswer | ErrorEvent | HeartbeatEvent, Field(discriminator="event")]
"""One line of `POST lit/call`: heartbeats, then an answer or an error."""
