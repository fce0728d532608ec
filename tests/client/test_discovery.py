"""Where a program connects to, and what gets a token."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lit_lab import Problem
from lit_lab.client import discovery
from lit_lab.client.address import Secret, address_of
from lit_lab.client.http_connection import HttpConnection
from lit_lab.client.running_servers import running_servers


@pytest.mark.parametrize(
    ("url", "base", "token"),
    [
        ("http://localhost:8888", "http://localhost:8888/", ""),
        ("http://localhost:8888/lab?token=abc", "http://localhost:8888/", "abc"),
        ("http://localhost:8888/lab/tree/a%20b.ipynb?token=abc", "http://localhost:8888/", "abc"),
        ("https://hub.example/user/me/tree", "https://hub.example/user/me/", ""),
        ("https://me:secret@hub.example/user/me/#part", "https://hub.example/user/me/", ""),
        ("http://[::1]:8888/base/", "http://[::1]:8888/base/", ""),
    ],
)
def test_an_address_is_what_jupyter_prints(url: str, base: str, token: str) -> None:
    assert address_of(url).url == base
    assert address_of(url).token == Secret(token)
    assert address_of(url, "other").token == Secret("other")


@pytest.mark.parametrize(
    "url", ["", "localhost:8888", "file:///etc/passwd", "http://", "http://a:99999/", "x" * 5000, "http://[/"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Problem, match="address"):
        address_of(f"{url}?token=s3cret" if url else url)


def test_a_token_that_no_header_can_have_is_refused_without_being_shown() -> None:
    with pytest.raises(Problem) as refusal:
        address_of("http://localhost:8888", "a\r\nCookie: ü")
    assert "Cookie" not in str(refusal.value)


def test_no_token_is_in_a_repr() -> None:
    address = address_of("http://localhost:8888/lab?token=s3cret")
    connection = HttpConnection(address)
    for shown in (address, connection, connection._http.headers, connection.where, vars(address)):
        assert "s3cret" not in repr(shown)
        assert "s3cret" not in str(shown)


@pytest.mark.parametrize(("url", "outside"), [("http://127.0.0.1:1", False), ("http://localhost:1", False), ("http://[::1]:1", False), ("http://jupyter.example", True)])  # fmt: skip
def test_a_proxy_of_the_environment_sees_no_loopback_request(
    url: str, outside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    connection = HttpConnection(address_of(url))
    assert any(transport is not None for transport in connection._http._mounts.values()) == outside


def server_file(folder: Path, name: str, **fields: object) -> Path:
    path = folder / f"jpserver-{name}.json"
    path.write_text(json.dumps({"pid": os.getpid(), "url": f"http://localhost:{name}/", "token": "t", **fields}))
    path.chmod(0o600)
    return path


def test_running_servers_come_from_files_that_only_this_user_writes(tmp_path: Path) -> None:
    server_file(tmp_path, "1")
    server_file(tmp_path, "2", pid=2**22 + 1)  # no such process
    server_file(tmp_path, "3").chmod(0o666)
    (tmp_path / "elsewhere.json").write_text((tmp_path / "jpserver-1.json").read_text())
    (tmp_path / "jpserver-4.json").symlink_to(tmp_path / "elsewhere.json")
    (tmp_path / "jpserver-5.json").write_text("{")
    server_file(tmp_path, "6", url="ftp://localhost")
    server_file(tmp_path, "7", url=3)
    os.mkfifo(tmp_path / "jpserver-8.json")
    assert [address.url for address, _ in running_servers(tmp_path, None)] == ["http://localhost:1/"]
    assert running_servers(tmp_path / "nowhere", None) == []


def test_the_server_of_this_kernel_comes_first_then_the_newest(tmp_path: Path) -> None:
    for number, name in enumerate(["10", "11", "12"]):
        path = server_file(tmp_path, name, pid=os.getppid() if name == "10" else os.getpid())
        os.utime(path, (number, number))
    found = [(address.url[-3:-1], is_own) for address, is_own in running_servers(tmp_path, os.getppid())]
    assert found == [("10", True), ("12", False), ("11", False)]


def test_a_server_at_a_socket_is_found(tmp_path: Path) -> None:
    server_file(tmp_path, "1", url="http+unix://%2Ftmp%2Fjupyter.sock/base/")
    ((address, _),) = running_servers(tmp_path, None)
    assert (address.url, address.socket, address.is_loopback) == ("http://localhost/base/", "/tmp/jupyter.sock", True)


HUB = {
    "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:40123/user/me/",
    "JUPYTERHUB_SERVICE_PREFIX": "/user/me/",
    "JUPYTERHUB_API_TOKEN": "s3cret",
}


def test_a_kernel_on_a_hub_uses_its_server() -> None:
    address = discovery.hub_address(HUB)
    assert address is not None
    assert (address.url, address.token) == ("http://127.0.0.1:40123/user/me/", Secret("s3cret"))
    anywhere = discovery.hub_address({**HUB, "JUPYTERHUB_SERVICE_URL": "http://0.0.0.0:8888/user/me/"})
    assert anywhere is not None
    assert anywhere.url == "http://127.0.0.1:8888/user/me/"


@pytest.mark.parametrize(
    "change",
    [
        {"JUPYTERHUB_SERVICE_URL": "http://elsewhere.example:80/user/me/"},
        {"JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:40123/user/other/"},
        {"JUPYTERHUB_SERVICE_URL": "http://127.0.0.1/user/me/"},
        {"JUPYTERHUB_SERVICE_URL": ""},
        {"JUPYTERHUB_API_TOKEN": ""},
        {"JUPYTERHUB_SERVICE_PREFIX": ""},
        {"JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:x/user/me/"},
    ],
)
def test_a_hub_s_token_goes_nowhere_else(change: dict[str, str]) -> None:
    assert discovery.hub_address({**HUB, **change}) is None


class NamedError(Exception):
    """What would have been connected to."""


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(address: object) -> None:
        raise NamedError(address.url, address.token.reveal())  # type: ignore[attr-defined]

    monkeypatch.setattr(discovery, "_named", connect)


@pytest.mark.usefixtures("named")
async def test_an_argument_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIT_LAB_URL", "http://localhost:1/")
    monkeypatch.setenv("LIT_LAB_TOKEN", "of the environment")
    with pytest.raises(NamedError) as found:
        await discovery.find()
    assert found.value.args == ("http://localhost:1/", "of the environment")
    with pytest.raises(NamedError) as found:
        await discovery.find("http://localhost:2/")
    assert found.value.args == ("http://localhost:2/", ""), "the environment's token isn't for any other server"
    with pytest.raises(NamedError) as found:
        await discovery.find("http://localhost:2/", "mine")
    assert found.value.args == ("http://localhost:2/", "mine")
    monkeypatch.delenv("LIT_LAB_URL")
    with pytest.raises(Problem, match="without a server"):
        await discovery.find(token="mine")


async def test_a_program_says_why_it_doesn_t_use_its_kernel_s_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("LIT_LAB_URL", "JUPYTERHUB_SERVICE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("JPY_PARENT_PID", str(os.getppid()))
    monkeypatch.setattr(discovery, "_own", lambda: "own")
    server_file(tmp_path, "1", token="s3cret")  # nothing listens there
    server_file(tmp_path, "2", pid=os.getppid(), token="s3cret")
    with caplog.at_level("WARNING"):
        assert await discovery.find() == "own"
    (said,) = [record.getMessage() for record in caplog.records]
    assert "http://localhost:2/ isn't used" in said
    assert "can't be reached" in said
    assert "s3cret" not in said
