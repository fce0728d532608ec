"""A hub whose users share LIT Lab's replicas, which the hub starts on its own machine and ends with itself."""

import sys
from pathlib import Path

c = get_config()  # noqa: F821 - JupyterHub's

# Only the hub's own user may read it (mode 0600). The service makes it at its first start.
SECRET = Path("/srv/jupyterhub/lit-lab-secret")

c.JupyterHub.services = [
    {
        "name": "lit-lab",
        "url": "http://127.0.0.1:8765",  # behind the hub's proxy: /services/lit-lab/
        "command": [
            sys.executable, "-m", "lit_lab", "serve",
            "--replicas", "2", "--port", "8765", "--prefix", "/services/lit-lab", "--name", "hub.example.org", "--model", "demo:embedded", "--secret-file", str(SECRET),
        ],
    }
]  # fmt: skip

c.JupyterHub.load_roles = [
    # Whose single-user servers may use the service, with their own token.
    {"name": "server", "scopes": ["users:activity!user", "access:servers!server", "access:services!service=lit-lab"]},
]
