"""The model service logs no values. Markers stand for prompts in every place that may reach the log."""

import logging
import subprocess
import sys
import textwrap

import pytest

from lit_lab import discreet

MARKER = "Secret onion soup"

SCRIPT = """
    import logging, sys, threading, warnings
    from lit_lab import discreet

    logging.basicConfig(stream=sys.stderr, level=logging.DEBUG)
    discreet.install()
    MARKER = "Secret " + "onion soup"

    def fail():
        try:
            raise KeyError(MARKER)
        except KeyError as error:
            raise ValueError(f"within {MARKER}") from error

    other = logging.getLogger("absl")
    for log in (other, logging.getLogger("lit_lab.service")):
        try:
            fail()
        except ValueError as error:
            log.exception("it failed")
            log.warning("by itself", exc_info=error)
            log.error("with %s", error)
    other.addHandler(logging.StreamHandler(sys.stderr))  # a library's own
    other.warning("Malformed rule: '%s'", MARKER)
    other.warning("numbers %d and %d, and %s", 7, 8, [MARKER])
    other.warning("of a mapping: %(text)s", {"text": MARKER})
    other.warning("a number: %d", MARKER)
    other.warning(f"put together of {MARKER}")
    other.warning("put together of " + MARKER + " %d", 3)
    other.error(ValueError(MARKER))
    try:
        fail()
    except ValueError:
        other.error("Uncaught error: %s", MARKER)  # as LIT's server says it
    warnings.warn(MARKER)
    warnings.warn(UserWarning(MARKER))

    class Dies:
        def __del__(self):
            raise ValueError(MARKER)

    Dies()
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

    import asyncio
    async def forgotten():
        asyncio.get_running_loop().create_task(lost())
        await asyncio.sleep(0.01)
    async def lost():
        fail()
    asyncio.run(forgotten())
"""


def test_no_value_is_in_what_a_process_logs_or_writes_about_its_failures() -> None:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    said = done.stderr
    assert "onion" not in said, said
    # The log says where the error was, and of which type.
    assert said.count("ValueError") >= 8
    assert "KeyError\nfrom which came:\nTraceback" in said
    assert "in fail" in said
    assert "Malformed rule: '…'" in said
    assert "numbers 7 and 8, and …" in said
    assert "UserWarning" in said
    assert "in __del__" in said
    assert "Logging error" not in said


def caught(raise_it: str) -> BaseException:
    try:
        exec(raise_it)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    "raised",
    [
        f"raise ValueError('{MARKER}')",
        f"raise ValueError(7, '{MARKER}')",
        f"int('{MARKER}')",
        f"{{}}['{MARKER}']",
        f"open('/{MARKER}')",
        f"compile('{MARKER} (', '{MARKER[:3]}', 'exec')",
        f"'{MARKER}'.encode('ascii') + '\\udc00'.encode()",
        f"import json; json.loads('{MARKER}')",
        f"try:\n  raise ValueError('{MARKER}')\nexcept ValueError:\n  raise TypeError('{MARKER}')",
        f"raise KeyError('{MARKER}') from ValueError('{MARKER}')",
    ],
)
def test_a_trace_has_types_and_places_alone(raised: str) -> None:
    said = discreet.trace(caught(raised))
    assert "onion" not in said
    assert "Error" in said.splitlines()[-1]


def test_a_trace_of_a_chain_that_leads_to_itself_ends() -> None:
    one, other = ValueError(MARKER), TypeError(MARKER)
    one.__cause__, other.__context__ = other, one
    assert discreet.trace(one) == "TypeError\nfrom which came:\nValueError"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no groups, and no notes")
def test_a_trace_of_a_group_has_its_parts_types() -> None:
    group = ExceptionGroup(MARKER, [ValueError(MARKER), ExceptionGroup(MARKER, [KeyError(MARKER)])])  # noqa: F821
    group.add_note(MARKER)
    assert discreet.trace(group).split() == ["ExceptionGroup", "ValueError", "ExceptionGroup", "KeyError"]


def test_a_record_of_another_package_is_made_at_any_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    # pytest's own handler re-raises errors of formatting.
    monkeypatch.setattr(logging, "_logRecordFactory", logging.getLogRecordFactory())
    logging.setLogRecordFactory(discreet._record)
    log = logging.getLogger("another")
    log.warning("%5.1f, %d, %r and %s", MARKER, MARKER, MARKER, None)
    log.warning("100 % of it")
