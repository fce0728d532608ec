"""Explains failures of pip by its output."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lit_lab.problem import Problem

AGAIN = "What was downloaded is kept: run it again, and it goes on."

_NOT_FOUND = "The package index that pip uses lacks a version that LIT Lab was locked to."
_MIRROR = "Look at pip's settings (pip config list); an index of your own has to mirror these versions."

_REASONS = (
    (
        re.compile(r"DO NOT MATCH THE HASHES"),
        "setup_changed",
        "The package index gave another file than the one that LIT Lab was locked to.",
        "Nothing of it was installed. An index or folder of your own has to have the very files that the public index has, not "
        "packages that were built anew (pip config list shows which is used). Behind a proxy, try again elsewhere.",
    ),
    (
        re.compile(r"No space left on device|Errno 28|Disk quota exceeded"),
        "setup_no_room",
        "There is no room on the disk for the service's packages.",
        f"Make room, or set JUPYTER_DATA_DIR to a folder on another disk before Jupyter starts. {AGAIN}",
    ),
    (
        re.compile(
            r"NewConnectionError|Temporary failure in name resolution|Name or service not known|nodename nor servname|"
            r"Network is unreachable|No route to host|ConnectTimeout|Read ?[Tt]ime(d )?out|ConnectionResetError|"
            r"Connection broken|IncompleteRead|ProxyError|Failed to establish a new connection|Connection refused"
        ),
        "setup_no_network",
        "The package index can't be reached, or the connection broke.",
        "Look at the network, and at pip's settings for a proxy or an index (pip config list). Without a network, set "
        f"PIP_NO_INDEX and PIP_FIND_LINKS to a folder of the locked packages (pip download). {AGAIN}",
    ),
    (
        re.compile(r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError"),
        "setup_certificate",
        "The package index's certificate isn't trusted.",
        "Behind a proxy that reads along, name its certificate to pip: PIP_CERT, or pip config set global.cert.",
    ),
    (
        re.compile(r"\b40[137] (Client Error|Unauthorized|Forbidden)|User for .*:|Credentials not correct"),
        "setup_index_refused",
        "The package index refused the request.",
        "Look at pip's settings (pip config list), credentials among them.",
    ),
    (
        re.compile(
            r"Failed (building wheel|to build)|Microsoft Visual C\+\+|command '?\S*(gcc|g\+\+|clang|cc|c\+\+)\S*'? failed|"
            r"Python\.h: No such file"
        ),
        "setup_no_compiler",
        "A package that comes as source (annoy or rouge-score, which LIT needs) can't be built.",
        "It needs a C++ compiler and Python's headers: on Debian and Ubuntu apt-get install g++ python3-dev, on macOS "
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
    """Return why pip failed.

    Args:
        lines: What it wrote.
        code: Its exit status.
    """
    # Of several reasons the first in the list counts: without a network pip says at last that it found no package.
    for pattern, error, message, hint in _REASONS:
        for line in lines:
            if match := pattern.search(line):
                what = match.groupdict().get("what")
                return Problem(502, error, f"{message[:-1]}: {what}." if what else message, hint)
    errors = [line for line in lines if line.lstrip().lower().startswith("error")]
    said = (errors or [line for line in lines if line.strip()] or [f"exit status {code}"])[-1].strip()
    return Problem(
        502, "setup_pip", f"pip could not install the service's packages: {said}", f"Its output says more. {AGAIN}"
    )
