"""A stand-in for Hugging Face: one repository, whose large files are on another host, as on the real site."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, unquote, urlsplit

import pytest

NAME, COMMIT, TOKEN = "lab/tiny", "0123456789abcdef0123456789abcdef01234567", "hf_for_tests_only"
OTHER = "89abcdef0123456789abcdef0123456789abcdef"


class Site(BaseHTTPRequestHandler):
    """A repository, and the way that the site sends it.

    Attributes:
        files: The files by name.
        large: Names of the files that are in Git LFS.
        gated: Whether access is refused.
        cut: For each of the first connections, the bytes of a large file that it sends before it breaks.
        waits: If set to an event, a connection stays open until that event before it breaks.
        takes_ranges: Whether the site answers requests for ranges. "416": it says that the range is beyond the end.
        other: Content that is sent in place of large files.
        asked: Requested paths.
        ranges: Requests for large files: their names and first bytes.
        tokens: The tokens that the host of large files received.
    """

    files: ClassVar[dict[str, bytes]]
    large: ClassVar[set[str]]
    gated: ClassVar[bool]
    cut: ClassVar[list[int]]
    waits: ClassVar[threading.Event | None]
    takes_ranges: ClassVar[bool | str]
    other: ClassVar[dict[str, bytes]]
    asked: ClassVar[list[str]]
    ranges: ClassVar[list[tuple[str, int]]]
    tokens: ClassVar[list[str | None]]

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.asked.append(path)
        if path.startswith("/large/"):
            self._give(path.removeprefix("/large/"))
        elif path.startswith(f"/api/models/{NAME}/tree/"):
            tree = [
                {"type": "file", "path": n, "size": len(c), "oid": git(c), **self._lfs(n, "oid")}
                for n, c in self.files.items()
            ]
            self._say(json.dumps(tree).encode())
        elif path.startswith(f"/api/models/{NAME}"):
            siblings = [
                {"rfilename": n, "size": len(c), "blobId": git(c), **self._lfs(n, "sha256")}
                for n, c in self.files.items()
            ]
            commit = self._commit(path.partition("/revision/")[2])
            if not commit:
                self._say(b"", 404, {"X-Error-Code": "RevisionNotFound"})
                return
            self._say(json.dumps({"id": NAME, "sha": commit, "siblings": siblings}).encode())
        elif path.startswith(f"/{NAME}/resolve/"):
            self._resolve(*path.split("/resolve/")[1].split("/", 1))
        else:
            self._say(b"", 404, {"X-Error-Code": "RepoNotFound"})

    def _resolve(self, revision: str, name: str) -> None:
        if self.gated:
            error = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."}
            self._say(b"", 403 if self.headers.get("Authorization") else 401, error)
            return
        content = self.files[name]
        headers = {"ETag": f'"{git(content)}"', "X-Repo-Commit": self._commit(revision)}
        if name not in self.large:
            self._say(content, 200, headers)
            return
        host = f"http://localhost:{self.server.server_address[1]}"
        linked = {"X-Linked-ETag": f'"{sha256(content)}"', "X-Linked-Size": str(len(content))}
        self._say(b"", 302, {**headers, **linked, "Location": f"{host}/large/{quote(name)}"})

    def _lfs(self, name: str, key: str) -> dict[str, Any]:
        if name not in self.large:
            return {}
        content = self.files[name]
        return {"lfs": {key: sha256(content), "size": len(content), "pointerSize": 134}}

    def _commit(self, revision: str) -> str:
        known = {"": COMMIT, "main": COMMIT, "v1": OTHER}
        return revision if revision in known.values() else known.get(revision, "")

    def _give(self, name: str) -> None:
        content = self.other.get(name, self.files[name])
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(asked[1]) if asked else 0
        self.ranges.append((name, begin))
        self.tokens.append(self.headers.get("Authorization"))
        if asked and self.takes_ranges == "416":
            self._say(b"", 416)
            return
        rest = content[begin:] if self.takes_ranges else content
        self.send_response(206 if asked and self.takes_ranges else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if self.command != "GET":
            return
        if not self.cut:
            self.wfile.write(rest)
            return
        size = self.cut.pop(0)
        self.wfile.write(rest[:size])
        self.wfile.flush()
        if size < len(rest):
            if self.waits is not None:
                self.waits.wait()
            self.close_connection = True

    def _say(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


def git(content: bytes) -> str:
    """Return a stand-in for git's hash of a content."""
    return hashlib.sha1(content).hexdigest()


def sha256(content: bytes) -> str:
    """Return a content's SHA-256 hash."""
    return hashlib.sha256(content).hexdigest()


@contextmanager
def standing_in(files: dict[str, bytes], home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Site]]:
    """Let huggingface_hub use a stand-in with these files, and store its downloads in a folder."""
    content: dict[str, Any] = {"files": files, "large": set(), "gated": False, "cut": [], "waits": None}
    content |= {"takes_ranges": True, "other": {}, "asked": [], "ranges": [], "tokens": []}
    site: type[Site] = type("OneSite", (Site,), content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), site)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("HF_TOKEN", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(home))
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "*")
    yield site
    if site.waits is not None:
        site.waits.set()
    server.shutdown()
    server.server_close()
