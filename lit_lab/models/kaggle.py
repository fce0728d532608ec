"""Credentials for Kaggle: from the panel's login, or from where Kaggle's own tools look for them.

The panel's credentials stay in this process. They reach the model service through its standard input or a request on
loopback, and never a log, a process list, an environment or a browser.

There is one login for the server, as there is one model service. Where Jupyter has real users, all of them download with
it, and only the user who logged in may change it or log out.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from lit_lab.problem import Problem
from lit_lab.protocol import KaggleLoggingIn, KaggleLogin, KaggleStatus
from lit_lab.shared_files import replace

from . import credentials, folders


class Kaggle:
    """Stores the panel's credentials, and knows which credentials there are.

    Attributes:
        login: The panel's.
    """

    def __init__(self) -> None:
        self.login: KaggleLogin | None = None
        self._owner = ""
        self._saved: dict[Path, str] = {}
        """Which user saved which files."""

    def status(self, owner: str, shared: bool) -> KaggleStatus:
        """Return where the credentials in use come from. The order is kagglehub's.

        Args:
            owner: The user who made the request.
            shared: Whether the server has several users. The status names none of them.
        """
        folder = _shown(folders.kaggle_credentials())
        if self.login is not None:
            return KaggleStatus(source="panel", folder=folder, shared=shared, own=owner == self._owner)
        found = credentials.of_kaggle()
        fault = f"{_shown(Path(found.where))} {found.fault}." if found.fault else ""
        return KaggleStatus(source=found.source, folder=folder, fault=fault, shared=shared)

    def check_own(self, owner: str) -> None:
        """Refuse to change another user's login. Raises `Problem`."""
        if self.login is not None and owner != self._owner:
            raise Problem(
                409,
                "login_of_another",
                "Another user of this Jupyter server has logged it in to Kaggle; there is one login for all of its users.",
                "Download with that login, ask that user to log out, or have the Jupyter server restarted.",
            )

    def log_in(self, request: KaggleLoggingIn, owner: str, shared: bool) -> None:
        """Use these credentials from now on, and save them if the request says so.

        Args:
            request: The credentials.
            owner: Whose they are.
            shared: Whether the server has several users. Then only files that this server saved are replaced.

        Raises:
            Problem: Another user is logged in, or the credentials can't be saved.
        """
        self.check_own(owner)
        login = request.login
        # A token is only looked for in the home folder, a key in KAGGLE_CONFIG_DIR.
        folder = Path.home() / ".kaggle" if login.token else folders.kaggle_credentials()
        file = folder / ("access_token" if login.token else "kaggle.json")
        if request.save and shared and self._saved.get(file) != owner and os.path.lexists(file):
            raise Problem(
                409,
                "login_there",
                f"There is a login in {_shown(file)} already, which all users of this Jupyter server use.",
                "Log in without saving, or have that file deleted.",
            )
        self.login, self._owner = login, owner
        if not request.save:
            return
        key = json.dumps({"username": login.username, "key": login.key})
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace(file, f"{login.token or key}\n", 0o600)
            self._saved[file] = owner
        except OSError as error:
            raise Problem(
                507,
                "login_not_saved",
                f"You are logged in until Jupyter ends, but it can't be saved in {folder}: {error.strerror or error}.",
                "Check the folder's permissions, or log in without saving.",
            ) from error

    def log_out(self, owner: str) -> None:
        """Forget the panel's credentials; files stay unchanged. Raises `Problem` if they are another user's."""
        self.check_own(owner)
        self.login = None


def _shown(path: Path) -> str:
    """Return a path as users write it."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
