"""The log as lines of JSON, for what collects the logs of many processes."""

from __future__ import annotations

import json
import logging
import time

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonFormatter(logging.Formatter):
    """Writes a record as one line: when, how bad, who says so, what, and where an exception was raised.

    Only these: what packages attach to records may hold a prompt. `lit_lab.discreet` has taken values out of messages before.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{when}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            line["trace"] = record.exc_text
        return json.dumps(line, ensure_ascii=False)


def formatter(format: str) -> logging.Formatter:
    """Return the formatter of `ServiceConfig.log_format`."""
    return JsonFormatter() if format == "json" else logging.Formatter(TEXT)
