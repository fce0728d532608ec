"""What came out of checks as JUnit's XML, which most services that run tests show."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

from .running import Outcome, Report

MAX_ANSWER = 10_000
"""Most characters of an answer in the report."""

# All that XML 1.0 can't have, not even as a reference.
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """Return a report as JUnit's XML: a suite for each prompt and model, and a test for each check."""
    root = ElementTree.Element("testsuites", name=_plain(report.name))
    root.attrib |= _counts(report.outcomes)
    for (prompt, model), group in itertools.groupby(
        report.outcomes, key=lambda outcome: (outcome.prompt, outcome.model)
    ):
        outcomes = tuple(group)
        suite = ElementTree.SubElement(root, "testsuite", name=_plain(f"{prompt} ({model})"))
        suite.attrib |= _counts(outcomes)
        for outcome in outcomes:
            _add_test(suite, outcome)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _counts(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    errors = sum(outcome.is_error for outcome in outcomes)
    failures = sum(not outcome.passed for outcome in outcomes) - errors
    return {"tests": str(len(outcomes)), "failures": str(failures), "errors": str(errors), "skipped": "0"}


def _add_test(suite: ElementTree.Element, outcome: Outcome) -> None:
    row = f", line {outcome.row}" if outcome.row else ""
    test = ElementTree.SubElement(suite, "testcase", name=_plain(outcome.check + row))
    test.set("classname", _plain(f"{outcome.prompt}.{outcome.model}"))
    if not outcome.passed:
        kind = "error" if outcome.is_error else "failure"
        ElementTree.SubElement(test, kind, message=_plain(outcome.message)).text = _plain(outcome.message)
    if outcome.answer:
        cut = "…" if len(outcome.answer) > MAX_ANSWER else ""
        ElementTree.SubElement(test, "system-out").text = _plain(outcome.answer[:MAX_ANSWER] + cut)


def _plain(text: str) -> str:
    """Return a text that XML can have: what it can't is the sign for an unknown character."""
    return _IMPOSSIBLE.sub("\ufffd", text)
