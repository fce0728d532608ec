"""Why a process of the model service ended, from its exit status, last lines, environment and limits."""

from __future__ import annotations

import errno
import signal

import pytest

from lit_lab.supervision import diagnosis, surroundings
from lit_lab.supervision.ended import Ended
from lit_lab.supervision.launch import Exit, environment

TRACEBACK = ["Traceback (most recent call last):", '  File "/env/lib/x.py", line 1, in <module>', "    import x"]
ONEDNN = (
    "I0000 00:00:1795837109.984396   13911 port.cc:153] oneDNN custom operations are on. To turn them off, set the environment "
    "variable `TF_ENABLE_ONEDNN_OPTS=0`."
)
FLAG = "F0000 00:00:1795837114.960350   13911 parse_flags_from_env.cc:234] Unknown flag in TF_XLA_FLAGS: --tf_xla_nonsense=1"
FAULTHANDLER = [
    "Fatal Python error: Aborted",
    "",
    "Current thread 0x7f (most recent call first):",
    '  File "/x.py", line 1',
]


def ended(code, *lines, **known):
    return Ended(code, [ONEDNN, *lines], **known)


@pytest.mark.parametrize(
    ("how", "error", "says", "hint", "again"),
    [
        (
            ended(-signal.SIGABRT, FLAG, *FAULTHANDLER, environment={"TF_XLA_FLAGS": "--tf_xla_nonsense=1"}),
            "service_environment", "TF_XLA_FLAGS has an unknown flag: --tf_xla_nonsense=1",
            "Remove it", "never",
        ),
        (
            ended(-signal.SIGABRT, "F0000 00:00:1.2 3 x.cc:1] Unknown flags in XLA_FLAGS: --a --b"),
            "service_environment", "XLA_FLAGS has an unknown flag", "Remove it", "never",
        ),
        (
            ended(
                None, *TRACEBACK, "ImportError: cannot import name 'typing' from 'numpy' (/mine/numpy/__init__.py)",
                foreign={"json": "/mine", "numpy": "/mine"},
            ),
            "foreign_libraries", "/mine on PYTHONPATH has its own numpy", "setup-service", "never",
        ),
        (
            ended(1, *TRACEBACK, "AttributeError: module 'numpy' has no attribute 'dtype'", foreign={"numpy": "/mine"}),
            "foreign_libraries", "/mine on PYTHONPATH", "PYTHONPATH", "never",
        ),
        (
            ended(
                1, *TRACEBACK, "ImportError: cannot import name 'x' from 'google.protobuf' (/mine/google/protobuf/__init__.py)",
                environment={"PYTHONPATH": "/gone:/mine"},
            ),
            "foreign_libraries", "/mine on PYTHONPATH has its own google", "PYTHONPATH", "never",
        ),
        (
            ended(1, *TRACEBACK[:1], '  File "/mine/odd.py", line 1, in f', "KeyError: 'x'", environment={"PYTHONPATH": "/mine/"}),
            "foreign_libraries", "on PYTHONPATH has its own odd", "PYTHONPATH", "never",
        ),
        (
            ended(1, *TRACEBACK, "ModuleNotFoundError: No module named 'numpy.core'", foreign={"numpy": "/mine"}),
            "foreign_libraries", "/mine on PYTHONPATH", "PYTHONPATH", "never",
        ),
        (
            ended(
                1, "Python path configuration:", "Fatal Python error: init_fs_encoding: failed to get the Python codec",
                "ModuleNotFoundError: No module named 'encodings'", environment={"PYTHONHOME": "/gone"},
            ),
            "service_environment", "PYTHONHOME makes Python use", "Remove it", "never",
        ),
        (
            ended(1, "Fatal Python error: init_fs_encoding: failed to get the Python codec of the filesystem encoding"),
            "service_python", "incomplete", "setup-service", "never",
        ),
        (
            ended(
                None, *TRACEBACK, "ImportError: /x.so: failed to map segment from shared object",
                limits={"memory": 1_400_000 * 1024},
            ),
            "service_limit", "1,367 MiB of address space (ulimit -v)", "ulimit -v", "never",
        ),
        (ended(-signal.SIGSEGV, limits={"memory": 2**31}), "service_limit", "ulimit -v", "Raise the limit", "never"),
        (
            ended(1, *TRACEBACK, "RuntimeError: can't start new thread", limits={"processes": 40}),
            "service_limit", "40 processes and threads (ulimit -u)", "ulimit -u", "never",
        ),
        (
            ended(-signal.SIGABRT, "terminate called after throwing", "  what():  Resource temporarily unavailable"),
            "service_limit", "can't start a thread", "ulimit -u", "never",
        ),
        (
            ended(1, *TRACEBACK, "OSError: [Errno 24] Too many open files: '/x'", limits={"files": 40}),
            "service_limit", "40 open files (ulimit -n)", "ulimit -n", "never",
        ),
        (ended(-signal.SIGXCPU, limits={"processor": 3}), "service_limit", "3 seconds", "ulimit -t", "never"),
        (ended(-signal.SIGKILL, limits={"processor": 3}), "service_died", "ulimit -t", "Close other programs", "never"),
        (ended(-signal.SIGXFSZ, limits={"file size": 10}), "service_limit", "10 bytes a file", "ulimit -f", "never"),
        (ended(-signal.SIGILL), "service_processor", "lacks instructions", "newer processor", "never"),
        (
            ended(
                -signal.SIGABRT,
                "F0000 00:00:1.2 3 cpu_feature_guard.cc:35] The TensorFlow library was compiled to use AVX2 instructions, but "
                "these aren't available on your machine.",
            ),
            "service_processor", "AVX2", "c.LitLab.backend", "never",
        ),
        (ended(-signal.SIGKILL), "service_died", "SIGKILL, most likely because memory ran out", "smaller model", "always"),
        (
            ended(-signal.SIGKILL, memory_limit=5, limits={"container": 2**30}),
            "service_died", "5 bytes (c.LitLab.memory_limit). The container has 1,024 MiB.", "smaller", "always",
        ),
        (ended(1, *TRACEBACK, "MemoryError"), "service_died", "ran out of memory (exit code 1)", "smaller", "always"),
        (
            ended(1, *TRACEBACK, "OSError: [Errno 28] No space left on device: '/tmp/x'"),
            "service_no_room", "No space left", "Free some space in /tmp/x", "never",
        ),
        (
            ended(
                1, *TRACEBACK,
                "FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', '/var/tmp', '/usr/tmp', '/']",
            ),
            "service_denied", "['/tmp', '/var/tmp', '/usr/tmp', '/']", "TMPDIR", "never",
        ),
        (
            ended(1, *TRACEBACK, "OSError: [Errno 30] Read-only file system: '/home/me/.cache'"),
            "service_denied", "/home/me/.cache: Read-only file system", "permission", "never",
        ),
        (
            ended(127, "/usr/bin/python: symbol lookup error: /x.so: undefined symbol: y", environment={"LD_PRELOAD": "/x.so"}),
            "service_environment", "LD_PRELOAD loads", "Remove it", "never",
        ),
        (
            ended(
                None, *TRACEBACK, "ImportError: /old/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /x.so)",
                environment={"LD_LIBRARY_PATH": "/old"},
            ),
            "service_environment", "LD_LIBRARY_PATH", "Remove it", "never",
        ),
        (
            ended(None, *TRACEBACK, "ImportError: /lib/libc.so.6: version `GLIBC_2.34' not found (required by /x.so)"),
            "service_system", "newer system", "service_url", "never",
        ),
        (
            ended(
                None, *TRACEBACK[:2], '    _MAX = int(os.environ["SOME_NUMBER"])', "ValueError: invalid literal for int()",
                environment={"SOME_NUMBER": "x", "OTHER_NUMBER": "y"},
            ),
            "service_environment", "SOME_NUMBER", "Remove it", "never",
        ),
        (
            ended(
                None, *TRACEBACK, "ImportError: To use NNX with the JAX backend, you must install `flax`.",
                environment={"KERAS_NNX_ENABLED": "1"},
            ),
            "service_environment", "KERAS_NNX_ENABLED", "Remove it", "never",
        ),
        (ended(-signal.SIGTERM), "service_died", "another program or user", "Start it again", "always"),
    ],
)  # fmt: skip
def test_each_reason_is_named(how, error, says, hint, again):
    found = diagnosis.explain(how)
    assert found is not None
    assert (found.error, found.again) == (error, again)
    assert says in found.message
    assert hint in found.hint


