"""Models in Hugging Face's form: a `config.json` of transformers', safetensors, and a tokenizer's files.

keras-hub's converters do most of it. What they leave out without a word is done here, or refused.
"""

from .model import CONVERTED, backbone, causal_lm, is_form

__all__ = ["CONVERTED", "backbone", "causal_lm", "is_form"]
