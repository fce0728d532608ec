"""Models with and without a chat template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from chat_templates import CHATML, FAMILIES, LLAMA3, MISTRAL, PHI3, QWEN3, SPECIAL, directly, put, refused
from chats import ids_of, joined
from gguf_models import file_of, folder_of, loaded

from lit_lab.problem import Problem
from lit_lab.protocol import AnswerEvent, GenerateRequest, PromptEvent, ScoreRequest
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.pieces import SentencePieces
from lit_lab.service.templates.found import Found
from lit_lab.service.templates.known import known
from lit_lab.service.templates.own import own
from lit_lab.service.templates.rendering import Rendering, rendered
from lit_lab.service.templates.stored import Template
from lit_lab.service.tokens import SequenceTokenizer

pytestmark = pytest.mark.usefixtures("without_warm_up")

TEMPLATE = "tokenizer.chat_template"


@pytest.mark.parametrize("family", ["Mistral", "Phi-3", "Qwen 3", "Llama 3", "SmolLM, SmolLM 2"])
async def test_a_files_own_template(
    keras_libraries: None, family: str, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    text, _, _, name, system = FAMILIES[family.partition(",")[0].replace("SmolLM", "SmolLM 2")]
    entry = await loaded(file_of(family, tmp_path, sentencepiece_proto, **{TEMPLATE: text}))
    info = entry.info()
    assert (info.chat, info.instruct) == (name, True)
    assert info.template.model_dump() == {
        "fault": "",
        "date": "2024-07-26" if family == "Llama 3" else "",
        "system": system,
        "thinking": family == "Qwen 3",
    }
    prompt = "on\nsoup"
    events = list(entry.model.generate(GenerateRequest(model="tiny", prompt=prompt, max_new_tokens=1), Cancellation()))
    asked = next(event for event in events if isinstance(event, PromptEvent))
    assert isinstance(events[-1], AnswerEvent)
    assert (asked.chat, asked.thinking, joined(asked.tokens)) == ("wrapped", False, prompt)
    tokenizer = entry.model.causal_lm.preprocessor.tokenizer
    words = tokenizer.get_vocabulary()
    start = [] if tokenizer.start_token_id is None else [tokenizer.start_token_id]
    bos = "" if not start else words[start[0]] if isinstance(words, list) else tokenizer.id_to_token(start[0])
    whole = directly(text, prompt, bos_token=bos, eos_token="</s>").removeprefix(bos)
    expected = [int(id) for id in tokenizer.tokenize(whole)]
    assert ids_of(asked.tokens) == start + expected


def put_sentence_piece(place: Path, proto: bytes, words: tuple[str, ...], has_blank: bool) -> dict[str, Any]:
    """Put a `tokenizer.json` of a SentencePiece vocabulary into a folder, with words that begin and end turns."""
    from hugging_face import sentence_piece

    about = sentence_piece(proto, has_blank)
    about["added_tokens"] = [each for each in about["added_tokens"] if each["content"].strip()]
    about["added_tokens"] += [
        {"id": 390 + n, "content": word, "special": True, "rstrip": True} for n, word in enumerate(words)
    ]
    for each in about["added_tokens"]:
        each |= {"single_word": False, "lstrip": False, "rstrip": each.get("rstrip", False), "normalized": False}
    taken = {each["id"]: each["content"] for each in about["added_tokens"]}
    gone = [word for word, id in about["model"]["vocab"].items() if taken.get(id, word) != word]
    about["model"]["vocab"] = {taken.get(id, word): id for word, id in about["model"]["vocab"].items()}
    about["model"]["merges"] = [
        two for two in about["model"]["merges"] if not any(word in "".join(two) for word in gone)
    ]
    put(place, "tokenizer.json", about)
    return {
        "added_tokens_decoder": {str(each["id"]): each for each in about["added_tokens"]},
        "bos_token": "<s>",
        "eos_token": "<|endoftext|>",
    }


@pytest.mark.parametrize("has_blank", [True, False])
async def test_phi3s_tokens_swallow_blanks_behind_them(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes, has_blank: bool
) -> None:
    """Compared with the library that transformers tokenizes with. The model's tokenizer.model has no tokens for turns."""
    import tokenizers

    place = folder_of("Phi-3", tmp_path / "chat", sentencepiece_proto)
    words = ("<|user|>", "<|assistant|>", "<|end|>")
    proto = (place / "tokenizer.model").read_bytes()
    said = put_sentence_piece(place, proto, words, has_blank)
    put(place, "tokenizer_config.json", said | {"chat_template": "{{ bos_token }}" + PHI3})
    entry = await loaded(place)
    reference = tokenizers.Tokenizer.from_file(str(place / "tokenizer.json"))
    for prompt in ("onion soup", "on\n\nsoup"):
        tokens = entry.model.tokenizer.tokenize_prompt(prompt).tokens
        text = directly(PHI3, prompt)
        assert [token.piece for token in tokens[:2]] == ["<s>", "<|user|>"]
        assert [token.piece for token in tokens[-2:]] == ["<|end|>", "<|assistant|>"]
        assert ids_of(tokens)[1:] == reference.encode(text, add_special_tokens=False).ids
        assert joined(tokens) == prompt
        assert entry.model.tokenizer.count(prompt)[0] == len(tokens)


