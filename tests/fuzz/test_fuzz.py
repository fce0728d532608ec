"""Absurd requests, generated from the API's own description, to a real server with its real model service.

`LIT_LAB_FUZZ` sets their number (`make fuzz`: 10,000; `make test-long`: 500). `conftest.py` sets a ceiling for the server's memory, and
`test_shapes.py` sends the requests that would need the most of it.
"""

from __future__ import annotations

import json
import os
import zlib

import pytest
import requests
import schemathesis
from fuzzed import known
from hypothesis import HealthCheck, Phase, settings
from live import ROOT, LiveServer
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from waiting import PATIENCE

REQUESTS = int(os.environ.get("LIT_LAB_FUZZ", "150"))

schema = schemathesis.openapi.from_dict(json.loads((ROOT / "docs/openapi.json").read_text("utf-8")))
# A restart would end everything that the other requests started, and takes seconds.
schema = schema.exclude(path_regex="/service/(re)?start$")
OPERATIONS = sum(1 for _ in schema.get_all_operations())


@schema.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
    """Use an existing id and model in two of three cases, but don't delete what the other requests need."""
    kind = case.path.removeprefix("/lit-lab/api/").split("/")[0]
    if (
        case.method != "DELETE"
        and "id" in case.path_parameters
        and kind in known
        and zlib.crc32(str(case.path_parameters["id"]).encode()) % 3
    ):
        case.path_parameters["id"] = known[kind]
    if isinstance(case.body, dict) and isinstance(case.body.get("model"), str) and len(case.body["model"]) % 3:
        case.body["model"] = "demo"
    return case


@pytest.mark.usefixtures("within_memory")
@schema.parametrize()
@settings(
    max_examples=max(REQUESTS // OPERATIONS, 1),
    deadline=None,
    derandomize=True,  # the same requests in each run
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_answers_whatever_is_asked(case: schemathesis.Case, server: LiveServer) -> None:
    try:
        # Events stream for as long as a job runs: the first ones are enough.
        response = case.call(base_url=server.url, headers=server.headers, timeout=PATIENCE)
    except requests.exceptions.InvalidHeader:
        return  # no client can send it
    case.validate_response(response, checks=[not_a_server_error, status_code_conformance, response_schema_conformance])
    assert server.token not in response.text
    assert server.process.poll() is None


def test_it_is_all_there_afterwards(server: LiveServer) -> None:
    assert server.service()["state"] == "ready"
    assert "Traceback" not in server.log
    assert server.token not in server.log
