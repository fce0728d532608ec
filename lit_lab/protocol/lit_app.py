"""LIT's own app: what its page may ask."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

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


class LitExample(Message):
    """A datapoint as LIT's page sends it: one that the page knows and LIT's datasets don't."""

    id: Annotated[str, StringConstraints(max_length=MAX_NAME)]
    data: dict[str, JsonValue] = Field(max_length=1_000)
    meta: dict[str, JsonValue] = Field(default_factory=dict, max_length=1_000)


class LitCall(Message):
    """A request of LIT's page to LIT."""

    endpoint: LitEndpoint
    query: dict[LitParameter, Annotated[str, StringConstraints(max_length=2_000)]] = Field(default_factory=dict)
    inputs: Annotated[list[Name | LitExample], Field(fail_fast=True)] = Field(
        default_factory=list, max_length=100_000, description="Ids of what is in a dataset, and datapoints that aren't."
    )
    config: dict[str, JsonValue] | None = Field(default=None, max_length=1_000)


class LitAnswer(Message):
    """LIT's answer, as JSON in a text: its shape is LIT's own."""

    event: Literal["lit_answer"] = "lit_answer"
    body: str


LitEvent = Annotated[LitAnswer | ErrorEvent | HeartbeatEvent, Field(discriminator="event")]
"""One line of `POST lit/call`: heartbeats, and at last an answer or an error."""
