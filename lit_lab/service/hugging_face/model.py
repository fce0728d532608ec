"""The model in a folder in Hugging Face's format, with or without its weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lit_lab.problem import Problem
from lit_lab.protocol import Precision

from ..weights import regular
from ..weights.reading import Reading
from . import vocabulary
from .weights import UNUSED, reader

CONVERTED = {
    "gemma": "Gemma",
    "gemma2": "Gemma 2",
    "gemma3": "Gemma 3",
    "gemma3_text": "Gemma 3, text",
    "gemma4": "Gemma 4",
    "gemma4_text": "Gemma 4, text",
    "gpt2": "GPT-2",
    "gpt_oss": "GPT-OSS",
    "llama": "Llama, SmolLM, SmolLM 2",
    "mistral": "Mistral",
    "mixtral": "Mixtral",
    "phi3": "Phi-3",
    "qwen2": "Qwen 2, Qwen 2.5",
    "qwen2_moe": "Qwen 1.5 MoE",
    "qwen3": "Qwen 3",
    "qwen3_moe": "Qwen 3 MoE",
    "qwen3_5": "Qwen 3.5",
    "qwen3_5_text": "Qwen 3.5, text",
    "qwen3_5_moe": "Qwen 3.5 MoE",
    "qwen3_5_moe_text": "Qwen 3.5 MoE, text",
    "smollm3": "SmolLM 3",
}
"""The models that continue texts and can be converted, by the `model_type` in their `config.json`."""

# Each converter's known ways of stretching positions; it would ignore others.
_STRETCHED = {"llama": ("llama3",), "gemma3": ("linear",), "gemma3_text": ("linear",), "gpt_oss": ("yarn",)}
_STRETCHED |= {"gemma4": ("proportional",), "gemma4_text": ("proportional",), "phi3": ("longrope",)}


def is_form(config: Any) -> bool:
    """Whether a folder with this `config.json` is in Hugging Face's format rather than Keras's."""
    return isinstance(config, dict) and "registered_name" not in config and "model_type" in config


def backbone(place: Path, path: str, precision: Precision, reading: Reading | None) -> Any:
    """Return the model below its head.

    Args:
        place: The folder, already validated.
        path: The path as the user wrote it, for messages.
        precision: The precision of its weights and computations.
        reading: Receives the progress, and may end it; None: its weights aren't read.

    Raises:
        Problem: `unsupported_model` or `preset_incomplete`.
        Cancelled: `reading` was stopped.
    """
    loader = _loader(place, path)
    as_stored = loader.config["model_type"] == "mistral"
    weights = None if reading is None else lambda: reader(place, as_stored, reading)
    return built(loader, path, precision, weights)


def built(loader: Any, path: str, precision: Precision, weights: Callable[[], Any] | None) -> Any:
    """Return the model below its head.

    Args:
        loader: keras-hub's loader of its configuration: `loader_of`.
        path: The path as the user wrote it, for messages.
        precision: The precision of its weights and computations.
        weights: Opens the source of its weights, such as `weights.reader`; None: they aren't read.

    Raises:
        Problem: `unsupported_model`.
    """
    cls = loader.check_backbone_class()
    own: dict[str, Any] = {"dtype": precision}
    # Llama's converter uses Keras's default; the difference is small, but in every layer.
    epsilon = loader.config.get("rms_norm_eps")
    if loader.config["model_type"] == "llama" and isinstance(epsilon, float):
        own["layer_norm_epsilon"] = epsilon
    if weights is None:
        return loader.load_backbone(cls, False, **own)
    result = _empty(lambda: loader.load_backbone(cls, False, **own))
    _set_right(result, loader.config)
    with weights() as opened:
        loader.converter.convert_weights(result, opened, loader.config)
        left = sorted(name for name in opened.names - opened.taken if not UNUSED.search(name))
        # Some files store a head that is tied to the embeddings a second time.
        if left == ["lm_head.weight"] and loader.config.get("tie_word_embeddings", True):
            left = []
    if left:
        raise _unsupported(
            path, f"of its weights {len(left)} have no place in Keras's {cls.__name__}, {left[0][:100]} for one"
        )
    return result


def _empty(make: Callable[[], Any]) -> Any:
    """Create a model without weights, to be read afterwards: random ones would take long, and the same memory again."""
    import keras
    from keras import initializers

    random = (initializers.RandomNormal, initializers.RandomUniform, initializers.TruncatedNormal)
    with keras.StatelessScope():  # variables get their values at its end
        result = make()
        for weight in result.weights:
            if isinstance(weight._initializer, (*random, initializers.VarianceScaling)):
                weight._initializer = initializers.Zeros()
    return result


def causal_lm(place: Path, path: str, precision: Precision, reading: Reading) -> Any:
    """Return the whole model, with its tokenizer. Arguments and errors as `backbone`'s."""
    loader = _loader(place, path)
    cls = task_of(loader).preprocessor_cls.tokenizer_cls
    made = vocabulary.tokenizer(place, loader.config, cls)
    if made is None:
        made = loader.load_tokenizer(cls)
        vocabulary.split_as_published(made, place)
    return whole(loader, made, lambda: backbone(place, path, precision, reading))


