"""`name:path`, as the configuration and LIT write a model."""

from pathlib import Path

import pytest

from lit_lab.limits import MAX_NAME
from lit_lab.model_spec import ModelSpec


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("demo:embedded", ("demo", "embedded")),
        (" a : kaggle://x ", ("a", "kaggle://x")),
        ("a:b:c", ("a", "b:c")),
        ("n" * MAX_NAME + ":x", ("n" * MAX_NAME, "x")),
    ],
)
def test_the_first_colon_ends_the_name(text: str, expected: tuple[str, str]) -> None:
    assert ModelSpec.parse(text) == expected
    assert ModelSpec.parse(str(ModelSpec.parse(text))) == expected


@pytest.mark.parametrize("text", ["", "demo", "demo:", ":embedded", " : ", "n" * (MAX_NAME + 1) + ":x"])
def test_what_has_no_name_no_path_or_too_long_a_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="name"):
        ModelSpec.parse(text)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("./preset", "{here}/preset"),
        ("~/preset", "{home}/preset"),
        ("/a/preset", "/a/preset"),
        ("embedded", "embedded"),
        ("hf://owner/name", "hf://owner/name"),
    ],
)
def test_a_path_that_means_the_same_in_all_folders(
    path: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert ModelSpec("m", path).absolute() == ("m", expected.format(here=tmp_path, home="/home/somebody"))
