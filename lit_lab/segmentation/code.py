"""Lines of code in a text."""

from __future__ import annotations

from .ecmascript import BLANKS, compile

_CONSOLE = compile(r"\s*(?:>>> |\.\.\. |[$#%!] ?\w+ .*--?\w)")
"""Lines of a console and of a shell."""

_KEYWORD = compile(
    r"\s*(?:def|class|import|from|return|if|elif|else|for|while|with|try|except|const|let|var|function|public|private|SELECT)\b"
)
"""How a statement begins."""

_CODE_SIGNS = ":;(){}="
"""Signs at a statement's end, or in its last word."""

_ASSIGNMENT = compile(r"[^.!?]*[\w\])] ?(?:=|\+=|:=|=>) ?\S")

_TERMINATOR = compile(r"[\n\r\u2028\u2029]")
"""What ends a line for the dot of a regular expression."""


def is_code(line: str) -> bool:
    """Whether a line is code, which isn't split at full stops."""
    return (
        _CONSOLE.match(line) is not None
        or _is_statement(line)
        or (_TERMINATOR.search(line) is None and _ASSIGNMENT.match(line) is not None)
        or line.rstrip(BLANKS)[-1:] in (";", "{", "}")
    )


def _is_statement(line: str) -> bool:
    """Whether a line begins with a keyword and has a sign of code in its last word, or right before that."""
    keyword = _KEYWORD.match(line)
    if keyword is None:
        return False
    body = line[keyword.end() :].rstrip(BLANKS)
    start = len(body)
    while start > 0 and body[start - 1] not in BLANKS:
        start -= 1
    if any(sign in body[start:] for sign in _CODE_SIGNS):
        return True
    before = body[:start].rstrip(BLANKS)
    return before != "" and before[-1] in _CODE_SIGNS