@pytest.mark.parametrize(
    "how",
    [
        ended(3, "Fatal: the sky fell"),
        ended(-signal.SIGSEGV, limits={"memory": 2**40}),
        # An error that was handled long before isn't the cause.
        ended(-signal.SIGSEGV, *TRACEBACK, "PermissionError: [Errno 13] Permission denied: '/x'"),
        ended(1, *TRACEBACK, "OSError: [Errno 24] Too many open files", *TRACEBACK, "KeyError: 'x'"),
        # A line before the failure mentions a variable that is set.
        ended(1, *TRACEBACK, "KeyError: 'x'", environment={"TF_ENABLE_ONEDNN_OPTS": "1", "CUDA_VISIBLE_DEVICES": "0"}),
        ended(1, "no traceback", environment={"TF_ENABLE_ONEDNN_OPTS": "1"}),
        # LIT Lab itself, or the environment, is in a folder on PYTHONPATH.
        ended(
            1,
            *TRACEBACK[:1],
            '  File "/mine/lit_lab/x.py", line 1',
            "KeyError: 'x'",
            environment={"PYTHONPATH": "/mine"},
        ),
        ended(
            1,
            *TRACEBACK[:1],
            '  File "/mine/v/site-packages/x.py"',
            "KeyError: 'x'",
            environment={"PYTHONPATH": "/mine"},
        ),
        ended(
            1,
            *TRACEBACK[:1],
            '  File "/mine/conda/lib/python3.11/ctypes/__init__.py"',
            "KeyError: 'x'",
            environment={"PYTHONPATH": "/mine"},
        ),
        # The error names a file in that folder that isn't a module.
        ended(1, *TRACEBACK, "ValueError: no number in /mine/models/x.h5", environment={"PYTHONPATH": "/mine"}),
        # PYTHONPATH has a module of that name, but something else failed.
        ended(1, *TRACEBACK, "KeyError: 'x'", foreign={"numpy": "/mine"}),
        ended(1, *TRACEBACK, "ModuleNotFoundError: No module named 'tensorflow'"),
    ],
)
def test_nothing_is_blamed_without_a_sign_of_it(how):
    assert diagnosis.explain(how) is None


