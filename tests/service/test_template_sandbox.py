"""Hostile chat templates, and the process that renders templates."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
from chat_templates import PHI3, refused

from lit_lab.service.templates import rendering
from lit_lab.service.templates.rendering import rendered
from lit_lab.service.templates.stored import Template

HOSTILE: dict[str, tuple[str, str]] = {
    "without end": (
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
        "takes more than 2 seconds",
    ),
    "a large text": ("{{ 'a' * 10 ** 9 }}", "256 MiB"),
    "a text that grows": (
        "{% set ns = namespace(a='aaaaaaaaaaaaaaaa') %}{% for i in range(40) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}",
        "256 MiB",
    ),
    "a wide number": ("{{ '%1000000000d' % 1 }}", "256 MiB"),
    "a huge range": ("{% for i in range(10 ** 12) %}{% endfor %}", "Range too big"),
    "a long output": ("{% for i in range(2000) %}{{ 'a' * 1000 }}{% endfor %}{{ messages[0].content }}", "1,048,576"),
    "classes": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "may not use"),
    "globals": ("{{ lipsum.__globals__['os'].popen('id').read() }}", "may not use"),
    "an initializer": ("{{ cycler.__init__.__globals__ }}", "may not use"),
    "a class by a format": ("{{ messages[0].content }}{{ '{0.__class__}'.format(1) }}", ""),
    "a changed list": ("{{ messages.append(1) }}", "may not use"),
    "recursion": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "endlessly"),
    "depth": ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", ""),
    "no Jinja": ("{% if %}", "isn't valid Jinja"),
    "a file": ("{% include '/etc/passwd' %}", "no loader"),
    "an exception": (
        "{{ raise_exception('Not\x1b[31m for you') }}",
        "refuses a conversation of one turn (Not [31m for you)",
    ),
    "nothing of the prompt": ("Hello", "omits or changes the prompt"),
    "another case": ("{{ messages[0].content | lower }}", "omits or changes the prompt"),
    "the prompt twice": ("{{ messages[0].content * 2 }}", "repeats the prompt"),
    "half a character": ("{{ '\\ud800' }}{{ messages[0].content }}", "half of a character"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bound no address space")
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_template_ends_in_a_reason(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "SECONDS", 2.0)
    template, reason = HOSTILE[case]
    began = time.monotonic()
    if case == "a class by a format":
        # It does no harm that the sandbox omits parts of a text.
        monkeypatch.undo()
        assert "class" not in rendered(Template(template)).plain.behind
        return
    said = refused(template)
    # A template that takes memory takes time, too: on a busy machine the time limit may come first.
    assert reason in said or (reason == "256 MiB" and "2 seconds" in said)
    assert len(said) < 400
    assert said.isprintable()
    # Starting the process doesn't count as the template's time.
    assert time.monotonic() - began < rendering.SECONDS + rendering.STARTING


ESCAPED = """
import importlib.util, json, os, socket

spec = importlib.util.spec_from_file_location("child", {path!r})
child = importlib.util.module_from_spec(spec)
spec.loader.exec_module(child)

def tried(what):
    try:
        what()
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return "done"

def rendered(environment, order):
    found = {{"variables": sorted(os.environ), "argv": len(os.sys.argv), "modules": "lit_lab" in os.sys.modules}}
    found["file"] = tried(lambda: open(child.__file__))
    found["socket"] = tried(socket.socket)
    found["memory"] = tried(lambda: bytearray(order["memory"]))
    return [{{"text": json.dumps(found)}}]

child._rendered = rendered
child.main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bound less")
def test_outside_the_sandbox_a_template_would_find_little(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No environment variable of the user, no module of this package, no file, no connection, no memory."""
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    script = tmp_path / "escaped.py"
    script.write_text(ESCAPED.format(path=str(Path(rendering.child.__file__))))
    monkeypatch.setattr(rendering.child, "__file__", str(script))
    (said,) = rendering.run(Template(""), [{}])
    seen = json.loads(said["text"])
    assert set(seen.pop("variables")) <= {"LC_CTYPE"}
    assert seen == {"argv": 1, "modules": False, "file": "OSError", "socket": "OSError", "memory": "MemoryError"}


def test_a_process_that_does_not_begin_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text("raise SystemExit\n")
    monkeypatch.setattr(rendering.child, "__file__", str(tmp_path / "child.py"))
    assert "didn't start" in refused(PHI3)


def test_missing_jinja_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering.importlib.util, "find_spec", lambda _: None)
    assert "Jinja2" in refused(PHI3)
