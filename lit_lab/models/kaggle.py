"""Credentials for Kaggle: from the panel's login, or from where Kaggle's own tools look for them.

The panel's credentials stay in this process. They go to the model service through its standard input or a request on
the local machine, and never to a log, a process list, an environment or a browser.

The server has one model service, and so one login. If Jupyter has real users, all of them download with this login, but
only the user who logged in can change it or log out.
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
    """Stores the panel's login, and reports where the credentials in use come from.

    Attributes:
            login: The panel's login; None if nobody is logged in.
    """

    def __init__(self) -> None:
        self.login: KaggleLogin | None = None
        self._owner = ""
        self._saved: dict[Path, str] = {}
        """The user who saved each file."""

    def status(self, owner: str, shared: bool) -> KaggleStatus:
        """Return where the credentials in use come from, in kagglehub's order of precedence.

        Args:
            owner: The user who made the request.
            shared: Whether the server has several users. The status doesn't name them.
        """
        folder = _shown(folders.kaggle_credentials())
        if self.login is not None:
            return KaggleStatus(source="panel", folder=folder, shared=shared, own=owner == self._owner)
        found = credentials.of_kaggle()
        fault = f"{_shown(Path(found.where))} {found.fault}." if found.fault else ""
        return KaggleStatus(source=found.source, folder=folder, fault=fault, shared=shared)

    def check_own(self, owner: str) -> None:
        """Check that a user may change the login.

        Raises:
            Problem: Another user is logged in.
        """
        if self.login is not None and owner != self._owner:
            raise Problem(
                409,
                "login_of_another",
                "Another user of this Jupyter server is logged in to Kaggle. All users share one login.",
                "Download with this login, ask the other user to log out, or ask for a restart of the Jupyter server.",
            )

    def log_in(self, request: KaggleLoggingIn, owner: str, shared: bool) -> None:
        """Use these credentials from now on, and save them if the request says so.

        Args:
            request: The credentials.
            owner: The user who logs in.
            shared: Whether the server has several users. If so, the method replaces only files that it saved for this user.

        Raises:
            Problem: Another user is logged in, or the credentials can't be saved.
        """
        self.check_own(owner)
        login = request.login
        # Kaggle looks for a token only in the home folder, and for a key in KAGGLE_CONFIG_DIR.
        folder = Path.home() / ".kaggle" if login.token else folders.kaggle_credentials()
        file = folder / ("access_token" if login.token else "kaggle.json")
        if request.save and shared and self._saved.get(file) != owner and os.path.lexists(file):
            raise Problem(
                409,
                "login_there",
                f"{_shown(file)} already contains a login, which all users of this Jupyter server use.",
                "Log in without saving, or ask for the file to be deleted.",
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
                f"You are logged in until Jupyter ends, but the login can't be saved in {folder}: {error.strerror or error}.",
                "Check the folder's permissions, or log in without saving.",
            ) from error

    def log_out(self, owner: str) -> None:
        """Discard the panel's login. Saved files stay unchanged.

        Raises:
            Problem: Another user is logged in.
        """
        self.check_own(owner)
        self.login = None


def _shown(path: Path) -> str:
    """Return a path for display, with `~` for the home folder."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
