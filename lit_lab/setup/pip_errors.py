"""Explains why pip failed, from its output."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lit_lab.problem import Problem

AGAIN = "Set it up again: it continues with what is already downloaded."

_NOT_FOUND = "The package index that pip uses lacks a version that LIT Lab needs."
_MIRROR = "Check pip's settings (pip config list). An index of your own must mirror these versions."

_REASONS = (
    (
        re.compile(r"DO NOT MATCH THE HASHES"),
        "setup_changed",
        "The package index returned a different file than LIT Lab expects.",
        "pip installed nothing from it. An index or folder of your own must have the same files as the public index, not rebuilt "
        "packages (pip config list shows which one pip uses). Behind a proxy, try another network.",
    ),
    (
        re.compile(r"No space left on device|Errno 28|Disk quota exceeded"),
        "setup_no_room",
        "The disk has no room for the service's packages.",
        f"Free some disk space, or set JUPYTER_DATA_DIR to a folder on another disk before Jupyter starts. {AGAIN}",
    ),
    (
        re.compile(
            r"NewConnectionError|Temporary failure in name resolution|Name or service not known|nodename nor servname|"
            r"Network is unreachable|No route to host|ConnectTimeout|Read ?[Tt]ime(d )?out|ConnectionResetError|"
            r"Connection broken|IncompleteRead|ProxyError|Failed to establish a new connection|Connection refused"
        ),
        "setup_no_network",
        "The package index can't be reached, or the connection broke.",
        "Check the network, and pip's settings for a proxy or an index (pip config list). Without a network, set "
        f"PIP_NO_INDEX, and PIP_FIND_LINKS to a folder with the packages (pip download). {AGAIN}",
    ),
    (
        re.compile(r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError"),
        "setup_certificate",
        "The package index's certificate isn't trusted.",
        "Behind a proxy that decrypts connections, set pip's certificate: PIP_CERT, or pip config set global.cert.",
    ),
    (
        re.compile(r"\b40[137] (Client Error|Unauthorized|Forbidden)|User for .*:|Credentials not correct"),
        "setup_index_refused",
        "The package index refused the request.",
        "Check pip's settings, including the credentials (pip config list).",
    ),
    (
        re.compile(
            r"Failed (building wheel|to build)|Microsoft Visual C\+\+|command '?\S*(gcc|g\+\+|clang|cc|c\+\+)\S*'? failed|"
            r"Python\.h: No such file"
        ),
        "setup_no_compiler",
        "pip can't build a package from source (annoy or rouge-score, which LIT needs).",
        "Install a C++ compiler and Python's headers: on Debian and Ubuntu apt-get install g++ python3-dev, on macOS "
        f"xcode-select --install. {AGAIN}",
    ),
    (
        re.compile(r"The user requested \(constraint\) (?P<what>\S+)"),
        "setup_not_found",
        _NOT_FOUND,
        _MIRROR,
    ),
    (
        re.compile(r"No matching distribution found for (?P<what>\S+)|ResolutionImpossible|Cannot install .* because"),
        "setup_not_found",
        _NOT_FOUND,
        _MIRROR,
    ),
)


def explain(lines: Sequence[str], code: int) -> Problem:
    """Return the problem that made pip fail.

    Args:
        lines: The lines of pip's output.
        code: pip's exit status.
    """
    # The first reason in the list counts. For example, without a network pip also reports that it found no package.
    for pattern, error, message, hint in _REASONS:
        for line in lines:
            if match := pattern.search(line):
                what = match.groupdict().get("what")
                return Problem(502, error, f"{message[:-1]}: {what}." if what else message, hint)
    errors = [line for line in lines if line.lstrip().lower().startswith("error")]
    said = (errors or [line for line in lines if line.strip()] or [f"exit status {code}"])[-1].strip()
    return Problem(
        502, "setup_pip", f"pip can't install the service's packages: {said}", f"See pip's output for details. {AGAIN}"
    )
