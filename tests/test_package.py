"""What `pip install` installs: everything prebuilt, and few dependencies."""

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
MAX_BYTES = 4_000_000
"""The wheel's size, source maps left out: a release has none, and a checkout's front end has."""

LABEXTENSION = "lit_lab-{version}.data/data/share/jupyter/labextensions/lit-lab"


@pytest.fixture(scope="module")
def version() -> str:
    return json.loads((ROOT / "package.json").read_text())["version"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, with the front end that the setup has built."""
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


def test_what_is_read_beside_the_code_ships(wheel: zipfile.ZipFile) -> None:
    beside = {str(path.relative_to(ROOT)) for path in ROOT.glob("lit_lab/*/*.json")}
    assert "lit_lab/models/known.json" in beside
    assert set(wheel.namelist()) >= {name for name in beside if "labextension" not in name}


def test_front_end_is_not_shipped_twice(wheel: zipfile.ZipFile) -> None:
    assert not [name for name in wheel.namelist() if name.startswith(("lit_lab/labextension", "src/", "node_modules"))]


def test_wheel_holds_what_it_must_and_nothing_else(wheel: zipfile.ZipFile, version: str) -> None:
    names = wheel.namelist()
    data, info = f"lit_lab-{version}.data/data/", f"lit_lab-{version}.dist-info/"
    parts = (
        "lit_lab/",
        info,
        f"{data}share/jupyter/labextensions/lit-lab/",
        f"{data}etc/jupyter/jupyter_server_config.d/",
    )
    assert not [name for name in names if not name.startswith(parts)]
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".ts", ".tsx", ".npz"))]
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lit_lab").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == code | {"lit_lab/_version.py"}
    for name in ("tensorflow", "jax", "torch"):
        assert wheel.read(f"lit_lab/setup/locked/{name}.txt") == (ROOT / f"requirements/hashed/{name}.txt").read_bytes()
    assert "lit-lab = lit_lab.cli:main" in wheel.read(f"{info}entry_points.txt").decode()
    assert f"{info}licenses/LICENSE" in names
    assert "lit_lab/py.typed" in names


def test_addresses_are_those_of_the_front_end(wheel: zipfile.ZipFile, version: str) -> None:
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    metadata = email.message_from_bytes(wheel.read(f"lit_lab-{version}.dist-info/METADATA"))
    urls = {address.split(", ")[1] for address in metadata.get_all("Project-URL", [])}
    assert urls == {package["homepage"], package["bugs"]["url"], package["repository"]["url"]}


def test_wheel_is_small(wheel: zipfile.ZipFile) -> None:
    assert sum(info.compress_size for info in wheel.infolist() if not info.filename.endswith(".map")) < MAX_BYTES


def earlier(wheel: zipfile.ZipFile, version: str, folder: Path) -> Path:
    """Write the wheel again as an earlier version, with a module that no longer exists."""
    old = "0.0.1"
    path = folder / f"lit_lab-{old}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as made:
        for info in wheel.infolist():
            data = wheel.read(info)
            name = info.filename.replace(f"lit_lab-{version}", f"lit_lab-{old}", 1)
            if name.endswith(".dist-info/METADATA"):
                data = data.replace(f"\nVersion: {version}\n".encode(), f"\nVersion: {old}\n".encode(), 1)
            if name.endswith(".dist-info/RECORD"):
                data = data.replace(f"lit_lab-{version}".encode(), f"lit_lab-{old}".encode())
                data += b"lit_lab/gone.py,,\n"
            if name == "lit_lab/_version.py":
                data = data.replace(version.encode(), old.encode())
            made.writestr(name, data)
        made.writestr("lit_lab/gone.py", "")
    return path


class Environment:
    """A separate environment in a folder. pip's own files and bytecode of other programs don't count."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        self.python = folder / "bin" / "python"

    def pip(self, *arguments: str | Path) -> None:
        command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", self.python]
        subprocess.run([*command, *arguments], check=True, capture_output=True)

    def install(self, wheel: str | Path) -> None:
        self.pip("install", "--no-deps", "--no-index", "--upgrade", wheel)

    def use(self) -> str:
        """Import the package, which writes bytecode, and return its version."""
        code = "import lit_lab.version as it; print(it.__file__); print(it.version())"
        ran = subprocess.run([self.python, "-I", "-c", code], check=True, capture_output=True, text=True)
        file, version = ran.stdout.split()
        assert Path(file).is_relative_to(self.folder)
        return version

    def files(self) -> set[Path]:
        return {path.relative_to(self.folder) for path in self.folder.rglob("*") if not path.is_dir()}


def test_uninstalling_leaves_nothing_behind(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """An environment's files are the same before and after, although the package was used in between."""
    environment = Environment(tmp_path / "environment")
    before = environment.files()
    environment.install(wheel.filename)
    assert {path.name for path in environment.files()} >= {"lit_lab.json", "lit-lab", "install.json", "tensorflow.txt"}
    environment.use()
    environment.pip("uninstall", "--yes", "lit_lab")
    assert environment.files() == before


@pytest.mark.long
def test_upgrading_leaves_nothing_behind(wheel: zipfile.ZipFile, version: str, tmp_path: Path) -> None:
    """After an upgrade from a used earlier version, the files are those of an environment that never had it."""
    upgraded, fresh = Environment(tmp_path / "environment"), Environment(tmp_path / "fresh")
    upgraded.install(earlier(wheel, version, tmp_path))
    assert upgraded.use() == "0.0.1"
    assert any(path.name == "gone.py" for path in upgraded.files())
    upgraded.install(wheel.filename)
    fresh.install(wheel.filename)
    assert upgraded.use() == fresh.use() == version
    assert upgraded.files() == fresh.files()


def test_type_checkers_see_the_package_as_typed(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    environment, caller = Environment(tmp_path / "environment"), tmp_path / "caller.py"
    environment.install(wheel.filename)
    caller.write_text(
        "from lit_lab import explain, load_run\nreveal_type(load_run)\nreveal_type(explain('Hi').map().top(1))\n"
    )
    command = [sys.executable, "-m", "mypy", "--python-executable", environment.python, "--config-file", os.devnull]
    said = subprocess.run(
        [*command, "--cache-dir", os.devnull, caller.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MYPYPATH")},
    ).stdout
    assert "import-untyped" not in said
    assert re.search(r'Revealed type is "def \(source: .*\) -> lit_lab\.client\.run\.Run"', said), said
    assert 'Revealed type is "list[lit_lab.client.salience_map.Segment]"' in said, said


def test_base_install_is_light(wheel: zipfile.ZipFile, version: str) -> None:
    metadata = email.message_from_bytes(wheel.read(f"lit_lab-{version}.dist-info/METADATA"))
    base = {
        re.split(r"[<>=!~\[ ;(]", line, maxsplit=1)[0]
        for line in metadata.get_all("Requires-Dist", [])
        if "extra ==" not in line
    }
    # jupyter-server's jupyter-events already needs pyyaml and jsonschema, so they add no package.
    assert base == {"jupyter-server", "httpx", "pydantic", "pyyaml", "jsonschema"}


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
