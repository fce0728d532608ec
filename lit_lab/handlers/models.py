"""REST of the models, and of the login to Kaggle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.utils import ensure_async

from lit_lab.handlers.base import Handler, endpoint
from lit_lab.owners import ANYONE

if TYPE_CHECKING:
    from lit_lab.protocol import KaggleLoggingIn, Message, ModelChanging


class ModelsHandler(Handler):
    """`models`."""

    _track_activity = False  # the panel polls; that must not keep an abandoned server alive

    @endpoint("models")
    async def get(self) -> Message:
        """Return the models."""
        return await self.core.models.all()


class ChangeHandler(Handler):
    """`models/change`."""

    @endpoint("changeModel")
    async def post(self, request: ModelChanging) -> Message:
        """Change the models."""
        may_read = await ensure_async(self.authorizer.is_authorized(self, self.current_user, "read", "contents"))
        return await self.core.models.change(request, self.contents_manager if may_read else None)


class KaggleHandler(Handler):
    """`kaggle`."""

    @endpoint("kaggle")
    async def get(self) -> Message:
        """Return where the credentials come from."""
        return self.core.kaggle.status(self.history_owner, self.history_owner != ANYONE)

    @endpoint("logInToKaggle")
    async def post(self, request: KaggleLoggingIn) -> Message:
        """Log in."""
        return await self.core.kaggle.log_in(request, self.history_owner, self.history_owner != ANYONE)

    @endpoint("logOutOfKaggle")
    async def delete(self) -> Message:
        """Log out."""
        return await self.core.kaggle.log_out(self.history_owner, self.history_owner != ANYONE)


HANDLERS: dict[str, type[Handler]] = {
    "models": ModelsHandler,
    "models/change": ChangeHandler,
    "kaggle": KaggleHandler,
}
