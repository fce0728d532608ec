"""Creates LIT's application over existing models and datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lit_lab.protocol import ChatMode

from ..causal_lm import Computing, model_group
from .files import client_root
from .turns import OWNER

PROMPTS = "prompts"
"""An empty dataset, for the page's own datapoints. LIT computes the answers for a whole dataset as soon as it is shown, and a user
with one prompt shouldn't wait for twelve others."""

MAX_EXAMPLES = 1000  # of each dataset, as in LIT's own prompt debugging


def build(
    models: Mapping[str, Computing], datasets: Mapping[str, Any], max_new_tokens: int, chat: ChatMode = "auto"
) -> Any:
    """Return a `lit_nlp.app.LitApp`. Imports all of LIT: seconds.

    Args:
        models: LIT's models by name; LIT shows the first one first.
        datasets: LIT's datasets by name.
        max_new_tokens: Maximum number of tokens in an answer.
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
        # Neither: without these arguments, LIT would offer to create models and datasets from any path.
        model_loaders={},
        dataset_loaders={},
        layouts=layouts.PROMPT_DEBUGGING_LAYOUTS,
        default_layout=layouts.LEFT_RIGHT,
        client_root=str(client_root()),
        # Without it, LIT would write and read files at any path in a request.
        demo_mode=True,
        # Other users may use the same service: a cached answer must not become another user's.
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
    """Keep each user's cached answers separate."""
    key_of = wrapper.key_fn

    def key(example: Any) -> Any:
        found = key_of(example)
        return None if found is None else (OWNER.get(), *found)

    wrapper.key_fn = key
