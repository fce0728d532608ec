"""The handlers of all routes, as `lit_lab.routes` has them."""

from __future__ import annotations

import re

from lit_lab import routes
from lit_lab.handlers import batches, datasets, jobs, lit_app, models, runs, service, texts
from lit_lab.handlers.base import Handler


class UnknownHandler(Handler):
    """All other paths below the prefix. Answers JSON, so that the panel can tell it from a missing server extension."""

    async def prepare(self) -> None:  # type: ignore[override]
        """Answer 404 to users who are signed in."""
        await super().prepare()
        if not self.current_user:
            self.send_error(403)
        elif not self._finished:
            self.send_error(404)


_HANDLERS: dict[str, type[Handler]] = {
    path: handler
    for module in (service, models, texts, datasets, batches, jobs, runs, lit_app)
    for path, handler in module.HANDLERS.items()
}


def handlers() -> list[tuple[str, type[Handler]]]:
    """Return patterns below the base URL with their handlers. Every route of the table has one."""
    result = []
    for path in dict.fromkeys(route.path for route in routes.ROUTES):
        pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(path))
        result.append((f"/{routes.PREFIX}/{pattern}", _HANDLERS[path]))
    return [*result, (f"/{routes.PREFIX}(?:/.*)?", UnknownHandler)]


for _path, _handler in _HANDLERS.items():
    _handler.operations = {route.method: route.operation for route in routes.ROUTES if route.path == _path}
