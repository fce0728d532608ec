"""A Jupyter server for the browser tests: Galata's defaults (no token, no XSRF check) and the embedded model."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from jupyterlab.galata import configure_jupyter_server

# Tests write into their server's folders, which are temporary and end with the server.
scratch = Path(tempfile.mkdtemp(prefix="lit-lab-ui-"))
atexit.register(shutil.rmtree, scratch, ignore_errors=True)
root = shutil.copytree(Path(__file__).parent.parent / "examples", scratch / "root")
os.environ["JUPYTERLAB_GALATA_ROOT_DIR"] = str(root)

# Downloads from Kaggle go to a fake Kaggle, and nobody is logged in.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
import calm_service  # noqa: E402

from lit_lab import demo  # noqa: E402
from tests.service.fake_kaggle import FakeKaggle  # noqa: E402

kaggle = FakeKaggle(demo.preset_path(), int(os.environ.get("LIT_LAB_TEST_KAGGLE_PORT", "0")))
for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN"):
    os.environ.pop(name, None)
os.environ |= {name: value for name, value in kaggle.environment(scratch).items() if name != "HOME"}
os.environ["KAGGLE_CONFIG_DIR"] = str(scratch / "kaggle")

configure_jupyter_server(c)  # noqa: F821
calm_service.use()

c.ServerApp.ip = "127.0.0.1"  # noqa: F821
c.ServerApp.port = int(os.environ["LIT_LAB_TEST_PORT"])  # noqa: F821
c.ServerApp.allow_root = True  # noqa: F821
c.LabApp.user_settings_dir = str(scratch / "settings")  # noqa: F821
c.LabApp.workspaces_dir = str(scratch / "workspaces")  # noqa: F821
c.LitLab.history_path = str(scratch / "history.sqlite")  # noqa: F821
c.LitLab.batches_path = str(scratch / "batches")  # noqa: F821
c.LitLab.models_path = str(scratch / "models.json")  # noqa: F821
c.NotebookNotary.data_dir = str(scratch)  # noqa: F821
c.Application.log_level = "ERROR"  # noqa: F821
