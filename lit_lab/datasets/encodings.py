"""Suggests other encodings for a text that is read as Windows-1252."""

from __future__ import annotations

_SAMPLE = 1 << 16
"""The number of bytes to examine: enough for any script, in at most about 50 ms."""

_TIE = 0.02
"""How much more disorder than the best encoding another one may show to be suggested as well."""

_CANDIDATES = {
    "cp1252": "",
    "gb18030": "Chinese (GBK, GB 18030)",
    "cp932": "Japanese (Shift-JIS)",
    "euc_jp": "Japanese (EUC-JP)",
    "cp949": "Korean (EUC-KR)",
    "big5": "Chinese (Big5)",
}
"""The encodings to consider, with their names in the menu of encodings."""


def remark_on(head: bytes) -> str:
    """Return a remark if a text that is read as Windows-1252 looks like another encoding; else an empty text.

    The file isn't reread in this encoding automatically: every text is valid in Windows-1252, and short texts look like several
    encodings. `charset_normalizer` comes with JupyterLab, as a dependency of requests. Without it, the result is empty.
    """
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return ""
    # The sample may end within a character, so cut it at a line's end if there is one.
    sample = head[:_SAMPLE]
    end = sample.rfind(b"\n") + 1
    sample = sample[:end] if end and len(head) > _SAMPLE else sample
    found = from_bytes(sample, cp_isolation=list(_CANDIDATES))
    if any(match.encoding == "cp1252" for match in found):
        return ""  # Windows-1252 may be right
    names = [
        name
        for match in found
        if match.chaos <= found[0].chaos + _TIE and (name := _CANDIDATES.get(match.encoding, ""))
    ]
    if not names:
        return ""
    looks = " or ".join(names)
    return f"The file is read as Windows-1252, but looks like {looks}: choose an encoding if its texts look wrong."
