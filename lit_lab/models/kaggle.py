"""Credentials for Kaggle: from the panel's login, or where Kaggle's own tools look for them.

Those of the panel are kept in this process alone, and go to the model service by its standard input or by a request on
loopback: never to a log, a process list, an environment or a browser.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from lit_lab.problem import Problem
from lit_lab.protocol import KaggleLoggingIn, KaggleLogin, KaggleStatus

from .added import replace


class Kaggle:
    """Knows whether there are credentials, and holds those of the panel.

    Attributes:
        login: The panel's.
    """

    def __init__(self) -> None:
        self.login: KaggleLogin | None = None

    def status(self) -> KaggleStatus:
        """Return where the credentials come from that are used; in the order in which kagglehub looks."""
        folder = _folder()
        shown = f"~/{folder.relative_to(Path.home())}" if folder.is_relative_to(Path.home()) else str(folder)
        environment, own = os.environ, Path.home() / ".kaggle"
        if self.login is not None:
            return KaggleStatus(source="panel", folder=shown)
        if environment.get("KAGGLE_API_TOKEN"):
            return KaggleStatus(source="environment", folder=shown)
        if any((own / name).is_file() for name in ("access_token", "access_token.txt")):
            return KaggleStatus(source="file", folder=shown)
        if environment.get("KAGGLE_USERNAME") and environment.get("KAGGLE_KEY"):
            return KaggleStatus(source="environment", folder=shown)
        return KaggleStatus(source="file" if (folder / "kaggle.json").is_file() else "none", folder=shown)

    def log_in(self, request: KaggleLoggingIn) -> None:
        """Use credentials from now on, and save them where that is asked for. Raises `Problem` where that fails."""
        self.login = request.login
        if not request.save:
            return
        login = request.login
        # A token is looked for in the home folder alone, a key where KAGGLE_CONFIG_DIR says.
        folder = Path.home() / ".kaggle" if login.token else _folder()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if login.token:
                replace(folder / "access_token", login.token + "\n")
            else:
                replace(folder / "kaggle.json", json.dumps({"username": login.username, "key": login.key}) + "\n")
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


def _folder() -> Path:
    return Path(os.environ.get("KAGGLE_CONFIG_DIR") or Path.home() / ".kaggle")
