"""The generated files match the current protocol, routes, options and version."""

import subprocess
import sys
from pathlib import Path

import pytest
from openapi_spec_validator import validate

ROOT = Path(__file__).resolve().parents[2]
FILES = ["docs/openapi.json", "src/api/schema.ts", "src/api/version.ts", "docs/configuration.md"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    subprocess.run([sys.executable, ROOT / "scripts" / "generate_api.py", folder], check=True)
    return folder


@pytest.mark.parametrize("name", FILES)
def test_generated_files_are_not_stale(generated, name):
    assert (ROOT / name).read_text("utf-8") == (generated / name).read_text("utf-8"), (
        f"{name} is stale: run `python scripts/generate_api.py` and commit the result"
    )


def test_document_is_valid_openapi():
    from lit_lab.openapi import document

    api = document("0.0.0")
    validate(api)
    names = api["components"]["schemas"]
    # One type each, or the client's types would be ambiguous.
    assert not [name for name in names if name.endswith(("-Input", "-Output"))]
    assert {"JobEvent", "JobRequest", "ErrorBody", "Token"} <= set(names)
