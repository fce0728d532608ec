"""`lit-lab setup-service` with its real parts and a small index of empty packages."""

import errno
import fcntl
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import packages
import pytest
from waiting import PATIENCE

from lit_lab import cli
from lit_lab.problem import Problem
from lit_lab.setup import environment, environment_builder, own_wheel, pip_errors, pythons
from lit_lab.setup.environment_builder import EnvironmentBuilder, Plan, Stopped
from lit_lab.version import version

CHECK = ("-c", "import lit_lab.setup, tensorflow, keras; print('fine')")


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder of packages in the locked versions."""
    folder = tmp_path / "index"
    settings = packages.write_index(folder)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(own_wheel, "_SHIPPED", folder)
    return folder


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """Jupyter's data folder."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def plan(**options):
    return Plan(**{"python": sys.executable, "room": 0, "check": CHECK, **options})


def make(**options):
    reports = []
    built = EnvironmentBuilder(plan(**options), reports.append).run()
    return built, [f"{one.step} {one.line}" for one in reports]


def test_an_environment_is_made_checked_and_only_then_used(index, capsys, monkeypatch):
    """The command makes and removes it. Making an environment takes seconds, so one test checks everything."""
    monkeypatch.setattr(environment_builder, "Plan", lambda python, backend: plan(python=python, backend=backend))
    packages.write_wheel(index, "keras", "3.15.999")  # newer than the locked one
    assert environment.python() is None
    assert cli.main(["setup-service", "--python", sys.executable]) == 0
    first = environment.used()
    assert environment.python() == str(first.python)
    assert environment.unfinished() is None
    out = capsys.readouterr().out
    assert "Found Python" in out
    assert "==> Checking the environment" in out
    assert str(first.path) in out
    code = "import lit_lab, lit_lab.version; print(lit_lab.__file__, lit_lab.version.version())"
    where, number = subprocess.check_output([first.python, "-I", "-c", code], text=True).split()
    assert Path(where).is_relative_to(first.path)
    assert number == version()
    (info,) = first.path.glob("lib/python*/site-packages/keras-*.dist-info")
    (keras,) = re.findall(r"(?m)^keras==(\S+)", own_wheel.locked("tensorflow")[0].read_text())
    assert info.name == f"keras-{keras}.dist-info"

    # If the machine prevents the trial import, the environment stays, and the next setup continues with it.
    with pytest.raises(Problem) as raised:
        make(check=("-c", "raise SystemExit('F0000 1.2 3 x.cc:1] Unknown flag in TF_XLA_FLAGS: --nonsense')"))
    assert raised.value.code == "service_environment"
    assert "TF_XLA_FLAGS" in raised.value.message
    assert environment.unfinished().path.exists()
    assert environment.python() == str(first.python)

    # An environment that fails the trial import is never used, and the previous one stays in use.
    with pytest.raises(Problem) as raised:
        make(check=("-c", "raise ImportError('libfoo.so is missing')"))
    assert raised.value.code == "setup_check"
    assert "libfoo.so is missing" in raised.value.message
    assert environment.python() == str(first.python)

    # Another version has other code. Nothing outside of its list is installed.
    (listed,) = own_wheel.locked("tensorflow")
    entries = re.split(r"(?m)^(?=\S)", listed.read_text())
    listed.write_text("".join(entry for entry in entries if not entry.startswith("lit-nlp")))
    for module in (environment, environment_builder, own_wheel):
        monkeypatch.setattr(module, "version", lambda: "9.9.9")
    assert environment.python() is None
    second, _ = make()
    assert environment.python() == str(second.python)
    assert list(second.path.glob("lib/python*/site-packages/keras-*"))
    assert not list(second.path.glob("lib/python*/site-packages/lit_nlp-*"))
    assert not first.path.exists()

    assert cli.main(["setup-service", "--remove"]) == 0
    assert not environment.home().exists()
    assert environment.python() is None
    assert cli.main(["setup-service", "--remove"]) == 0
    assert "nothing to delete" in capsys.readouterr().out


