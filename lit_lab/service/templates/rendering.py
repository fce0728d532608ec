"""Finds out what a chat template puts around a prompt, by rendering placeholders, once for each model.

A template is another person's program. It runs in a separate process (`child.py`), which is ended after two seconds, and it never
sees a prompt: the text before and after a placeholder is the text around any prompt.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from . import child
from .stored import Template, TemplateError

SECONDS = 2.0
"""Maximum time for a template."""

STARTING = 30.0  # seconds for the process to start: on a busy machine or a slow disk, longer than a template may take
MEMORY = 256 * 2**20
"""Maximum address space in bytes, including Python and Jinja, where the system can bound it."""

MAX_OUTPUT_CHARS = 2**20
"""Maximum length of a template's output, in all conversations together."""

_MAX_RESULT_BYTES = 12 * MAX_OUTPUT_CHARS + 2**16  # of the process's output: at most twelve bytes per character
_VARIABLES = (
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
)  # that the process gets: some Pythons don't start without them
DATE = "2024-07-26"
"""The date for templates: always the same, so that answers are. It is the default of Llama's own templates."""

_MAX_MESSAGE_CHARS = 200  # of a template's message in an error

# Only letters: some templates strip blanks from a text's ends, but none changes letters.
_USER, _MODEL, _NEXT, _SYSTEM = "LitLabUserText", "LitLabModelText", "LitLabNextText", "LitLabSystemText"

System = Literal["none", "possible", "added"]

_NO_TEMPLATE = Template("")


@dataclass(frozen=True)
class Around:
    """The text before a user's prompt and after it, so that the model's turn follows."""

    before: str
    behind: str


@dataclass(frozen=True)
class Rendering:
    """What a template does.

    Attributes:
        plain: Around a prompt, without thinking.
        thinking: Around a prompt if the model should think first; None if the template can't do that.
        system: Whether it has a system turn; `added` if it adds one to a prompt without one.
        system_opening: The beginning of a system turn; empty if it has none.
        closing: The text after the model's turn, up to the user's next text; empty if unknown.
        date: The date that it got; empty if it doesn't use the date.
        swallowing: Tokens that include the blanks after them, according to the model's tokenizer.
        template: The template itself.
    """

    plain: Around
    thinking: Around | None = None
    system: System = "none"
    system_opening: str = ""
    closing: str = ""
    date: str = ""
    swallowing: frozenset[str] = frozenset()
    template: Template = _NO_TEMPLATE


def rendered(template: Template) -> Rendering:
    """Return what a template does.

    Raises:
        TemplateError: The template can't be used.
    """
    user = {"role": "user", "content": _USER}
    talk = [user, {"role": "assistant", "content": _MODEL}, {"role": "user", "content": _NEXT}]
    orders = [
        ([user], False),
        ([user], True),
        ([{"role": "system", "content": _SYSTEM}, user], False),
        (talk, False),
    ]
    rendered = run(template, [{"messages": messages, "enable_thinking": thinks} for messages, thinks in orders])

    def around(result: dict[str, Any]) -> Around:
        return _around(swallowed(text_of(result), template.swallowing))

    plain = around(rendered[0])
    thinking, system, closing = None, None, ""
    with contextlib.suppress(TemplateError):
        thinking = around(rendered[1])
    with contextlib.suppress(TemplateError):
        system = _between(text_of(rendered[2]), "", _SYSTEM)
    with contextlib.suppress(TemplateError):
        closing = _between(text_of(rendered[3]), _MODEL, _NEXT)
    start = template.special.get("bos_token", "")
    before, opening = plain.before.removeprefix(start), (system or "").removeprefix(start)
    has_own = opening not in ("", before) and before.startswith(opening)
    return Rendering(
        plain,
        thinking if thinking != plain else None,
        "none" if system is None else "added" if has_own else "possible",
        opening,
        closing,
        DATE if any(each.get("date") for each in rendered[:2]) else "",
        template.swallowing,
        template,
    )