def whole(loader: Any, tokenizer: Any, made: Callable[[], Any]) -> Any:
    """Return a model with its tokenizer and its backbone.

    Args:
        loader: keras-hub's loader of its configuration.
        tokenizer: Keras's.
        made: Creates the backbone, once the tokenizer is known to fit.
    """
    from keras_nlp import models

    cls = task_of(loader)
    if isinstance(
        tokenizer, models.LlamaTokenizer
    ):  # of Llama 2 and similar models; the converter has no class for them
        cls = models.LlamaCausalLM
    preprocessor = cls.preprocessor_cls(tokenizer=tokenizer)
    return cls(backbone=made(), preprocessor=preprocessor)


def task_of(loader: Any) -> Any:
    """Return Keras's class of the whole model."""
    from keras_nlp import models

    return getattr(models, loader.check_backbone_class().__name__.removesuffix("Backbone") + "CausalLM")


def _loader(place: Path, path: str) -> Any:
    return loader_of(regular.json_of(place / "config.json"), place, path)


def loader_of(config: dict[str, Any], place: Path, path: str) -> Any:
    """Return keras-hub's loader for a folder, with a configuration that has what its converters expect.

    Args:
        config: The content of a `config.json`; it is corrected in place.
        place: The folder where keras-hub may look for other files.
        path: The path as the user wrote it, for messages.

    Raises:
        Problem: `unsupported_model`.
    """
    fault = fault_of(config)
    if fault:
        raise _unsupported(path, f"it {fault}")
    from keras_hub.src.utils.preset_utils import PresetLoader
    from keras_hub.src.utils.transformers.preset_loader import TransformersPresetLoader

    kind = config["model_type"]
    if kind != "phi3":
        return TransformersPresetLoader(str(place), config)
    from . import phi3

    class Loader(TransformersPresetLoader):  # type: ignore[misc]
        def __init__(self) -> None:
            PresetLoader.__init__(self, str(place), config)
            self.converter = phi3

    return Loader()


def fault_of(config: dict[str, Any]) -> str:
    """Return why a model can't be loaded, in words that follow "it"; empty if its configuration shows no reason.

    Args:
        config: The content of a `config.json`; it is corrected in place.
    """
    kind = config["model_type"]
    if not isinstance(kind, str) or kind not in CONVERTED:
        return f"is a {str(kind)[:40]} model, and Keras converts none from Hugging Face's form"
    text = config["text_config"] if isinstance(config.get("text_config"), dict) else config
    if text.get("use_bidirectional_attention") or text.get("is_encoder_decoder"):
        return "reads whole texts, but doesn't continue them"
    quantized = config.get("quantization_config")
    if quantized and kind != "gpt_oss":
        method = quantized.get("quant_method", "some way") if isinstance(quantized, dict) else "some way"
        return f"has quantized weights ({str(method)[:40]}), which Keras can't read"
    _mend(config)
    return _fault_of_positions(config, kind)


