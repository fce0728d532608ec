"""Credentials and downloads are where kagglehub and huggingface_hub look for them. Invalid files give a message."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lit_lab.models import credentials, folders

VARIABLES = (
    "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH",
    "XDG_CACHE_HOME", "KAGGLEHUB_CACHE", "KAGGLE_CONFIG_DIR", "KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY",
)  # fmt: skip

ENVIRONMENTS = [
    {},
    {"HF_HOME": "$SCRATCH/x"},
    {"HF_HOME": "~/x", "XDG_CACHE_HOME": "/elsewhere"},
    {"HF_HOME": "${SCRATCH}/x", "HF_HUB_CACHE": "~/hub/$NONE"},
    {"HF_HOME": ""},
    {"XDG_CACHE_HOME": "$SCRATCH/caches"},
    {"XDG_CACHE_HOME": ""},
    {"HUGGINGFACE_HUB_CACHE": "~/$SCRATCH"},
    {"HUGGINGFACE_HUB_CACHE": "/old", "HF_HUB_CACHE": ""},
    {"HF_TOKEN_PATH": "$SCRATCH/token"},
    {"HF_HOME": "~nobody-of-this-name/x"},
    {"KAGGLEHUB_CACHE": "$SCRATCH/x", "KAGGLE_CONFIG_DIR": "~/x"},
    {"KAGGLEHUB_CACHE": "", "KAGGLE_CONFIG_DIR": ""},
]

ASK = """
import importlib, json, os, sys
from huggingface_hub import constants
from kagglehub import config
for environment in json.loads(sys.stdin.read()):
    os.environ.update(environment)
    importlib.reload(constants)
    print(json.dumps([
        constants.HF_HUB_CACHE, constants.HF_TOKEN_PATH, config.get_cache_folder(), config._get_kaggle_credentials_folder(),
    ]))
    for name in environment:
        del os.environ[name]
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SCRATCH", str(tmp_path / "scratch"))
    return tmp_path


def test_folders_are_those_that_the_libraries_find(monkeypatch):
    asked = subprocess.run(
        [sys.executable, "-c", ASK], input=json.dumps(ENVIRONMENTS), capture_output=True, text=True, check=True
    )
    for environment, line in zip(ENVIRONMENTS, asked.stdout.splitlines(), strict=True):
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            found = [
                folders.hugging_face_cache(),
                folders.hugging_face_token(),
                folders.kaggle_cache(),
                folders.kaggle_credentials(),
            ]
        assert [str(path) for path in found] == [str(Path(path)) for path in json.loads(line)], environment


def test_who_has_none():
    assert credentials.of_kaggle() == credentials.of_hugging_face() == credentials.NONE


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"username": "u", "key": "k"}', ""),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"username": "u"', "isn't JSON (line 1, column 17)"),
        (b"u:k", "isn't JSON (line 1, column 1)"),
        (b'["u", "k"]', "isn't a JSON object"),
        (b"7", "isn't a JSON object"),
        (b'{"username": "u"}', "lacks “key”"),
        (b'{"username": null, "key": " "}', "lacks “username” and “key”"),
        (b"\xff\xfe{\x00", "isn't"),
        (b"[" * 50_000, "isn't JSON"),
        (b"x" * 200_000, "is too large"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_file_of_kaggles_says_what_is_wrong_with_it(home, monkeypatch, content, fault):
    (home / ".kaggle").mkdir()
    (home / ".kaggle" / "kaggle.json").write_bytes(content)
    found = credentials.of_kaggle()
    assert (found.source, found.where) == ("file", str(home / ".kaggle" / "kaggle.json"))
    assert found.fault.startswith(fault) if fault else found.fault == ""
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(home / "none"))
    assert credentials.of_kaggle() == credentials.NONE