async def test_mistrals_turns_are_tokens_though_its_vocabulary_has_them_as_control_pieces(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    from sentencepiece import sentencepiece_model_pb2

    place = folder_of("Mistral", tmp_path / "chat", sentencepiece_proto)
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString((place / "tokenizer.model").read_bytes())
    for piece, word in zip(model.pieces[-2:], ("[INST]", "[/INST]"), strict=True):
        piece.piece, piece.type = word, model.SentencePiece.CONTROL
    (place / "tokenizer.model").write_bytes(model.SerializeToString())
    put(place, "tokenizer_config.json", SPECIAL | {"chat_template": MISTRAL})
    entry = await loaded(place)
    tokens = entry.model.tokenizer.tokenize_prompt("onion").tokens
    assert [tokens[0].piece, tokens[1].piece, tokens[-1].piece] == ["<s>", "[INST]", "[/INST]"]
    assert entry.model.tokenizer.count("onion")[0] == len(tokens)
    assert {token.kind for token in (tokens[0], tokens[1], tokens[-1])} == {"template"}


async def test_thinking_is_asked_for_by_request(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    entry = await loaded(file_of("Qwen 3", tmp_path, sentencepiece_proto, **{TEMPLATE: QWEN3}))
    lengths = set()
    for chat, thinking, expected in [("auto", False, False), ("auto", True, True), ("off", True, False)]:
        generating = GenerateRequest(model="tiny", prompt="on", max_new_tokens=1, chat=chat, thinking=thinking)
        scoring = ScoreRequest(model="tiny", prompt="on", target=" soup", chat=chat, thinking=thinking)
        for events in (
            entry.model.generate(generating, Cancellation()),
            entry.model.score(scoring, Cancellation()),
        ):
            prompt = next(event for event in events if isinstance(event, PromptEvent))
            assert prompt.thinking is expected
            lengths.add((thinking, chat, len(prompt.tokens)))
    assert len(lengths) == 3


async def test_a_folders_own_template(keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes) -> None:
    place = folder_of("Llama 3", tmp_path / "chat", sentencepiece_proto)
    put(place, "chat_template.jinja", LLAMA3)
    entry = await loaded(place)
    assert entry.template.date == "2024-07-26"
    ids = ids_of(entry.model.tokenizer.tokenize_prompt("onion").tokens)
    tokenizer = entry.model.causal_lm.preprocessor.tokenizer
    whole = directly(LLAMA3, "onion", bos_token="<|begin_of_text|>")
    assert ids == [int(id) for id in tokenizer.tokenize(whole)]


async def test_a_template_that_cannot_be_used_says_so_and_a_known_format_is_taken(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    hostile = "{{ ''.__class__.__mro__ }}{{ messages[0].content }}"
    entry = await loaded(file_of("Gemma", tmp_path, sentencepiece_proto, **{TEMPLATE: hostile}))
    info = entry.info()
    assert (info.state, info.chat) == ("ready", "Gemma")
    assert "may not use" in info.template.fault
    assert entry.model.tokenizer.tokenize_prompt("on").use == "wrapped"


def test_a_template_that_cannot_be_used_says_so_where_no_format_is_known(narrow_proto: bytes) -> None:
    fault = refused("{{ ''.__class__.__mro__ }}{{ messages[0].content }}")
    tokenizer = SequenceTokenizer(SentencePieces(narrow_proto), [], [], 60, 0, True, Found(None, fault))
    assert tokenizer.tokenize_prompt("onion").use == "plain"
    with pytest.raises(Problem, match="can't be used: it uses operations") as failure:
        tokenizer.tokenize_prompt("onion", "on")
    assert failure.value.code == "no_chat_format"


async def test_a_model_without_a_template_is_as_it_was(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    entry = await loaded(file_of("Gemma", tmp_path, sentencepiece_proto))
    assert (entry.chat, entry.info().template) == ("Gemma", None)


@pytest.mark.parametrize(
    ("family", "words", "expected"),
    [
        ("Phi3Tokenizer", {"<|user|>", "<|assistant|>", "<|end|>"}, ("Phi-3", "<|user|> ", "<|end|><|assistant|>")),
        ("Phi3Tokenizer", set(), None),
        ("MistralTokenizer", set(), ("Mistral", "[INST] ", " [/INST]")),
        ("MistralTokenizer", {"[INST]"}, ("Mistral", "[INST] ", "[/INST]")),
        ("MixtralTokenizer", set(), ("Mistral", "[INST] ", " [/INST]")),
        ("MistralTekkenTokenizer", {"[INST]"}, ("Mistral", "[INST]", "[/INST]")),
        ("GPT2Tokenizer", {"[INST]"}, None),
    ],
)
def test_families_without_a_template(family: str, words: set[str], expected: tuple[str, str, str] | None) -> None:
    made = known(family, words.__contains__, "<s>", True)
    assert (made and (made.name, made.plain.before, made.plain.behind)) == expected


async def test_phi3_without_a_template_is_asked_as_with_one(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    asked = []
    for number, template in enumerate(({}, {"chat_template": "{{ bos_token }}" + PHI3})):
        place = folder_of("Phi-3", tmp_path / f"chat-{number}", sentencepiece_proto)
        words = ("<|user|>", "<|assistant|>", "<|end|>")
        said = put_sentence_piece(place, (place / "tokenizer.model").read_bytes(), words, True)
        about = json.loads((place / "tokenizer.json").read_text())
        spelled = {"<start_of_turn>": "<|system|>", "<end_of_turn>": "<|x|>"}  # so that it doesn't look like Gemma's
        for each in about["added_tokens"]:
            each["content"] = spelled.get(each["content"], each["content"])
        about["model"]["vocab"] = {spelled.get(word, word): id for word, id in about["model"]["vocab"].items()}
        put(place, "tokenizer.json", about)
        put(place, "tokenizer_config.json", said | template)
        entry = await loaded(place)
        asked.append((entry.chat, ids_of(entry.model.tokenizer.tokenize_prompt("onion soup", "on").tokens)))
    assert [name for name, _ in asked] == ["Phi-3", "own"]
    assert asked[0][1] == asked[1][1]


def test_a_template_of_a_known_form_takes_its_rules_of_written_turns() -> None:
    made: Rendering = rendered(Template(CHATML))
    assert (
        own(made, "<|im_start|>").around("Hi")[1].startswith("<|im_start|>system")
    )  # the tokenizer's start token begins a turn
    assert own(made, "").form is not None
