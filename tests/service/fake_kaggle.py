"""A fake of Kaggle, and of the storage that it redirects downloads to, for the real kagglehub.

With KAGGLE_API_ENVIRONMENT=LOCALHOST kagglehub connects to http://localhost, and HTTP_PROXY leads it to this server's
port.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

OWNER, MODEL, VARIATION, VERSION = "lab", "gemma-tiny", "tiny", 3
HANDLE = f"{OWNER}/{MODEL}/keras/{VARIATION}"
GEMMA = "keras/gemma2/keras/gemma2_instruct_2b_en"
TOKEN = "a-token-for-tests-only"
USER, KEY = "somebody", "a-key-for-tests-only"


class FakeKaggle:
    """A server with one model. It has its own handle and, for the screenshots of a first use, also Gemma's.

    Attributes:
        port: Where it listens.
        open: Whether downloads need no login.
        agreed: Whether the account has accepted the terms.
        corrupt: Whether the weights arrive damaged.
        pace: Seconds between chunks of a file.
        cut: Bytes of the weights after which the connection breaks. None: it doesn't break.
        hold: Bytes of the weights after which the download pauses until this is None.
        ranges: Requested values of `Range`.
        asked: Paths of all requests.

    `POST /set` sets all of them except `port`, `ranges` and `asked`.
    """

    def __init__(self, files: Path, port: int = 0) -> None:
        self.files = {str(file.relative_to(files)): file.read_bytes() for file in files.rglob("*") if file.is_file()}
        self.open = False
        self.agreed = True
        self.corrupt = False
        self.pace = 0.0
        self.cut: int | None = None
        self.hold: int | None = None
        self.ranges: list[str] = []
        self.asked: list[str] = []
        handler = type("Handler", (_Handler,), {"kaggle": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def size(self) -> int:
        """The size of all files in bytes."""
        return sum(map(len, self.files.values()))

    def environment(self, home: Path) -> dict[str, str]:
        """Return environment variables that lead kagglehub here, with an empty home folder."""
        return {
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "HTTP_PROXY": f"http://127.0.0.1:{self.port}",
            "http_proxy": f"http://127.0.0.1:{self.port}",
            "NO_PROXY": "",
            "no_proxy": "",
            "HOME": str(home),
            "KAGGLEHUB_CACHE": str(home / "kagglehub"),
            "HF_HOME": str(home / "huggingface"),
        }

    def close(self) -> None:
        """Stop the server."""
        self.hold = None
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    kaggle: ClassVar[FakeKaggle]

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/set":  # for tests in another process
            vars(self.kaggle).update(request)
            self._say({})
            return
        operation = urlsplit(self.path).path.rpartition("/")[2]
        self.kaggle.asked.append(operation)
        status = self._who()
        wanted = f"{request.get('ownerSlug')}/{request.get('modelSlug')}/keras/{request.get('instanceSlug')}"
        if status != 200:
            self._say({"code": status, "message": "Permission denied"}, status)
        elif wanted not in (HANDLE, GEMMA):
            self._say({"code": 404, "message": "Not found"}, 404)
        elif operation == "GetModelInstance":
            self._say({"versionNumber": VERSION, "slug": request["instanceSlug"], "framework": "MODEL_FRAMEWORK_KERAS"})
        elif operation == "ListModelInstanceVersionFiles":
            files = [{"name": name, "size": len(content)} for name, content in self.kaggle.files.items()]
            self._say({"files": files, "nextPageToken": ""})
        elif not self.kaggle.agreed:
            self._say({"code": 403, "message": "Consent is required"}, 403)
        else:
            self.send_response(302)
            self.send_header("Location", f"http://localhost/storage/{request['path']}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_GET(self) -> None:
        name = unquote(urlsplit(self.path).path).removeprefix("/storage/")
        content = self.kaggle.files[name]
        digest = base64.b64encode(hashlib.md5(content).digest()).decode()
        start = 0
        if asked := self.headers.get("Range"):
            self.kaggle.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("X-Goog-Hash", f"md5={digest}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        weights = name.endswith(".h5")
        if weights and self.kaggle.corrupt:
            content = content[:-1] + bytes([content[-1] ^ 1])
        piece = 16_384
        try:
            for at in range(start, len(content), piece):
                if weights and self.kaggle.cut is not None and at >= self.kaggle.cut:
                    self.connection.close()
                    return
                while weights and self.kaggle.hold is not None and at >= self.kaggle.hold:
                    time.sleep(0.02)
                self.wfile.write(content[at : at + piece])
                if weights and self.kaggle.pace:
                    time.sleep(self.kaggle.pace)
        except OSError:
            return  # the downloading process was stopped

    def _who(self) -> int:
        given = self.headers.get("Authorization")
        basic = base64.b64encode(f"{USER}:{KEY}".encode()).decode()
        if self.kaggle.open or given in (f"Bearer {TOKEN}", f"Basic {basic}"):
            return 200
        # Kaggle answers 403 to those who aren't logged in.
        return 401 if given else 403

    def _say(self, body: dict[str, Any], status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