def _mend(config: dict[str, Any]) -> None:
    """Rewrite a configuration so that the converters know it, whichever version of transformers wrote it."""
    if not config.get("architectures"):
        config["architectures"] = ["AutoModelForCausalLM"]
    if not isinstance(config.get("rope_parameters"), dict):
        config.pop("rope_parameters", None)
    # From version 5 on, two settings are one.
    parameters = config.get("rope_parameters", {})
    if parameters.get("rope_type", "default") != "default" and not config.get("rope_scaling"):
        config["rope_scaling"] = parameters
    scaling = config.get("rope_scaling")
    if isinstance(scaling, dict):
        scaling.setdefault("rope_type", scaling.get("type", "default"))
        if scaling["rope_type"] == "default":
            config["rope_scaling"] = None
        elif config["model_type"] == "phi3" and scaling["rope_type"] == "su":
            scaling["rope_type"] = "longrope"  # its original name
    # transformers' defaults, which it doesn't write down.
    if config["model_type"].startswith(("llama", "qwen")):
        config.setdefault("tie_word_embeddings", False)
    if config["model_type"].startswith("qwen3_5"):
        config["model_type"] = config["model_type"].removesuffix("_text")  # which the converter finds out by itself
    if config["model_type"] == "qwen3_moe" and "num_local_experts" in config:
        config.setdefault("num_experts", config["num_local_experts"])
    if config["model_type"] in ("qwen2", "qwen3"):
        config.setdefault("use_sliding_window", False)
        config.setdefault("sliding_window", None)
    if config["model_type"] == "phi3":
        config.setdefault("rope_theta", parameters.get("rope_theta", 10_000.0))
        if isinstance(scaling, dict) and "original_max_position_embeddings" in scaling:
            config.setdefault("original_max_position_embeddings", scaling["original_max_position_embeddings"])
    if config["model_type"] in ("llama", "phi3"):
        config.setdefault("num_key_value_heads", config.get("num_attention_heads"))
        if "rope_theta" not in parameters:
            config.setdefault("rope_theta", 10_000.0)


def _set_right(made: Any, config: dict[str, Any]) -> None:
    """Set what keras-hub 0.32 ignores, found by comparing each family with transformers."""
    if config["model_type"] == "qwen3":
        for layer in made.transformer_layers:
            attention = layer._self_attention_layer  # its norms have another epsilon than the layer's
            for norm in (attention._query_dense_layer_norm, attention._key_dense_layer_norm):
                norm.epsilon = made.layer_norm_epsilon
    if config["model_type"] == "gpt_oss" and isinstance(kinds := config.get("layer_types"), list):
        for layer, kind in zip(made.transformer_layers, kinds, strict=False):
            # Every other layer (the first, third and so on) looks back only so far, counting the token itself.
            window = made.sliding_window - 1 if kind == "sliding_attention" and made.sliding_window else None
            layer.self_attention_layer.sliding_window = window


def _fault_of_positions(config: dict[str, Any], kind: str) -> str:
    turned = config.get("rope_parameters", {}).get("partial_rotary_factor", config.get("partial_rotary_factor"))
    if kind == "phi3" and turned not in (None, 1, 1.0):
        return "rotates only a part of each head, which Keras's Phi-3 can't"
    scaling = config.get("rope_scaling")
    if not isinstance(scaling, dict):
        return ""
    way = scaling.get("rope_type", "default")
    if way not in ("default", *_STRETCHED.get(kind, ())) and "mrope_section" not in scaling:
        return f"stretches its positions in a way ({str(way)[:40]}) that Keras can't for this family"
    return ""


def _unsupported(path: str, why: str) -> Problem:
    return Problem(
        422,
        "unsupported_model",
        f"{path} can't be loaded: {why}.",
        f"From Hugging Face, these families can be loaded: {'; '.join(dict.fromkeys(CONVERTED.values()))}. Other "
        "families can be loaded as Keras presets.",
    )
