"""Matches regular expressions and JSON Schemas: `python child.py MEMORY SECONDS`, with a request as a line of JSON on standard input.

`bounded.py` runs this as a script, without the rest of this package. For each request it writes a line when it begins to match,
and a line with the result. It ends itself, by a signal, when a request computes for too long.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any


def main(memory: int, seconds: float) -> None:
    """Answer requests until standard input ends.

    Args:
        memory: Most address space in bytes, if the system can limit it.
        seconds: Most computing time of a request, if the system can limit it.
    """
    _bound(memory)
    for line in sys.stdin.buffer:
        order = json.loads(line.decode("utf-8", "surrogatepass"))
        if order["what"] == "schema":
            _import_schemas()  # before time counts
        _limit(seconds)
        _say("null")
        answer = _answer(order)
        _limit(0)
        _say(answer)


def _answer(order: dict[str, Any]) -> str:
    try:
        return json.dumps(_matched(order))
    except MemoryError:
        return json.dumps({"wrong": "it takes too much memory"})


def _matched(order: dict[str, Any]) -> dict[str, Any]:
    if order["what"] == "schema":
        return _validated(order["schema"], order["values"])
    try:
        pattern = re.compile(order["pattern"], order["flags"])
        text = order["text"]
        if order["what"] == "search":
            return {"found": pattern.search(text) is not None}
        return {"ends": _ends(pattern, text)}
    except re.error as error:
        where = f" at character {error.pos + 1}" if error.pos is not None else ""
        return {"wrong": f"{error.msg}{where}"}
    except OverflowError:
        return {"wrong": "a number of repetitions is too large"}
    except ValueError as error:  # of flags that exclude each other
        return {"wrong": str(error)}
    except RecursionError:
        return {"wrong": "its groups are nested too deeply"}


def _ends(pattern: re.Pattern[str], text: str) -> list[int]:
    """Return where matches end, one behind the other. After an empty match JavaScript goes on one character later, so this does, too."""
    ends: list[int] = []
    at = 0
    while at <= len(text) and (match := pattern.search(text, at)):
        ends.append(match.end())
        at = match.end() + (match.end() == match.start())
    return ends


def _validated(schema: Any, values: list[Any]) -> dict[str, Any]:
    """Return why values don't fit a schema, or why it is none. Nothing is fetched: references lead into the schema itself."""
    from jsonschema import Draft202012Validator, SchemaError, validators
    from jsonschema.exceptions import best_match
    from jsonschema_specifications import REGISTRY
    from referencing.exceptions import Unresolvable

    def about(error: Any) -> str:
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(
            "."
        )
        return f"{where}: {error.message}"[:1000] if where else str(error.message)[:1000]

    if not isinstance(schema, dict):
        return {"wrong": "it isn't an object"}
    kind = validators.validator_for(schema, default=None if "$schema" in schema else Draft202012Validator)
    if kind is None:
        return {"wrong": "its $schema isn't a version of JSON Schema that LIT Lab knows"}
    try:
        kind.check_schema(schema)
        validator = kind(schema, registry=REGISTRY)
        faults = [best_match(validator.iter_errors(value)) for value in values]
    except SchemaError as error:
        return {"wrong": about(error)}
    except Unresolvable as error:
        return {"wrong": f"it refers to {error.ref[:200]}, which isn't in it"}
    except re.error as error:
        return {"wrong": f"{str(error.pattern)[:200]!r} isn't a regular expression: {error.msg}"}
    except RecursionError:
        return {"wrong": "it refers to itself without end, or is nested too deeply"}
    return {"faults": [about(error) if error else "" for error in faults]}


def _import_schemas() -> None:
    """Import what schemas need. `format` is only a remark in them, and what would check it takes seconds to import."""
    sys.modules.update(dict.fromkeys(("rfc3987_syntax", "isoduration")))  # type: ignore[arg-type]
    import jsonschema  # noqa: F401


def _bound(memory: int) -> None:
    """Limit the address space, and disable core files, which would contain the user's texts."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, memory)):
        hard = resource.getrlimit(what)[1]
        try:
            resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
        except (ValueError, OSError):  # macOS has the second limit, and refuses to set it
            continue


def _limit(seconds: float) -> None:
    """Have the system end this process after so much computing time; 0: not any more."""
    import signal

    if hasattr(signal, "setitimer"):  # not on Windows
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
