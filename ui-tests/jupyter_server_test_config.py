"""A Jupyter server for the browser tests: Galata's defaults (no token, no XSRF check) and the embedded model."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from jupyterlab.galata import configure_jupyter_server

# Tests write into their server's folders: these are the tests' own, and end with the server.
scratch = Path(tempfile.mkdtemp(prefix="lit-lab-ui-"))
atexit.register(shutil.rmtree, scratch, ignore_errors=True)
root = shutil.copytree(Path(__file__).parent.parent / "examples", scratch / "root")
os.environ["JUPYTERLAB_GALATA_ROOT_DIR"] = str(root)

configure_jupyter_server(c)  # noqa: F821

c.ServerApp.ip = "127.0.0.1"  # noqa: F821
c.ServerApp.port = int(os.environ["LIT_LAB_TEST_PORT"])  # noqa: F821
c.ServerApp.allow_root = True  # noqa: F821
c.LabApp.user_settings_dir = str(scratch / "settings")  # noqa: F821
c.LabApp.workspaces_dir = str(scratch / "workspaces")  # noqa: F821
c.LitLab.history_path = str(scratch / "history.sqlite")  # noqa: F821
c.NotebookNotary.data_dir = str(scratch)  # noqa: F821
c.Application.log_level = "ERROR"  # noqa: F821
