"""Nothing is sent anywhere. These tests list all modules that may open a connection, and where to."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
CLIENTS = (
    r"httpx|requests|urllib\.request|urllib3|aiohttp|socket|http\.client|kagglehub|kagglesdk|huggingface_hub|websockets"
)
PYTHON = {
    "cluster/agent_ports.py": "finds free ports for Ray's agents on this machine",
    "cluster/local.py": "finds a free port for Ray on this machine",
    "service/loopback.py": "listens for the Jupyter server",
    "service/hub_tokens.py": "asks the hub whose a token is, if the administrator shares the service there",
    "service/unauthenticated.py": "limits who may connect to it",
    "service/weights/fetch.py": "downloads what somebody wants downloaded",
    "service/weights/hub.py": "lists the files of a repository that somebody wants downloaded",
    "service/weights/hub_file.py": "downloads the large ones of them",
    "supervision/remote.py": "asks the service that `c.LitLab.service_url` names",
    "supervision/socket_folder.py": "makes the service's socket",
    "client/http_connection.py": "asks the Jupyter server that a program names, or that runs for this user on this machine",
    "service_client.py": "asks the service",
}


def test_only_these_modules_of_python_open_connections() -> None:
    found = {
        path.relative_to(ROOT / "lit_lab").as_posix()
        for path in (ROOT / "lit_lab").rglob("*.py")
        if re.search(rf"^\s*(?:import|from) (?:{CLIENTS})\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert found == set(PYTHON)


def test_the_page_connects_only_to_its_jupyter_server() -> None:
    sending = r"(?<![\w.])fetch\(|\bwindow\.fetch\b|XMLHttpRequest|sendBeacon|new WebSocket|EventSource|makeRequest\("
    found = {
        path.relative_to(ROOT).as_posix()
        for path in [
            *(ROOT / "src").rglob("*.ts"),
            *(ROOT / "src").rglob("*.tsx"),
            *(ROOT / "lit_lab/lit_page").rglob("*"),
        ]
        if path.is_file() and ".spec." not in path.name and re.search(sending, path.read_text("utf-8", "replace"))
    }
    # `log.ts` is given a function of that name, which asks the client. `bridge.js` replaces LIT's own means by messages to the
    # page around it.
    assert found == {"src/api/transport.ts", "src/app/log.ts", "lit_lab/lit_page/bridge.js"}
