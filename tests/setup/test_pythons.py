"""Which Python creates the service's environment."""

import json
import sys

import pytest

from lit_lab.problem import Problem
from lit_lab.setup import pythons


class TestPythons:
    @pytest.fixture
    def bin(self, tmp_path, monkeypatch):
        """The only folder on the PATH, in an empty home folder."""
        folder = tmp_path / "bin"
        folder.mkdir()
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("PYENV_ROOT", raising=False)
        monkeypatch.setattr(sys, "executable", str(folder / "jupyters-own"))
        return folder

    @staticmethod
    def script(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)

    def says(self, path, *answer):
        self.script(path, f"echo '{json.dumps(answer)}'")

    def test_one_that_fits_is_taken_before_one_that_does_not(self, bin):
        self.says(bin / "jupyters-own", [3, 13], "/a", True)
        self.says(bin / "python3.11", [3, 11], "/b", True)
        assert pythons.find() == pythons.Python("/b", (3, 11), True)

    def test_names_that_start_nothing_are_passed_over(self, bin):
        """As pyenv's are."""
        self.script(bin / "python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127")
        self.says(bin / "python3.11", [3, 11], "/b", True)
        assert pythons.find().path == "/b"

    def test_one_without_venv_is_taken_by_nobody(self, bin):
        self.says(bin / "python3.12", [3, 12], "/a", False)
        with pytest.raises(Problem) as raised:
            pythons.find()
        assert raised.value.code == "setup_no_venv"
        assert "python3.12-venv" in raised.value.hint
        self.says(bin / "python3.11", [3, 11], "/b", True)
        assert pythons.find().path == "/b"

    def test_pyenvs_condas_and_uvs_are_found(self, bin, tmp_path):
        with pytest.raises(Problem) as raised:
            pythons.find()
        assert raised.value.code == "setup_no_python"
        assert "uv python install" in raised.value.hint
        uvs = tmp_path / "uvs" / "python"
        self.says(uvs, [3, 12], "/uv", True)
        self.script(bin / "uv", f'[ "$4" = 3.12 ] && echo {uvs}')
        assert pythons.find().path == "/uv"
        self.says(tmp_path / "conda/envs/x/bin/python3.11", [3, 11], "/conda", True)
        (tmp_path / ".conda").mkdir()
        (tmp_path / ".conda/environments.txt").write_text(f"{tmp_path}/gone\n{tmp_path}/conda/envs/x\n")
        assert pythons.find().path == "/conda"
        self.says(tmp_path / ".pyenv/versions/3.12.1/bin/python", [3, 12], "/pyenv", True)
        assert pythons.find().path == "/pyenv"

    @pytest.mark.parametrize("answer", [None, ([3, 13], "/a", True)])
    def test_a_named_one_has_to_fit(self, bin, answer):
        if answer:
            self.says(bin / "python3.13", *answer)
        with pytest.raises(Problem, match=r"3\.13") as raised:
            pythons.find("python3.13")
        assert raised.value.code == "setup_no_python"

    def test_this_one_says_what_it_is(self):
        found = pythons.ask(sys.executable)
        assert found is not None
        assert found.version == sys.version_info[:2]