@pytest.mark.long
def test_an_interrupted_setup_continues(index, monkeypatch):
    """After a stop, a missing package, one that differs from the lock, no network, or a killed process."""

    def tell(one):
        if one.step.startswith("Installing LIT Lab"):
            run.stop()

    run = EnvironmentBuilder(plan(), tell)
    with pytest.raises(Stopped):
        run.run()
    begun = environment.unfinished()
    assert begun.path.exists()

    (moved,) = index.glob("lit_nlp-*")
    moved.rename(index.parent / moved.name)
    with pytest.raises(Problem) as raised:
        make()
    assert raised.value.code == "setup_not_found"
    assert "lit-nlp" in raised.value.message
    (index.parent / moved.name).rename(moved)

    (keras,) = index.glob("keras-*")
    locked = keras.read_bytes()
    packages.write_wheel(index, *keras.name.split("-")[:2], "import os  # somebody else's")
    with pytest.raises(Problem) as raised:
        make()
    assert raised.value.code == "setup_changed"
    assert environment.python() is None
    assert not list(begun.path.glob("lib/python*/site-packages/keras*"))
    keras.write_bytes(locked)

    with monkeypatch.context() as patch:
        patch.delenv("PIP_NO_INDEX")
        patch.delenv("PIP_FIND_LINKS")
        patch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # the port that discards, where nothing listens
        patch.setenv("PIP_RETRIES", "1")
        with pytest.raises(Problem) as raised:
            make()
    assert raised.value.code == "setup_no_network"

    # Killed while pip copied a package's files.
    (info,) = begun.path.glob("lib/python*/site-packages/wheel-*.dist-info")
    (info / "RECORD").unlink()
    (info.parent / "wheel" / "__init__.py").unlink()
    assert environment.python() is None
    built, reports = make()
    assert built == begun
    assert any(line.startswith("Continuing the unfinished build") for line in reports)
    assert any("Successfully installed" in line and "tensorflow" in line for line in reports)
    assert (info.parent / "wheel" / "__init__.py").exists()
    assert environment.python() == str(built.python)


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_the_lists_have_a_hash_for_every_package_and_name_no_host(backend):
    lists = [file.read_text() for file in own_wheel.locked(backend)]
    names = []
    for text in lists:
        first, *entries = re.split(r"(?m)^(?=\S)", text)
        assert not first
        for entry in [each for each in entries if not each.startswith("#")]:
            assert re.fullmatch(r"[\w.-]+==[^\s\\]+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n*", entry), (
                entry
            )
            names.append(entry.split("==")[0])
        assert not re.search(r"://|^-|--(?!hash=)", text, re.M)
    assert {"tensorflow", "keras", "lit-nlp", "setuptools", "wheel", *own_wheel.SOURCES} <= set(names)
    assert backend in names
    assert set(own_wheel.built_elsewhere(lists)) == set(names) - own_wheel.SOURCES
    assert re.findall(r"(?m)^([\w-]+)==", own_wheel.of_builders(lists)) == ["setuptools", "wheel"]


def test_the_lists_and_the_lock_say_the_same():
    (listed,) = own_wheel.locked("tensorflow")
    found, lock = (set(re.findall(r"(?m)^[\w.-]+==[^\s;]+", file.read_text())) for file in (listed, packages.LOCK))
    assert found - lock == set()


