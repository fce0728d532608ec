"""A converter for Phi-3, as keras-hub has for other families."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras_hub.models import Phi3Backbone

backbone_cls = Phi3Backbone


def convert_backbone_config(config: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of Keras's class.

    Args:
        config: transformers' configuration.
    """
    longest = config["max_position_embeddings"]
    result = {
        "vocabulary_size": config["vocab_size"],
        "num_layers": config["num_hidden_layers"],
        "hidden_dim": config["hidden_size"],
        "intermediate_dim": config["intermediate_size"],
        "num_query_heads": config["num_attention_heads"],
        "num_key_value_heads": config["num_key_value_heads"],
        "layer_norm_epsilon": config["rms_norm_eps"],
        "rope_max_wavelength": config["rope_theta"],
        "max_sequence_length": longest,
        "pretraining_sequence_length": config.get("original_max_position_embeddings") or longest,
    }
    scaling = config.get("rope_scaling")
    if scaling:
        result |= {
            "rope_scaling_type": "su",
            "rope_scaling_short_factor": scaling["short_factor"],
            "rope_scaling_long_factor": scaling["long_factor"],
        }
    return result


def convert_weights(backbone: Any, loader: Any, config: dict[str, Any]) -> None:
    """Give a backbone its weights.

    Args:
        backbone: Keras's.
        loader: Reads tensors.
        config: transformers' configuration.
    """
    embedding = backbone.token_embedding
    loader.port_weight(embedding.embeddings, "model.embed_tokens.weight")
    if config.get("tie_word_embeddings"):
        loader.port_weight(embedding.reverse_embeddings, "model.embed_tokens.weight", lambda values, _: values.T)
    else:
        loader.port_weight(embedding.reverse_embeddings, "lm_head.weight", lambda values, _: values.T)
    for number, layer in enumerate(backbone.transformer_layers):
        name = f"model.layers.{number}"
        loader.port_weight(layer.pre_attention_layernorm.scale, f"{name}.input_layernorm.weight")
        loader.port_weight(layer.post_attention_layernorm.scale, f"{name}.post_attention_layernorm.weight")
        # All three are one matrix in the file.
        attention = layer.attention
        parts = (attention.query_dense.kernel, attention.key_dense.kernel, attention.value_dense.kernel)
        _port(parts, np.asarray(loader.get_tensor(f"{name}.self_attn.qkv_proj.weight")))
        loader.port_weight(attention.output_dense.kernel, f"{name}.self_attn.o_proj.weight", _turned)
        feed = (layer.feedforward_gate_dense.kernel, layer.feedforward_intermediate_dense.kernel)
        _port(feed, np.asarray(loader.get_tensor(f"{name}.mlp.gate_up_proj.weight")))
        loader.port_weight(layer.feedforward_output_dense.kernel, f"{name}.mlp.down_proj.weight", _turned)
    loader.port_weight(backbone.layer_norm.scale, "model.norm.weight")


def _port(variables: tuple[Any, ...], values: Any) -> None:
    sizes = [int(np.prod(variable.shape[1:])) for variable in variables]
    if len(values) != sum(sizes):
        raise ValueError("a weight has another shape than its configuration says")
    for variable, part in zip(variables, np.split(values, np.cumsum(sizes)[:-1]), strict=True):
        variable.assign(_turned(part, variable.shape))


def _turned(values: Any, shape: Any) -> Any:
    return np.reshape(np.transpose(values), shape)