def swallowed(text: str, tokens: frozenset[str]) -> str:
    """Return a text without the blanks after these tokens, which include such blanks.

    Both are untrusted, so this takes time in proportion to the text, whatever the tokens are.
    """
    lengths = {len(token) for token in tokens}

    def without(blanks: re.Match[str]) -> str:
        at = blanks.start()
        return "" if any(text[max(0, at - length) : at] in tokens for length in lengths) else blanks.group()

    return re.sub(r"\s+", without, text) if tokens else text


def _around(text: str) -> Around:
    before, found, behind = text.partition(_USER)
    if not found:
        raise TemplateError("omits or changes the prompt")
    if _USER in behind:
        raise TemplateError("repeats the prompt")
    return Around(before, behind)


def _between(text: str, one: str, other: str) -> str:
    """Return the text between two texts that occur once each. Raises `TemplateError`."""
    if text.count(other) != 1 or (one and text.count(one) != 1):
        raise TemplateError("omits a turn")
    return text[text.index(one) + len(one) : text.index(other)]


def text_of(rendered: dict[str, Any]) -> str:
    """Return a rendered conversation. Raises `TemplateError`."""
    fault = rendered.get("fault")
    if fault is None:
        text = rendered["text"]
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise TemplateError("writes half of a character (a lone surrogate)") from error
        return str(text)
    words = shown(rendered.get("message", ""))
    raise TemplateError(
        {
            "long": f"writes more than {MAX_OUTPUT_CHARS:,} characters",
            "memory": _TOO_LARGE,
            "deep": "calls itself endlessly",
            "syntax": f"isn't valid Jinja ({words})",
            "unsafe": f"uses operations that templates may not use ({words})",
            "refused": f"refuses a conversation of one turn ({words})",
        }.get(fault, f"fails ({words})")
    )


_TOO_LARGE = f"takes more than {MEMORY // 2**20} MiB of memory"


def shown(words: str) -> str:
    """Return a template's message in displayable form."""
    return (
        " ".join("".join(each if each.isprintable() else " " for each in words).split())[:_MAX_MESSAGE_CHARS]
        or "it gives no reason"
    )


def run(template: Template, conversations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Render conversations, and return the results. Raises `TemplateError`."""
    order = {
        "path": _places(),
        "date": DATE,
        "memory": MEMORY,
        "max_chars": MAX_OUTPUT_CHARS,
        "template": template.text,
        "special": template.special,
        "conversations": conversations,
    }
    # Isolated: the user's variables, folders and site files have no effect.
    process = subprocess.Popen(  # noqa: S603 - LIT Lab's own script
        [sys.executable, "-I", "-S", child.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _VARIABLES if name in os.environ},
    )
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    try:
        content = _talk(process, json.dumps(order).encode(), end)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
    if content is None:
        raise TemplateError("couldn't be tried: the process for it didn't start")
    if late.is_set():
        raise TemplateError(f"takes more than {SECONDS:.0f} seconds")
    try:
        rendered = json.loads(content)
    except ValueError as error:  # without memory, Python may end without an error
        raise TemplateError(f"breaks off, or {_TOO_LARGE}") from error
    if len(rendered) < len(conversations):
        raise TemplateError(_TOO_LARGE)
    return list(rendered)


def _talk(process: subprocess.Popen[bytes], order: bytes, end: Any) -> bytes | None:
    """Send a request and return the answer; None if the process didn't start."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process was started without pipes")
    starting = threading.Timer(STARTING, end)
    starting.start()
    try:
        with contextlib.suppress(OSError):
            process.stdin.write(order)
            process.stdin.close()
        begun = process.stdout.readline(16) == b"ready\n"
    finally:
        starting.cancel()
    if not begun:
        return None
    working = threading.Timer(SECONDS, end)
    working.start()
    try:
        return process.stdout.read(_MAX_RESULT_BYTES)
    finally:
        working.cancel()


def _places() -> list[str]:
    """Return the folders of Jinja and its dependencies. Raises `TemplateError`."""
    specs = [importlib.util.find_spec(name) for name in ("jinja2", "markupsafe")]
    files = [spec.origin for spec in specs if spec is not None and spec.origin is not None]
    if len(files) < len(specs):
        raise TemplateError("needs the package Jinja2, which the model service doesn't have")
    return list(dict.fromkeys(str(Path(file).parents[1]) for file in files))