def test_stopping_ends_what_runs(data):
    """Stop it from another thread, during a process that would take an hour."""
    environment.home().mkdir(parents=True)
    run = EnvironmentBuilder(plan(), lambda _: begun.set())
    begun, ended = threading.Event(), []

    def work():
        try:
            run._call([sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(3600)"], aloud=True)
        except Stopped:
            ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(PATIENCE)
    run.stop()
    thread.join(PATIENCE)
    assert ended == [True]


def test_only_one_at_a_time(index):
    with environment.alone(), pytest.raises(Problem) as raised:
        make()
    assert raised.value.code == "setup_busy"


def test_where_nothing_can_be_locked_it_is_made_all_the_same(index, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")  # some network file systems

    monkeypatch.setattr(fcntl, "flock", none)
    with environment.alone():
        environment.begin(environment.Environment("env-1", version(), "x"))
    assert environment.unfinished() == environment.Environment("env-1", version(), "x")


@pytest.mark.parametrize("wanted", ["~nobody-of-this-name/python", "a\0b", "x" * 5000, "\ud800"])
def test_a_python_of_any_name_is_refused_with_a_message(wanted):
    with pytest.raises(Problem) as raised:
        pythons.find(wanted)
    assert raised.value.code == "setup_no_python"


def test_no_room_is_reported_before_anything_is_made(index):
    with pytest.raises(Problem) as raised:
        make(room=10**18)
    assert raised.value.code == "setup_no_room"
    assert "GB of free space" in raised.value.message
    assert not list(environment.home().glob("env-*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_can_not_be_written(data, index):
    data.mkdir(mode=0o500)
    with pytest.raises(Problem) as raised:
        make()
    assert raised.value.code == "setup_not_written"


def test_a_file_in_the_way(data, index):
    data.write_text("")
    with pytest.raises(Problem) as raised:
        make()
    assert raised.value.code == "setup_not_written"


@pytest.mark.parametrize("folder", ["../../bin", "/usr", "env-1/../../x", ""])
def test_nothing_is_run_that_was_not_made_here(data, folder):
    environment.home().mkdir(parents=True)
    content = {"folder": folder, "version": version(), "made_with": "x", "backend": "tensorflow"}
    (environment.home() / "environment.json").write_text(json.dumps(content))
    assert environment.python() is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"folder": 1}', '{"a": "b"}', "\0"])
def test_a_damaged_note_counts_as_none(data, content):
    environment.home().mkdir(parents=True)
    (environment.home() / "environment.json").write_text(content)
    assert environment.used() is None


def test_the_own_wheel_has_the_code_that_runs_and_no_front_end(tmp_path):
    with zipfile.ZipFile(own_wheel.build(tmp_path)) as file:
        names = set(file.namelist())
        assert file.read("lit_lab/setup/environment.py") == Path(environment.__file__).read_bytes()
        metadata = file.read(f"lit_lab-{version()}.dist-info/METADATA").decode()
        recorded = {line.split(",")[0] for line in file.read(f"lit_lab-{version()}.dist-info/RECORD").decode().split()}
    assert "lit_lab/demo/preset/config.json" in names
    assert not [name for name in names if "labextension" in name or "__pycache__" in name]
    assert "tensorflow" in metadata
    assert f"Version: {version()}\n" in metadata
    assert recorded == names


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "setup_no_room"),
        (
            "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by "
            "'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection>: Failed to establish a new connection')'",
            "setup_no_network",
        ),
        ("pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool: Read timed out.", "setup_no_network"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "setup_certificate"),
        ("ERROR: HTTP error 403 Client Error: Forbidden for url: https://index.example/x.whl", "setup_index_refused"),
        ("  error: command 'x86_64-linux-gnu-g++' failed: No such file or directory", "setup_no_compiler"),
        ("  ERROR: Failed building wheel for annoy", "setup_no_compiler"),
        ("ERROR: No matching distribution found for tensorflow==2.21.0", "setup_not_found"),
        ("ERROR: something that nobody foresaw", "setup_pip"),
    ],
)
def test_each_failure_of_pip_is_reported_with_what_helps(line, error):
    # Without a network pip says last that it found nothing.
    last = "ERROR: No matching distribution found for x" if error == "setup_no_network" else ""
    problem = pip_errors.explain(["Collecting x", line, last], 1)
    assert problem.code == error
    assert problem.hint


class TestCommand:
    def test_version(self, capsys):
        with pytest.raises(SystemExit) as raised:
            cli.main(["--version"])
        assert raised.value.code == 0
        assert capsys.readouterr().out == f"lit-lab {version()}\n"

    def test_a_failure_is_reported_with_what_to_do(self, capsys):
        assert cli.main(["setup-service", "--python", "/nowhere/python3.12"]) == 1
        reported = capsys.readouterr().err
        assert "/nowhere/python3.12 isn't a Python" in reported
        assert "uv python install" in reported
        assert not environment.home().exists() or not list(environment.home().glob("env-*"))

    def test_it_runs_as_a_module(self):
        done = subprocess.run([sys.executable, "-m", "lit_lab", "--help"], capture_output=True, text=True, check=True)
        assert "setup-service" in done.stdout
