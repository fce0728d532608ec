"""The log as lines of JSON."""

from __future__ import annotations

import json
import logging

from lit_lab import discreet
from lit_lab.service.json_log import formatter


def test_a_record_is_one_line_without_values() -> None:
    text = "about a prompt"
    try:
        raise ValueError(text)
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = discreet._record("lit_lab.service", logging.ERROR, "x.py", 3, "%s failed\nhere", ("one",), info)
    record.prompt = "a prompt, attached by a package"
    text = formatter("json").format(record)
    line = json.loads(text)
    assert "\n" not in text
    assert (line["level"], line["logger"], line["message"]) == ("error", "lit_lab.service", "one failed\nhere")
    assert line["time"].endswith("Z")
    assert line["trace"].endswith("ValueError")
    assert "prompt" not in text
    assert " ERROR lit_lab.service: one failed" in formatter("text").format(record)
