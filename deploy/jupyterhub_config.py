"""A hub whose users share LIT Lab's replicas, which the hub starts on its own machine and ends with itself.

Users' servers send their own tokens, which replicas show to the hub. There is no secret to hand out.
"""

import sys

c = get_config()  # noqa: F821 - JupyterHub's

# Where users find the hub; their servers find the service below it. With TLS, or prompts and tokens cross the network unencrypted.
c.JupyterHub.public_url = "https://hub.example.org/"

c.JupyterHub.services = [
    {
        "name": "lit-lab",
        "url": "http://127.0.0.1:8765",  # behind the hub's proxy: /services/lit-lab/
        # Name, prefix, port, the hub's address and host name come from the variables that the hub sets.
        "command": [sys.executable, "-m", "lit_lab", "serve", "--replicas", "2", "--model", "demo:embedded"],
    }
]

# A token has a scope only if its owner has it, too, so both roles need it. To give the service to a group only, grant it to a
# role of that group in place of `user`.
c.JupyterHub.load_roles = [
    {"name": "user", "scopes": ["self", "access:services!service=lit-lab"]},
    {"name": "server", "scopes": ["users:activity!user", "access:servers!server", "access:services!service=lit-lab"]},
]

# What users' servers are started with. They need lit_lab only, without TensorFlow; set it in their jupyter_server_config.py, if their
# command or image is another one: c.LitLab.hub_service = "lit-lab"
c.Spawner.args = ["--LitLab.hub_service=lit-lab"]
