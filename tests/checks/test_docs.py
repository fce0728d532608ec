"""What docs/checks.md shows, LIT Lab reads."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from lit_lab import cli
from lit_lab.checks import checks, file, read, rows, schemas
from lit_lab.patterns import MAX_PATTERN, bounded

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text("utf-8")


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(model:.*?)```", PAGE, re.DOTALL))
def test_the_examples(tmp_path, text):
    (tmp_path / "countries.jsonl").write_text("".join(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)))
    (tmp_path / "checks.yaml").write_text(text)
    made = read(tmp_path / "checks.yaml")
    assert made.size
    assert all(case.fault == "" for prompt in made.prompts for case in prompt.cases)


def test_the_commands_of_the_workflow_are_commands():
    (text,) = re.findall(r"```yaml\n(name:.*?)```", PAGE, re.DOTALL)
    steps = yaml.safe_load(text)["jobs"]["check"]["steps"]
    commands = [step["run"] for step in steps if step.get("run", "").startswith("lit-lab ")]
    found = [cli.parser().parse_args(shlex.split(command)[1:]).command for command in commands]
    assert found == ["fetch", "check"]


def test_each_line_of_the_table(tmp_path):
    entries = re.findall(r"^\| `(\w+: .+?)` +\| (?:the|a)", PAGE, re.MULTILINE)
    lines = "".join(f"  - {entry}\n" + "    at_least: 1\n" * entry.startswith("influenced") for entry in entries)
    (tmp_path / "checks.yaml").write_text(f"model: m\nprompts:\n- prompt: Answer in JSON.\n  expect:\n{lines}")
    (prompt,) = read(tmp_path / "checks.yaml").prompts
    assert [check.key for check in prompt.cases[0].checks] == [kind.key for kind in checks.KINDS]


def test_the_limits():
    for limit in (file.MAX_PROMPTS, file.MAX_CASES, file.MAX_CHECKS, MAX_PATTERN, schemas.MAX_CHARS, schemas.MAX_DEPTH):
        assert f"{limit:,} " in PAGE
    assert (file.MAX_BYTES, rows.MAX_CHARS, bounded.MAX_COMPUTING) == (1_000_000, 20_000_000, 0.8)
    assert all(
        words in PAGE for words in ("1 MB", "20 million characters", "0.8 seconds", f"{bounded.MAX_WAIT} seconds")
    )
