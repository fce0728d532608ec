"""Model addresses: `kaggle://owner/model/keras/variation[/version]` and `hf://owner/model[@revision][/file.gguf]`."""

from __future__ import annotations

import re

SCHEMES = {"kaggle": "Kaggle", "hf": "Hugging Face"}
FORMS = {
    "kaggle": "kaggle://owner/model/keras/variation, optionally with /version",
    "hf": "hf://owner/model, optionally with @revision and /file.gguf",
}
_PARTS = {"kaggle": ("owner", "model", "framework (keras)", "variation"), "hf": ("owner", "model")}
_PART = re.compile(r"[\w.-]+", re.ASCII)
# A branch, a tag or a commit. A revision with a slash, such as refs/pr/1, can be given as its commit.
_REVISION = re.compile(r"[\w-][\w.-]{0,99}", re.ASCII)
_MAX_PARTS = 8
_VERSION = re.compile(r"[1-9]\d{0,8}", re.ASCII)


def is_address(path: str) -> bool:
    """Return whether a path is an address rather than a name or a path on this machine."""
    return "://" in path


def fault(address: str) -> tuple[str, str] | None:
    """Check an address without looking it up.

    Args:
        address: The address, with its scheme.

    Returns:
        What is wrong with the address, and a hint; None if it is well-formed.
    """
    scheme, _, rest = address.partition("://")
    scheme = scheme.lower()
    if scheme not in SCHEMES:
        forms = " or ".join(FORMS.values())
        return (
            f"LIT Lab can't load models from {scheme[:40]}:// addresses.",
            f"Use {forms}, a preset's name, or a folder.",
        )
    names, site = _PARTS[scheme], SCHEMES[scheme]
    hint = f"An address on {site} has the form {FORMS[scheme]}."
    # Ignore a trailing slash.
    parts = rest.removesuffix("/").split("/") if rest else []
    for number in range(len(names)):
        if number >= len(parts) or parts[number] == "":
            missing = names[number:] if number >= len(parts) else names[number : number + 1]
            return f"{address[:200]} is incomplete: it lacks the {_listed(missing)}.", hint
    version = parts[len(names) :]
    if scheme == "kaggle" and version and not _VERSION.fullmatch(version[0]):
        return f"{version[0][:40]!r} in {address[:200]} isn't a version number.", hint
    names_file = scheme == "hf" and bool(version) and version[-1].lower().endswith(".gguf")
    if len(version) > (1 if scheme == "kaggle" else _MAX_PARTS if names_file else 0):
        return f"{address[:200]} has one part too many.", hint
    if scheme == "hf" and "@" in parts[1]:
        parts[1], _, revision = parts[1].partition("@")
        if not _REVISION.fullmatch(revision) or ".." in revision:
            return f"{revision[:40]!r} in {address[:200]} isn't a revision: a branch, a tag or a commit.", hint
    odd = next((part for part in parts if not _PART.fullmatch(part) or ".." in part or part == "."), None)
    if odd is not None:
        return f"{odd[:40]!r} in {address[:200]} isn't a valid name on {site}.", hint
    return None


def cleaned(address: str) -> str:
    """Return a valid address in its normal form: with a lower-case scheme and without a trailing slash."""
    scheme, _, rest = address.partition("://")
    return f"{scheme.lower()}://{rest.removesuffix('/')}"


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
