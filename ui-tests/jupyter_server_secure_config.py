"""A Jupyter server with Jupyter's defaults, a token and the XSRF check, for the security tests."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import calm_service

calm_service.use()

scratch = Path(tempfile.mkdtemp(prefix="lit-lab-ui-"))
atexit.register(shutil.rmtree, scratch, ignore_errors=True)

c.ServerApp.root_dir = str(shutil.copytree(Path(__file__).parent.parent / "examples", scratch / "root"))  # noqa: F821
c.ServerApp.ip = "127.0.0.1"  # noqa: F821
c.ServerApp.port = int(os.environ["LIT_LAB_TEST_PORT"])  # noqa: F821
c.ServerApp.port_retries = 0  # noqa: F821
c.ServerApp.allow_root = True  # noqa: F821
c.ServerApp.open_browser = False  # noqa: F821
c.IdentityProvider.token = os.environ["LIT_LAB_TEST_TOKEN"]  # noqa: F821
c.LabApp.user_settings_dir = str(scratch / "settings")  # noqa: F821
c.LabApp.workspaces_dir = str(scratch / "workspaces")  # noqa: F821
c.LitLab.history_path = str(scratch / "history.sqlite")  # noqa: F821
c.NotebookNotary.data_dir = str(scratch)  # noqa: F821
c.Application.log_level = "ERROR"  # noqa: F821
