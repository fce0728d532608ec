"""Renders conversations with a chat template, as transformers does: `python child.py`, with a request as JSON on standard input.

`rendering.py` runs this as a script, without the rest of this package. A template is another person's program: it runs in Jinja's
sandbox, in a process that can open no files and start no processes, with bounded memory and time. The first line of the output
says that it starts; JSON follows.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from typing import Any

_SECONDS = 5  # of computing time, in case the parent is gone


def main() -> None:
    """Render the requested conversations."""
    order = json.load(sys.stdin)
    # The parent only passes Jinja's location.
    sys.path += order["path"]
    environment = _environment(order["date"])
    _bound(order["memory"])
    _say("ready\n")
    try:
        answer = json.dumps(_rendered(environment, order))
    except MemoryError as error:
        answer = json.dumps([_fault(error)])
    _say(answer)
    os._exit(0)


def _environment(date: str) -> Any:
    """Return a template's environment. Imports everything that a template may need while files can still be opened."""
    import jinja2.debug
    import jinja2.ext
    from jinja2 import TemplateError, nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(jinja2.ext.Extension):
        """`{% generation %}` marks the model's text for training; here only its content counts."""

        tags = {"generation"}  # noqa: RUF012 - as in its base class

        def parse(self, parser: Any) -> list[nodes.Node]:
            next(parser.stream)
            body: list[nodes.Node] = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return body

    def raise_exception(message: object) -> None:
        raise _RefusedError(str(message))

    def strftime_now(form: str) -> str:
        environment.asked_date = True
        return datetime.fromisoformat(date).strftime(form)

    def tojson(value: Any, ensure_ascii: bool = False, **options: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, **options)

    environment: Any = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals |= {"raise_exception": raise_exception, "strftime_now": strftime_now}
    environment.asked_date = False
    # The first use imports modules, which are available from then on.
    for text in ("{{ raise_exception('') }}", "{{ strftime_now('%d %b') | tojson }}{{ '1' | int }}", "{{"):
        try:
            environment.from_string(text).render()
        except (TemplateError, _RefusedError):
            continue
    return environment


class _LongError(Exception):
    """All conversations together are too long."""


class _RefusedError(Exception):
    """A template refuses a conversation."""


def _rendered(environment: Any, order: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each conversation's text and whether it used the date, or an error."""
    room = order["max_chars"]
    results: list[dict[str, Any]] = []
    try:
        template = environment.from_string(order["template"])
    except Exception as error:
        return [_fault(error) for _ in order["conversations"]]
    shared = {**order["special"], "tools": None, "documents": None, "add_generation_prompt": True}
    for conversation in order["conversations"]:
        environment.asked_date = False
        pieces: list[str] = []
        try:
            for piece in template.generate(**{**shared, **conversation}):
                room -= len(piece)
                if room < 0:
                    raise _LongError
                pieces.append(piece)
        except Exception as error:  # a template can raise any exception of Python's functions
            results.append(_fault(error))
        else:
            results.append({"text": "".join(pieces), "date": environment.asked_date})
    return results


def _fault(error: Exception) -> dict[str, Any]:
    from jinja2.exceptions import SecurityError, TemplateSyntaxError

    kinds: dict[type[Exception], str] = {_LongError: "long", _RefusedError: "refused", MemoryError: "memory"}
    kinds |= {RecursionError: "deep", SecurityError: "unsafe", TemplateSyntaxError: "syntax"}
    kind = next((kind for cls, kind in kinds.items() if isinstance(error, cls)), "failed")
    where = f"line {error.lineno}: " if isinstance(error, TemplateSyntaxError) else ""
    what = f"{type(error).__name__}: " if kind == "failed" else ""
    return {"fault": kind, "message": f"{where}{what}{error}"[:1000]}


def _bound(memory: int) -> None:
    """Bound memory and time, and forbid opening files and starting processes, as far as the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    bounds = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, _SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ]
    for what, most in bounds:
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):  # macOS refuses to bound the address space
            continue


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