def test_an_unforeseen_end_is_reported_with_the_last_lines():
    found = diagnosis.unforeseen(ended(3, "one", "two", "three", "Fatal: the sky fell", *FAULTHANDLER[2:]))
    assert "(exit code 3): two | three | Fatal: the sky fell" in found.message
    assert found.again == "once"
    found = diagnosis.unforeseen(ended(1, *TRACEBACK, "KeyError: 'x'", "bye"))
    assert found.message.endswith("(exit code 1): KeyError: 'x'")


def test_no_value_of_a_variable_is_reported():
    secret = {"MY_API_KEY": "s3cret"}
    found = diagnosis.explain(ended(None, *TRACEBACK[:2], "KeyError: 'MY_API_KEY is odd'", environment=secret))
    assert found is not None
    assert "MY_API_KEY" in found.message
    assert "s3cret" not in repr(found) + repr(ended(None, environment=secret))


def test_starts_are_alike_but_for_numbers():
    one = Exit(-6, [FLAG, *FAULTHANDLER])
    assert one.is_like(Exit(-6, [FLAG.replace("13911", "77").replace("00:00:1795837114", "00:01:1")]))
    assert not one.is_like(Exit(-11, [FLAG]))
    assert not one.is_like(Exit(-6, ["F0000 00:00:1.2 3 x.cc:1] something else"]))
    assert not one.is_like(None)


def test_modules_on_pythonpath_are_found(tmp_path):
    (tmp_path / "a" / "numpy").mkdir(parents=True)
    (tmp_path / "a" / "numpy" / "__init__.py").write_text("")
    (tmp_path / "a" / "keras").mkdir()  # without __init__.py the real package comes first
    (tmp_path / "a" / "mine.py").write_text("")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "numpy.py").write_text("")
    (tmp_path / "b" / "json.py").write_text("")
    path = f"{tmp_path / 'gone'}::{tmp_path / 'a'}:{tmp_path / 'b'}"
    assert surroundings.foreign({"PYTHONPATH": path}) == {"numpy": str(tmp_path / "a"), "json": str(tmp_path / "b")}
    assert surroundings.foreign({}) == {}


def test_limits_of_this_process_are_known():
    resource = pytest.importorskip("resource")
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert surroundings.limits().get("files") == (None if soft == resource.RLIM_INFINITY else soft)


@pytest.mark.parametrize(
    ("number", "says"), [(errno.EMFILE, "ulimit -n"), (errno.EAGAIN, "ulimit -u"), (errno.ENOMEM, "ulimit -v")]
)
def test_a_server_that_can_start_no_process_says_what_it_lacks(number, says):
    problem = surroundings.no_room_for_a_process(OSError(number, "said"))
    assert problem is not None
    assert problem.code == "service_limit"
    assert says in problem.hint
    assert surroundings.no_room_for_a_process(OSError(errno.ENOENT, "no such file")) is None


def test_variables_for_the_users_own_programs_do_not_reach_the_service(tmp_path):
    base = {
        "PYTHONINSPECT": "1",
        "PYTHONOPTIMIZE": "2",
        "PYTHONWARNINGS": "error",
        "PYTHONSTARTUP": "/x",
        "PYTHONUTF8": "1",
    }
    found = environment("/some/python", tmp_path, base)
    assert set(base) & set(found) == {"PYTHONUTF8"}
    assert found["PYTHONFAULTHANDLER"] == "1"
