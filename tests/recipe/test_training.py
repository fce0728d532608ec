"""The training script: batches depend only on seed and step, the model starts with structure, and training continues after a stop."""

from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from training import mixture, tokenizer
from training.documents import ANSWER, FIRST, Part, document


@pytest.fixture(scope="module")
def proto(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return tokenizer.train(mixture.anything, seed=3)


@pytest.fixture(scope="module")
def tokens(proto: bytes) -> tokenizer.Tokens:
    return tokenizer.Tokens(proto)


def test_texts_come_back_as_they_were(tokens: tokenizer.Tokens) -> None:
    random = Random(4)
    for text in [*(mixture.anything(random).text for _ in range(100)), "Übermut\n\n 42 🍲 \tend "]:
        assert tokens.text(tokens.ids(text)) == text


def test_weights_lie_on_what_the_model_shall_say(tokens: tokenizer.Tokens) -> None:
    ids, weights = tokens.weighted(
        document([Part("Suggestion: Onion soup\nAnalysis:"), Part(" Avoid it.", ANSWER, FIRST)])
    )
    answer = tokens.ids(" Avoid it.")
    assert ids[0] == tokenizer.BOS
    assert ids[-1] == tokenizer.EOS
    assert ids[-1 - len(answer) : -1] == answer
    assert weights[-1 - len(answer) :] == [FIRST, *[ANSWER] * len(answer)]
    assert weights[0] == 0


@pytest.mark.parametrize("step", [0, 100, 500, 999])
def test_a_batch_depends_on_seed_and_step_alone(tokens: tokenizer.Tokens, step: int) -> None:
    one, other = (mixture.batch(tokens, 7, step, 1000) for _ in range(2))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(one.ids, mixture.batch(tokens, 8, step, 1000).ids)
    assert not np.array_equal(
        one.ids[:6, :128], mixture.batch(tokens, 7, step + 1 if step < 999 else 998, 1000).ids[:6, :128]
    )


def test_targets_are_the_tokens_behind_the_positions(tokens: tokenizer.Tokens) -> None:
    batch = mixture.batch(tokens, 7, 800, 1000)
    rows, chosen = np.nonzero(batch.weights)
    assert (batch.ids[rows, batch.positions[rows, chosen] + 1] == batch.targets[rows, chosen]).all()
    assert batch.ids.size <= mixture.TOKENS
    assert (batch.weights >= 1).sum(axis=1).min() > 0


@pytest.mark.only_on("tensorflow")
def test_heads_start_by_looking_back(keras_libraries: None) -> None:
    """Layer 0 attends to 1, 3 and 4 tokens before, whatever they are."""
    from training import network

    backbone = network.backbone(network.Size())
    network.structured_start(backbone, seed=1)
    random = np.random.default_rng(2)
    ids = random.integers(4, tokenizer.SIZE, (1, 40))
    attention = backbone.transformer_layers[0].attention
    embedded = backbone.token_embedding(ids) * backbone.hidden_dim**0.5
    seen = backbone.transformer_layers[0].pre_attention_norm(embedded)
    query, key = (
        np.asarray(attention._apply_rope(dense(seen), 0))[0] for dense in (attention.query_dense, attention.key_dense)
    )
    scores = np.einsum("qhd,khd->hqk", query, key)
    for head, distance in enumerate([1, 3, 4]):
        found = [int(np.argmax(scores[head, n, : n + 1])) for n in range(10, 40)]
        assert np.mean([n - at == distance for n, at in zip(range(10, 40), found, strict=True)]) > 0.8


@pytest.mark.long
@pytest.mark.only_on("tensorflow")
def test_an_interrupted_training_comes_to_the_same(
    keras_libraries: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proto: bytes
) -> None:
    from training import network
    from training.train import train

    monkeypatch.setattr(mixture, "TOKENS", 288)
    monkeypatch.setattr(network, "Size", partial(network.Size, num_layers=3))
    weights = []
    for folder, stops in [(tmp_path / "one", [2]), (tmp_path / "two", [1, 2])]:
        folder.mkdir()
        (folder / "vocabulary.spm").write_bytes(proto)
        for stop in stops:
            train(folder, seed=5, steps=100, stop=stop, compiled=False)
        with np.load(folder / "checkpoint.npz") as file:
            assert int(file["step"]) == 2
            weights.append({name: file[name] for name in file.files if name.startswith("variable")})
    for name, value in weights[0].items():
        np.testing.assert_allclose(value, weights[1][name], rtol=1e-5, atol=1e-6, err_msg=name)
    with pytest.raises(SystemExit, match="seed"):
        train(tmp_path / "one", seed=6, steps=100, stop=3, compiled=False)


@pytest.mark.only_on("tensorflow")
def test_the_export_is_a_preset_with_the_same_logits(keras_libraries: None, tmp_path: Path, proto: bytes) -> None:
    from lit_lab.service import presets
    from training import network
    from training.train import export

    (tmp_path / "vocabulary.spm").write_bytes(proto)
    backbone = network.backbone(network.Size())
    network.structured_start(backbone, seed=1)
    export(backbone, tmp_path / "vocabulary.spm", tmp_path / "preset")
    loaded: Any = presets.load(str(tmp_path / "preset"))
    ids = {"token_ids": np.arange(4, 24)[None], "padding_mask": np.ones((1, 20))}
    np.testing.assert_allclose(loaded.backbone(ids), backbone(ids), atol=0.02)
    assert loaded.preprocessor.tokenizer.detokenize(loaded.preprocessor.tokenizer("Onion soup")) == "Onion soup"
