"""A Jupyter server for `scripts/smoke.sh`: another JupyterLab, and the model service of this checkout's environment."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

here = Path(__file__).resolve().parent
scratch = Path(tempfile.mkdtemp(prefix="lit-lab-smoke-"))
atexit.register(shutil.rmtree, scratch, ignore_errors=True)

c.ServerApp.ip = "127.0.0.1"  # noqa: F821
c.ServerApp.port = int(os.environ["LIT_LAB_TEST_PORT"])  # noqa: F821
c.ServerApp.port_retries = 0  # noqa: F821
c.ServerApp.open_browser = False  # noqa: F821
c.ServerApp.allow_root = True  # noqa: F821
c.ServerApp.root_dir = str(shutil.copytree(here.parent / "examples", scratch / "root"))  # noqa: F821
# Like Galata's own servers: only on this machine, for minutes.
c.IdentityProvider.token = ""  # noqa: F821
c.ServerApp.disable_check_xsrf = True  # noqa: F821
c.Application.log_level = "ERROR"  # noqa: F821
c.LabApp.user_settings_dir = str(scratch / "settings")  # noqa: F821
c.LabApp.workspaces_dir = str(scratch / "workspaces")  # noqa: F821
c.SQLiteYStore.db_path = str(scratch / "ystore.db")  # noqa: F821
c.LitLab.history_path = str(scratch / "history.sqlite")  # noqa: F821
c.LitLab.models_path = str(scratch / "models.json")  # noqa: F821
# JupyterLab's environment has no TensorFlow: the test builds one for the service, or this checkout's is used.
if os.environ.get("LIT_LAB_SMOKE_SETUP"):
    os.environ["JUPYTER_DATA_DIR"] = str(scratch / "data")
else:
    c.LitLab.service_python = str(here.parent / ".venv" / "bin" / "python")  # noqa: F821
