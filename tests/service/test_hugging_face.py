"""The real huggingface_hub, in the process that downloads, against a stand-in for Hugging Face."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import pytest
from gguf_files import fields_of, values_of, write

from lit_lab.protocol import DownloadModel, ModelChanging, ModelInfo
from lit_lab.service.gguf.header import parts
from lit_lab.service.model_manager import ModelManager
from lit_lab.service.registry import Registry, parse
from lit_lab.service.weights import cached, paths

NAME, COMMIT, TOKEN = "lab/tiny", "0123456789abcdef0123456789abcdef01234567", "hf_for_tests_only"
OTHER = "89abcdef0123456789abcdef0123456789abcdef"


class _Handler(BaseHTTPRequestHandler):
    files: ClassVar[dict[str, bytes]] = {}
    gated: ClassVar[bool] = False
    asked: ClassVar[list[str]] = []

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.asked.append(path)
        if path.startswith(f"/api/models/{NAME}/tree/"):
            tree = [{"type": "file", "path": n, "size": len(c), "oid": _etag(c)} for n, c in self.files.items()]
            self._say(json.dumps(tree).encode())
        elif path.startswith(f"/api/models/{NAME}"):
            siblings = [{"rfilename": n, "size": len(c), "blobId": _etag(c)} for n, c in self.files.items()]
            commit = self._commit(path.partition("/revision/")[2])
            if not commit:
                self._say(b"", 404, {"X-Error-Code": "RevisionNotFound"})
                return
            self._say(json.dumps({"id": NAME, "sha": commit, "siblings": siblings}).encode())
        elif path.startswith(f"/{NAME}/resolve/"):
            if self.gated:
                error = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."}
                self._say(b"", 403 if self.headers.get("Authorization") else 401, error)
                return
            revision, _, name = path.split("/resolve/")[1].partition("/")
            content = self.files[name]
            self._say(content, 200, {"ETag": f'"{_etag(content)}"', "X-Repo-Commit": self._commit(revision)})
        else:
            self._say(b"", 404, {"X-Error-Code": "RepoNotFound"})

    def _commit(self, revision: str) -> str:
        known = {"": COMMIT, "main": COMMIT, "v1": OTHER}
        return revision if revision in known.values() else known.get(revision, "")

    def _say(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


def _etag(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


@pytest.fixture
def site(
    keras_libraries: None, preset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[type[_Handler]]:
    files = {str(file.relative_to(preset)): file.read_bytes() for file in preset.rglob("*") if file.is_file()}
    files["pytorch_model.bin"] = b"pickled"
    handler = type("Handler", (_Handler,), {"files": files, "asked": [], "gated": False})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("HF_TOKEN", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "*")
    yield handler
    server.shutdown()
    server.server_close()


async def download(path: str) -> ModelInfo:
    registry = Registry(parse([f"tiny:{path}"]), None, lambda _: None)
    await registry.start(lambda _: None)
    await ModelManager(registry).change(ModelChanging(change=DownloadModel(name="tiny")))
    loading = registry.get("tiny").loading
    assert loading is not None
    await loading
    return registry.get("tiny").info()


async def test_a_preset_is_downloaded_without_pickled_files_and_then_found(site: type[_Handler]) -> None:
    info = await download(f"hf://{NAME}")
    assert (info.state, info.detail) == ("ready", "")
    assert not any("pytorch_model.bin" in path for path in site.asked)
    assert [(name, path) for name, path, _ in cached.hugging_face_models()] == [("tiny", f"hf://{NAME}")]
    asked = len(site.asked)
    registry = Registry(parse([f"tiny:hf://{NAME}"]), None, lambda _: None)
    await registry.load("tiny")
    assert registry.get("tiny").state == "ready"
    assert len(site.asked) == asked


@pytest.mark.parametrize(("token", "code"), [("", "preset_login"), (TOKEN, "preset_forbidden")])
async def test_a_gated_model(site: type[_Handler], monkeypatch: pytest.MonkeyPatch, token: str, code: str) -> None:
    site.gated = True
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    info = await download(f"hf://{NAME}")
    assert (info.state, info.error) == ("failed", code)
    assert "https://huggingface.co/" in info.hint
    assert TOKEN not in info.detail + info.hint


@pytest.mark.parametrize("revision", ["v1", OTHER])
async def test_a_revision_is_downloaded_and_found_as_such(site: type[_Handler], revision: str) -> None:
    assert is_absent(f"hf://{NAME}@{revision}")
    info = await download(f"hf://{NAME}@{revision}")
    assert (info.state, info.detail) == ("ready", "")
    assert not any("/resolve/main/" in path or f"/resolve/{COMMIT}/" in path for path in site.asked)
    source = paths.source(f"hf://{NAME}@{revision}")
    assert source.page == f"https://huggingface.co/{NAME}"
    found = cached.lookup(source)
    assert found is not None
    assert found.name == OTHER
    assert is_absent(f"hf://{NAME}")  # the newest isn't here
    assert is_absent(f"hf://{NAME}@v2")


def is_absent(path: str) -> bool:
    return cached.lookup(paths.source(path)) is None


async def test_a_gguf_file_is_downloaded_alone_with_all_of_its_parts(
    site: type[_Handler], tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    fields, values = fields_of("Gemma", sentencepiece_proto, []), values_of("Gemma")
    whole = write(tmp_path / "tiny-F32.gguf", "gemma", fields, values)
    first = write(tmp_path / "tiny-it.gguf", "gemma", fields, values, part_size=9)
    for file in (whole, *parts(first)):
        site.files[f"some/{file.name}"] = file.read_bytes()
    for address, files in (
        (f"hf://{NAME}/some/{whole.name}", [whole]),
        (f"hf://{NAME}@v1/some/{parts(first)[1].name}", parts(first)),
    ):
        site.asked.clear()
        assert is_absent(address)
        info = await download(address)
        assert (info.state, info.detail, info.stored) == ("ready", "", "F32")
        fetched = {path.rpartition("/")[2] for path in site.asked if "/resolve/" in path}
        assert fetched == {file.name for file in files}
        found = cached.lookup(paths.source(address))
        assert found is not None
        assert found.name == files[0].name
        found.unlink()
        assert is_absent(address)


async def test_a_gguf_file_that_is_not_there(site: type[_Handler]) -> None:
    info = await download(f"hf://{NAME}/nothing.gguf")
    assert (info.state, info.error) == ("failed", "preset_not_found")
    assert "nothing.gguf" in info.detail


async def test_an_unknown_revision(site: type[_Handler]) -> None:
    info = await download(f"hf://{NAME}@v9")
    assert info.error == "preset_not_found"
    assert f"{NAME}@v9" in info.detail


async def test_weights_for_other_programs_stay_where_they_are(site: type[_Handler]) -> None:
    site.files |= {
        "consolidated.safetensors": b"x",
        "original/model.safetensors": b"x",
        "chat_template.jinja": b"{{ x }}",
    }
    assert (await download(f"hf://{NAME}")).state == "ready"
    assert not any("consolidated" in path or "original" in path for path in site.asked)
    assert any("chat_template.jinja" in path for path in site.asked)


async def test_an_unknown_model(site: type[_Handler]) -> None:
    assert (await download("hf://lab/other")).error == "preset_not_found"


async def test_no_network(site: type[_Handler], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert (await download(f"hf://{NAME}")).error == "preset_unreachable"
