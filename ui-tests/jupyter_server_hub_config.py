"""A Jupyter server as on a hub: with a base URL and several users. A cookie stands in for the hub's login."""

import os
import runpy
from pathlib import Path

from jupyter_server.auth import Authorizer, IdentityProvider, User


class Hub(IdentityProvider):
    """Trusts a cookie, like a hub's own provider does once the hub has confirmed it."""

    def get_user(self, handler):
        """Return the user of a request. None: nobody is signed in."""
        name = handler.get_cookie("hub-user")
        return User(name) if name else None


class Roles(Authorizer):
    """Limits users with the reader cookie to reading."""

    def is_authorized(self, handler, user, action, resource):
        """Return whether a user may do something."""
        return action == "read" or resource != "lit-lab" or handler.get_cookie("hub-role") != "reader"


# The configuration of the server with a token, without the token.
os.environ["LIT_LAB_TEST_TOKEN"] = ""
runpy.run_path(str(Path(__file__).with_name("jupyter_server_secure_config.py")), {"c": c})  # noqa: F821

c.ServerApp.identity_provider_class = Hub  # noqa: F821
c.ServerApp.authorizer_class = Roles  # noqa: F821
c.ServerApp.base_url = "/user/ada/"  # noqa: F821
