"""Credentials for Kaggle: from the panel's login, or where Kaggle's own tools look for them.

Those of the panel are kept in this process alone, and go to the model service by its standard input or by a request on
loopback: never to a log, a process list, an environment or a browser.
"""

from __future__ import annotations

import json
from pathlib import Path

from lit_lab.problem import Problem
from lit_lab.protocol import KaggleLoggingIn, KaggleLogin, KaggleStatus
from lit_lab.shared_files import replace

from . import credentials, folders


class Kaggle:
    """Knows whether there are credentials, and holds those of the panel.

    Attributes:
        login: The panel's.
    """

    def __init__(self) -> None:
        self.login: KaggleLogin | None = None

    def status(self) -> KaggleStatus:
        """Return where the credentials come from that are used; in the order in which kagglehub looks."""
        folder = _shown(folders.kaggle_credentials())
        if self.login is not None:
            return KaggleStatus(source="panel", folder=folder)
        found = credentials.of_kaggle()
        fault = f"{_shown(Path(found.where))} {found.fault}." if found.fault else ""
        return KaggleStatus(source=found.source, folder=folder, fault=fault)

    def log_in(self, request: KaggleLoggingIn) -> None:
        """Use credentials from now on, and save them where that is asked for. Raises `Problem` where that fails."""
        self.login = request.login
        if not request.save:
            return
        login = request.login
        # A token is looked for in the home folder alone, a key where KAGGLE_CONFIG_DIR says.
        folder = Path.home() / ".kaggle" if login.token else folders.kaggle_credentials()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if login.token:
                replace(folder / "access_token", login.token + "\n", 0o600)
            else:
                key = json.dumps({"username": login.username, "key": login.key})
                replace(folder / "kaggle.json", key + "\n", 0o600)
        except OSError as error:
            raise Problem(
                507,
                "login_not_saved",
                f"You are logged in until Jupyter ends, but it can't be saved in {folder}: {error.strerror or error}.",
                "Look at the folder's permissions, or log in without saving.",
            ) from error

    def log_out(self) -> None:
        """Forget the panel's credentials; files stay as they are."""
        self.login = None


def _shown(path: Path) -> str:
    """Return a path as people write it."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
