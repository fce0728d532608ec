"""The address of a Jupyter server, and the token that it gets."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from lit_lab.problem import Problem

MAX_URL = 4_096

_PAGE = re.compile(r"/(lab|tree|notebooks|doc|nbclassic)(/.*)?$")
"""What follows a server's base in the address of a page."""

_SOCKET_SCHEME = "http+unix"


class Secret:
    """A text that no repr, log or traceback shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "…"

    def reveal(self) -> str:
        """Return the text."""
        return self._text


@dataclass(frozen=True)
class Address:
    """Where a Jupyter server answers.

    Attributes:
        url: Its base URL, with a slash at the end, and without user, query and fragment.
        token: The token that it gets.
        socket: The path of its Unix socket; empty: it has a port.
    """

    url: str
    token: Secret = field(default=Secret(""))
    socket: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine's own: no proxy of the environment may see its requests."""
        return bool(self.socket) or is_loopback(urlsplit(self.url).hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def address_of(url: str, token: str = "") -> Address:
    """Return the address that a user means.

    Args:
        url: A server's base URL or the address of one of its pages, as Jupyter prints it: `http://localhost:8888/lab?token=…`.
        token: The token; empty: the one in the URL, or none.

    Raises:
        Problem: It isn't an address.
    """
    try:
        if len(url) > MAX_URL:
            raise ValueError("it is too long")
        parts = urlsplit(url.strip())
        given = token or parse_qs(parts.query).get("token", [""])[0]
        if not (given.isascii() and given.isprintable()):
            raise ValueError("the token has other characters than a header may have")
        if parts.scheme == _SOCKET_SCHEME and parts.netloc:
            return Address(f"http://localhost{_base(parts.path)}", Secret(given), unquote(parts.netloc))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it has to begin with http:// or https://")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        netloc = host if parts.port is None else f"{host}:{parts.port}"
        return Address(urlunsplit((parts.scheme, netloc, _base(parts.path), "", "")), Secret(given))
    except ValueError as error:
        # Without the URL, which may hold a token.
        raise Problem(
            400,
            "bad_server",
            f"The server's address isn't one: {error}.",
            "Give the address that Jupyter prints when it starts, such as http://localhost:8888/, and its token.",
        ) from None


def _base(path: str) -> str:
    return _PAGE.sub("", path).rstrip("/") + "/"
