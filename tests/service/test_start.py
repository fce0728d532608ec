"""What the service imports at its start, its memory limit, and its priority."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import mmap
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE

from lit_lab.problem import Problem
from lit_lab.service import garbage_collection, libraries, process_priority
from lit_lab.service.memory import Watchdog, resident_bytes

PROGRAM = """
import json, sys
from lit_lab.service import libraries
from lit_lab.service.memory import resident_bytes
libraries.set_environment(1); libraries.import_tensorflow(1)
import tensorflow as tf
before = resident_bytes()
held = [tf.random.stateless_uniform([2**20, 32], [1, 2]) + 1.0 for _ in range(4)]  # 128 MB each
during = resident_bytes()
del held
memory = before, during, resident_bytes()
libraries.import_keras()
import lit_lab.service.language_model, lit_lab.service.causal_lm
from lit_lab.service.datasets import sample_prompts; sample_prompts()
import keras; assert keras.config.backend() == 'tensorflow' and keras.config.floatx() == 'float32'
modules = sorted({name.partition('.')[0] for name in sys.modules} | set(sys.modules))
print(json.dumps({"modules": modules, "memory": memory}))
"""


@pytest.fixture(scope="module")
def started() -> dict[str, Any]:
    """The report of a process that imported the service's libraries: its modules, and its memory before, during and after use."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_nothing_that_is_not_needed_is_imported(started: dict[str, Any]) -> None:
    modules = set(started["modules"])
    assert {"tensorflow", "keras", "keras_nlp", "lit_nlp"} <= modules
    assert not modules & (libraries.UNUSED | {"lit_nlp.app", "jupyter_server", "tornado", "IPython", "torch"})


def test_memory_that_is_freed_goes_back_to_the_system(started: dict[str, Any]) -> None:
    before, during, after = started["memory"]
    assert during - before > 4 * 100e6
    assert after - before < 150e6


def test_listening_needs_no_heavy_library() -> None:
    program = "import lit_lab.service.app, lit_lab.service.__main__, sys; print('tensorflow' in sys.modules, 'numpy' in sys.modules, 'jupyter_server' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]


def test_left_out_packages_can_be_imported_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "left_out_for_now.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with libraries.without(frozenset({"left_out_for_now"})), pytest.raises(ModuleNotFoundError, match="left out"):
        importlib.import_module("left_out_for_now")
    importlib.import_module("left_out_for_now")


def test_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "REQUIRED", ("json", "no_such_library"))
    with pytest.raises(Problem, match="no_such_library") as failure:
        libraries.check_interpreter()
    assert "pip install" in failure.value.hint or "service_python" in failure.value.hint


def test_a_missing_backend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "REQUIRED", ())
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Problem, match="lacks it") as failure:
        libraries.check_interpreter("jax")
    assert failure.value.code == "missing_backend"
    assert "lit-lab[service,jax]" in failure.value.hint


def test_all_cores_but_one_unless_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_priority.os, "sched_getaffinity", lambda _: range(6), raising=False)
    assert process_priority.threads(None) == 5
    assert process_priority.threads(8) == 8
    monkeypatch.setattr(process_priority.os, "sched_getaffinity", lambda _: range(1), raising=False)
    assert process_priority.threads(None) == 1


def test_resident_memory_grows_with_what_is_held() -> None:
    size = 64 * 2**20
    # Directly from the system: the allocator might reuse memory that is already resident.
    with mmap.mmap(-1, size) as held:
        before = resident_bytes()
        held[:] = b"x" * size  # pages become resident only when they are written
        assert resident_bytes() - before > size // 2


def test_garbage_is_collected_again_after_a_failure() -> None:
    with pytest.raises(ValueError, match="odd"), garbage_collection.paused():
        assert not gc.isenabled()
        raise ValueError("odd")
    assert gc.isenabled()


class Memory:
    """Stands in for the process's memory, and records the watchdog's actions."""

    def __init__(self, used: int, after_work: int, busy: bool) -> None:
        self.used, self._after_work, self._busy = used, after_work, busy
        self.reasons: list[Problem] = []
        self.ended: Problem | None = None
        self.acted = threading.Event()

    def end_work(self, why: Problem) -> bool:
        self.reasons.append(why)
        self.used = self._after_work
        self.acted.set()
        return self._busy

    def end_service(self, why: Problem) -> None:
        self.ended = why
        self.acted.set()

    def watched(self, monkeypatch: pytest.MonkeyPatch) -> Watchdog:
        monkeypatch.setattr("lit_lab.service.memory.LOOK_SECONDS", 0.01)
        monkeypatch.setattr("lit_lab.service.memory.GRACE_SECONDS", 0.1)
        return Watchdog(2**30, self.end_work, self.end_service, lambda: self.used)


def test_work_that_needs_too_much_memory_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(2**31, 2**20, busy=True)
    watchdog = memory.watched(monkeypatch)
    watchdog.start()
    assert memory.acted.wait(PATIENCE)
    watchdog._stopped.wait(0.3)
    watchdog.stop()
    assert [why.code for why in memory.reasons] == ["memory_limit"]
    assert "2,048 MiB" in memory.reasons[0].message
    assert memory.ended is None


@pytest.mark.parametrize("busy", [True, False])
def test_a_service_that_stays_over_the_limit_is_ended(monkeypatch: pytest.MonkeyPatch, busy: bool) -> None:
    memory = Memory(2**31, 2**31, busy)
    watchdog = memory.watched(monkeypatch)
    watchdog._watch()
    assert memory.ended is not None
    assert memory.ended.code == "memory_limit"
    assert "c.LitLab.memory_limit" in memory.ended.hint
