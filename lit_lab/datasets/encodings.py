"""A better guess at a text's encoding than Windows-1252, which the user may choose."""

from __future__ import annotations

_SAMPLE = 1 << 16
"""Bytes that are looked at: enough for any script, and some 50 ms at most."""

_TIE = 0.02
"""How much more disorder another encoding may show than the best, and be named, too."""

_CANDIDATES = {
    "cp1252": "",
    "gb18030": "Chinese (GBK, GB 18030)",
    "cp932": "Japanese (Shift-JIS)",
    "euc_jp": "Japanese (EUC-JP)",
    "cp949": "Korean (EUC-KR)",
    "big5": "Chinese (Big5)",
}
"""What a text may be in: as the menu of encodings calls them."""


def remark_on(head: bytes) -> str:
    """Return a remark where a text that is read as Windows-1252 looks like another encoding; empty else.

    It is never read in that one by itself: every text is readable as Windows-1252, and short ones look like several others.
    `charset_normalizer` comes with JupyterLab, by requests; without it nothing is guessed.
    """
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return ""
    # A character may be cut at the sample's end: it ends with a line, where there is one.
    sample = head[:_SAMPLE]
    end = sample.rfind(b"\n") + 1
    sample = sample[:end] if end and len(head) > _SAMPLE else sample
    found = from_bytes(sample, cp_isolation=list(_CANDIDATES))
    if any(match.encoding == "cp1252" for match in found):
        return ""  # it may well be
    names = [
        name
        for match in found
        if match.chaos <= found[0].chaos + _TIE and (name := _CANDIDATES.get(match.encoding, ""))
    ]
    if not names:
        return ""
    looks = " or ".join(names)
    return f"The file is read as Windows-1252, but looks like {looks}: choose an encoding if its texts look wrong."
