"""Fixtures that start a Jupyter server; pytest takes plugins here only, at the top."""

pytest_plugins = ["pytest_jupyter.jupyter_server"]
