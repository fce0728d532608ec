r"""The characters that Python's `\N{…}` names."""

from __future__ import annotations

import unicodedata


def unicode_names(names: list[str]) -> dict[str, str]:
    r"""Return the characters of the names that `\N{…}` knows: names and aliases, in any case.

    `unicodedata.lookup` also knows named sequences, which Python's literals refuse.
    """
    found = {}
    for name in names:
        try:
            character = unicodedata.lookup(name)
        except KeyError:
            continue
        if len(character) == 1:
            found[name] = character
    return found
