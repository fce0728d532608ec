"""LIT's application, made over models and datasets that are there already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lit_lab.protocol import ChatMode

from ..causal_lm import Computing, model_group
from .files import client_root
from .turns import OWNER

PROMPTS = "prompts"
"""An empty dataset, for the datapoints that the page brings: LIT asks for the answers of a whole dataset as soon as it is
shown, and someone who comes with one prompt should not wait for twelve others."""

MAX_EXAMPLES = 1000  # of each dataset, as in LIT's own prompt debugging


def build(
    models: Mapping[str, Computing], datasets: Mapping[str, Any], max_new_tokens: int, chat: ChatMode = "auto"
) -> Any:
    """Return a `lit_nlp.app.LitApp`. Imports all of LIT: seconds.

    Args:
        models: By name, the first is what LIT shows first.
        datasets: LIT's, by name.
        max_new_tokens: Most tokens of an answer.
        chat: Whether prompts are put into their model's chat format.

    Raises:
        Problem: `missing_libraries`.
    """
    from lit_nlp import app
    from lit_nlp.api import dataset as lit_dataset
    from lit_nlp.api import types as lit_types
    from lit_nlp.examples.prompt_debugging import layouts

    from . import bounded

    spec = {"prompt": lit_types.TextSegment(), "target": lit_types.TextSegment()}
    shown = {PROMPTS: lit_dataset.Dataset(spec=spec, examples=[])}
    shown |= {name: dataset.slice[:MAX_EXAMPLES] for name, dataset in datasets.items()}
    group: dict[str, Any] = {}
    for name, model in models.items():
        group |= model_group(model, name, max_new_tokens, chat)
    made = app.LitApp(
        group,
        shown,
        generators=bounded.generators(),
        metrics=bounded.all_metrics(),
        # None of either: without these LIT would offer to make models and datasets from any path.
        model_loaders={},
        dataset_loaders={},
        layouts=layouts.PROMPT_DEBUGGING_LAYOUTS,
        default_layout=layouts.LEFT_RIGHT,
        client_root=str(client_root()),
        # Without it LIT writes and reads files wherever a request says.
        demo_mode=True,
        # Others may use the same service: what is kept of one's request must not become another's answer.
        strict_cache_id_validation=True,
        page_title="LIT",
    )
    kept = bounded.Kept()
    for wrapper in made._models.values():
        _keep_apart(wrapper)
        kept.bound(wrapper._cache)
        bounded.ended_with_its_request(wrapper.wrapped)
    return made


def _keep_apart(wrapper: Any) -> None:
    """Have what LIT keeps of a model's answers serve those alone whose they are."""
    key_of = wrapper.key_fn

    def key(example: Any) -> Any:
        found = key_of(example)
        return None if found is None else (OWNER.get(), *found)

    wrapper.key_fn = key
