"""Models in Hugging Face's format: a `config.json` of transformers, safetensors, and a tokenizer's files.

keras-hub's converters do most of it. What they silently omit is done here, or refused.
"""

from .model import CONVERTED, backbone, built, causal_lm, fault_of, is_form, loader_of, task_of, whole

__all__ = ["CONVERTED", "backbone", "built", "causal_lm", "fault_of", "is_form", "loader_of", "task_of", "whole"]
