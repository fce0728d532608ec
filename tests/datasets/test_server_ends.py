"""A server ends even while its datasets are being read."""

import os
import signal

import pytest
from live import ROOT, live_server
from waiting import PATIENCE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

STUCK = """
import sys
if "jupyter_server" in sys.orig_argv:
    import time
    from lit_lab.datasets.open_dataset import OpenDataset
    from lit_lab.datasets.table import Table
    def stuck(self, *asked):
        while True:
            time.sleep(0.05)
    OpenDataset.read_file = stuck
    Table.page = stuck
"""


def test_sigterm_ends_the_server_while_all_readers_are_stuck(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(STUCK)
    (tmp_path / "server").mkdir()
    path = os.pathsep.join([str(tmp_path / "site"), str(ROOT)])
    with live_server(tmp_path / "server", PYTHONPATH=path) as server:
        root = server.folder / "root"
        states = []
        for number in range(6):  # more than the server reads at the same time
            (root / f"{number}.csv").write_text("prompt\na\n")
            states.append(server.ask("POST", "datasets/open", {"path": f"{number}.csv"}))
        with pytest.raises(Exception, match="timed out"):
            server.ask("POST", f"datasets/{states[0]['id']}/search", {}, timeout=1)
        assert server.ask("GET", f"datasets/{states[-1]['id']}")["state"] == "reading"

        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) is not None
