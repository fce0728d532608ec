"""What `pip install` brings: everything prebuilt, and a light base."""

import email
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LABEXTENSION = "lit_lab-{version}.data/data/share/jupyter/labextensions/lit-lab"


@pytest.fixture(scope="module")
def version() -> str:
    return json.loads((ROOT / "package.json").read_text())["version"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built around the front end that set-up has built."""
    assert (ROOT / "lit_lab/labextension/package.json").exists(), "build the front end first: make setup"
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
        env={**os.environ, "SKIP_JUPYTER_BUILDER": "1"},
    )
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_front_end_is_prebuilt(wheel: zipfile.ZipFile, version: str) -> None:
    prefix = LABEXTENSION.format(version=version)
    package = json.loads(wheel.read(f"{prefix}/package.json"))
    assert package["version"] == version
    assert f"{prefix}/{package['jupyterlab']['_build']['load']}" in wheel.namelist()
    schemas = {Path(name).name for name in wheel.namelist() if name.startswith(f"{prefix}/schemas/")}
    assert schemas >= {path.name for path in (ROOT / "schema").glob("*.json")}


def test_server_extension_is_enabled(wheel: zipfile.ZipFile, version: str) -> None:
    name = f"lit_lab-{version}.data/data/etc/jupyter/jupyter_server_config.d/lit_lab.json"
    assert json.loads(wheel.read(name))["ServerApp"]["jpserver_extensions"] == {"lit_lab": True}


def test_embedded_model_ships(wheel: zipfile.ZipFile) -> None:
    shipped = set(wheel.namelist())
    for path in (ROOT / "lit_lab/demo").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT).as_posix() in shipped
    size = sum(info.file_size for info in wheel.infolist() if "lit_lab/demo/" in info.filename)
    assert size < 10_000_000


def test_front_end_is_not_shipped_twice(wheel: zipfile.ZipFile) -> None:
    assert not [name for name in wheel.namelist() if name.startswith(("lit_lab/labextension", "src/", "node_modules"))]


def test_base_install_is_light(wheel: zipfile.ZipFile, version: str) -> None:
    metadata = email.message_from_bytes(wheel.read(f"lit_lab-{version}.dist-info/METADATA"))
    base = {
        re.split(r"[<>=!~\[ ;(]", line, maxsplit=1)[0]
        for line in metadata.get_all("Requires-Dist", [])
        if "extra ==" not in line
    }
    assert base == {"jupyter-server", "httpx", "pydantic"}


def test_lock_covers_every_requirement(wheel: zipfile.ZipFile, version: str) -> None:
    locked = {
        re.split("==", line, maxsplit=1)[0].lower().replace("_", "-")
        for lock in sorted((ROOT / "requirements").glob("*.txt"))
        for line in lock.read_text().splitlines()
        if "==" in line
    }
    metadata = email.message_from_bytes(wheel.read(f"lit_lab-{version}.dist-info/METADATA"))
    wanted = {
        re.split(r"[<>=!~\[ ;(]", line, maxsplit=1)[0].lower().replace("_", "-")
        for line in metadata.get_all("Requires-Dist", [])
    }
    assert wanted <= locked


@pytest.mark.parametrize("lock", ["yarn.lock", "ui-tests/yarn.lock"])
def test_locks_name_no_host(lock: str) -> None:
    assert not re.search(r"resolved|https?://", (ROOT / lock).read_text())
