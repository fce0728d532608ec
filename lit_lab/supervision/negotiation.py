"""Whether this server and a model service elsewhere understand each other."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from lit_lab.problem import Problem
from lit_lab.protocol import SPOKEN, ProtocolRange, ServiceHealth
from lit_lab.version import version

_MAX_DROPPED = 1_000  # unknown fields of a newer service


class _Range(BaseModel):
    model_config = ConfigDict(extra="ignore")

    oldest: int
    newest: int


class _Versions(BaseModel):
    """What any version of the service says of itself, however much else it says."""

    model_config = ConfigDict(extra="ignore")

    version: str
    protocol: _Range | None = None


def understood(content: bytes, spoken: ProtocolRange = SPOKEN) -> ServiceHealth:
    """Return a service's report about itself, without what only newer versions know.

    Args:
        content: The answer to `GET /health`.
        spoken: What this server speaks.

    Raises:
        Problem: `service_version`: no version of the protocol is common to both.
        ValidationError: It isn't such a report.
    """
    said = _Versions.model_validate_json(content)
    # Before there were ranges, only equal versions understood each other.
    if said.protocol is None:
        common = spoken.newest if said.version == version() else None
    else:
        common = spoken.common(ProtocolRange(oldest=said.protocol.oldest, newest=said.protocol.newest))
    if common is None:
        raise _foreign(said, spoken)
    data = json.loads(content)
    for _ in range(_MAX_DROPPED):
        try:
            return ServiceHealth.model_validate(data)
        except ValidationError as error:
            unknown = [each["loc"] for each in error.errors(include_url=False) if each["type"] == "extra_forbidden"]
            if len(unknown) != error.error_count():
                raise
            for place in unknown:
                _drop(data, place)
    return ServiceHealth.model_validate(data)


def _drop(data: Any, place: tuple[int | str, ...]) -> None:
    for step in place[:-1]:
        data = data[step]
    del data[place[-1]]


def _foreign(said: _Versions, spoken: ProtocolRange) -> Problem:
    theirs = f"protocol {said.protocol.oldest}-{said.protocol.newest}" if said.protocol else "an older protocol"
    is_newer = said.protocol is not None and said.protocol.oldest > spoken.newest
    return Problem(
        503,
        "service_version",
        f"The model service has LIT Lab {said.version} ({theirs}), and this Jupyter server LIT Lab {version()} "
        f"(protocol {spoken}): they don't understand each other.",
        "Upgrade lit_lab in this server's environment, and restart the server."
        if is_newer
        else "It runs elsewhere: ask the person who runs it to upgrade it.",
    )
