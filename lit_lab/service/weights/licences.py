"""Models' licences. The family decides, by a name, a configuration or a GGUF file's header.

A model of Llama's architecture needn't be Meta's: SmolLM and Mistral have it, too. Llama 3's vocabulary distinguishes it.
"""

from __future__ import annotations

import re
from typing import Any

from lit_lab.protocol import ModelTerms

from ..gguf.contents import Header

GEMMA = ModelTerms(name="Gemma Terms of Use", url="https://ai.google.dev/gemma/terms")
LLAMA = {
    version: ModelTerms(name=f"Llama {version} Community License", url=url)
    for version, url in {
        "2": "https://ai.meta.com/llama/license/",
        "3": "https://www.llama.com/llama3/license/",
        "3.1": "https://www.llama.com/llama3_1/license/",
        "3.2": "https://www.llama.com/llama3_2/license/",
        "3.3": "https://www.llama.com/llama3_3/license/",
    }.items()
}

# Gemma 4 is under the Apache License.
_GEMMA = re.compile(r"gemma(?![-_ ]?4(?!\d*b))")
# TinyLlama and OpenLLaMA aren't Meta's; a number followed by b is a number of weights.
_LLAMA = re.compile(r"(?<![a-z])llama[-_ ]?([23])(?!\d*b|\d)(?:[-._]([123])(?!\d*b|\d))?")
_VICUNA = re.compile(r"vicuna.{0,3}1\.5")
_LLAMA3_TOKENS = range(128_256, 128_512)  # fine-tuned models may have a few more
_NAMES = ("general.license", "general.name", "general.basename", "general.base_model.0.name")


def named(name: str) -> ModelTerms | None:
    """Return the terms of the family in a name, such as an address, a preset's name or a file's; None if it names none."""
    name = name.lower()
    if _GEMMA.search(name):
        return GEMMA
    # In keras/llama3/keras/llama3.2_1b the second name is more specific.
    found = sorted((match.groups("") for match in _LLAMA.finditer(name)), key=lambda parts: parts[1] != "")
    if found:
        whole, part = found[-1]
        return LLAMA.get(f"{whole}.{part}", LLAMA[whole])
    return LLAMA["2"] if _VICUNA.search(name) else None


def of_config(config: dict[str, Any]) -> ModelTerms | None:
    """Return the terms of the family in a configuration of Keras's or Hugging Face's."""
    kind = str(config.get("class_name") or config.get("model_type") or "").lower().removesuffix("backbone")
    if kind.startswith("gemma"):
        return named(kind)
    if kind not in ("llama", "llama3"):
        return None
    inner = config.get("config")
    inner = inner if isinstance(inner, dict) else config
    tokens = inner.get("vocabulary_size") or inner.get("vocab_size")
    if type(tokens) is not int or tokens not in _LLAMA3_TOKENS:
        return None
    if inner.get("tie_word_embeddings"):
        return LLAMA["3.2"]
    scaling = inner.get("rope_scaling") or inner.get("rope_parameters")
    scaling = scaling if isinstance(scaling, dict) else {}
    way = inner.get("rope_frequency_adjustment_factor") or "llama3" in (scaling.get("rope_type"), scaling.get("type"))
    return LLAMA["3.1" if way else "3"]


def of_header(header: Header) -> ModelTerms | None:
    """Return the terms of the family in a GGUF file's header."""
    family = header.architecture
    if family.startswith("gemma"):
        return named(family)
    for name in _NAMES:
        if found := named(header.text(name)):
            return found
    embedding = header.tensors.get("token_embd.weight")
    return of_config(
        {
            "model_type": family,
            "vocab_size": embedding.shape[0] if embedding is not None and embedding.shape else None,
            "tie_word_embeddings": "output.weight" not in header.tensors,
            "rope_scaling": {"rope_type": "llama3" if "rope_freqs.weight" in header.tensors else ""},
        }
    )