def test_a_file_that_cannot_be_read_says_so(home):
    (home / ".kaggle" / "kaggle.json").mkdir(parents=True)
    assert credentials.of_kaggle().fault == "can't be read: Is a directory"
    (home / ".kaggle" / "access_token").symlink_to("access_token")
    assert credentials.of_kaggle().fault.startswith("can't be read: Too many levels")
    (home / ".cache" / "huggingface").mkdir(parents=True)
    (home / ".cache" / "huggingface" / "token").mkdir()
    assert credentials.of_hugging_face().fault == "can't be read: Is a directory"


@pytest.mark.parametrize(
    ("content", "source", "fault"),
    [
        (b"KGAT_x\n", "file", ""),
        (b"\n", "none", ""),
        (b"two words", "file", "contains characters"),
        (b"\xff", "file", "contains characters"),
    ],
    ids=["token", "empty", "two words", "no text"],
)
def test_a_file_of_a_token(home, monkeypatch, content, source, fault):
    for folder, name, look in (
        (home / ".kaggle", "access_token.txt", credentials.of_kaggle),
        (home / ".cache" / "huggingface", "token", credentials.of_hugging_face),
    ):
        folder.mkdir(parents=True)
        (folder / name).write_bytes(content)
        found = look()
        assert (found.source, found.fault.startswith(fault)) == (source, True)
        assert "KGAT" not in repr(found)


def test_the_environment_counts_in_the_libraries_order(home, monkeypatch):
    (home / ".kaggle").mkdir()
    (home / ".kaggle" / "kaggle.json").write_text("nonsense")
    monkeypatch.setenv("KAGGLE_USERNAME", "u")
    monkeypatch.setenv("KAGGLE_KEY", "k")
    assert credentials.of_kaggle() == credentials.Credentials("environment", "KAGGLE_USERNAME")
    (home / ".kaggle" / "access_token").write_text("x")
    assert credentials.of_kaggle().where == str(home / ".kaggle" / "access_token")
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_" + "x" * 4000)
    assert credentials.of_kaggle() == credentials.Credentials("environment", "KAGGLE_API_TOKEN")
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(home / ".kaggle" / "kaggle.json"))
    assert credentials.of_kaggle() == credentials.Credentials("file", str(home / ".kaggle" / "kaggle.json"))
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    assert credentials.of_hugging_face() == credentials.Credentials("environment", "HF_TOKEN")


@pytest.mark.parametrize("kind", ["kaggle", "hf"])
def test_a_download_names_the_file_and_asks_no_site(home, kind):
    """The download process, with unreadable credentials and no network."""
    file = home / ".kaggle" / "kaggle.json" if kind == "kaggle" else home / "token"
    file.parent.mkdir(exist_ok=True)
    file.write_text("{" if kind == "kaggle" else "two words")
    order = {"kind": kind, "where": "a/b/keras/c" if kind == "kaggle" else "a/b", "kaggle": None}
    environment = {**os.environ, "HF_HOME": str(home), "HF_ENDPOINT": "http://127.0.0.1:9"}
    process = subprocess.Popen(
        [sys.executable, "-m", "lit_lab.service.weights.fetch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    line = json.loads(process.stdout.readline())
    process.communicate()
    assert (line["failed"], line["where"]) == ("credentials_file", str(file))

    from lit_lab.service.weights import download_errors
    from lit_lab.service.weights.paths import Source

    error = download_errors.reason("mine", Source(kind, order["where"]), line)
    assert error.code == "preset_credentials"
    assert str(file) in error.message
    assert "accept" not in error.message
    assert "HF_TOKEN" in error.hint or "log in to Kaggle" in error.hint


async def test_the_panel_learns_what_is_wrong_with_a_file(api, home, monkeypatch):
    monkeypatch.setenv("HOME", str(home))  # the server's fixtures set their own
    (home / ".kaggle").mkdir()
    (home / ".kaggle" / "kaggle.json").write_text("u:k")
    status, body = await api("GET", "kaggle")
    assert (status, body["source"]) == (200, "file")
    assert body["fault"] == "~/.kaggle/kaggle.json isn't JSON (line 1, column 1)."
    login = {"username": "somebody", "key": "secret"}
    assert (await api("POST", "kaggle", body={"login": login}))[1]["fault"] == ""
