"""REST of texts: tokens, their count, and Unicode names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lit_lab.handlers.base import Handler, endpoint

if TYPE_CHECKING:
    from lit_lab.protocol import Message, TokenCountRequest, TokensRequest, UnicodeNamesRequest


class TokensHandler(Handler):
    """`tokens`."""

    @endpoint("tokens")
    async def post(self, request: TokensRequest) -> Message:
        """Tokenize."""
        return await self.core.queries.tokens(request)


class TokenCountHandler(Handler):
    """`tokens/count`."""

    @endpoint("countTokens")
    async def post(self, request: TokenCountRequest) -> Message:
        """Count a prompt's tokens."""
        return await self.core.queries.count_tokens(request)


class UnicodeNamesHandler(Handler):
    """`unicode/names`."""

    @endpoint("unicodeNames")
    async def post(self, request: UnicodeNamesRequest) -> Message:
        """Look names up."""
        from lit_lab.protocol import UnicodeNamesResponse
        from lit_lab.unicode_names import unicode_names

        return UnicodeNamesResponse(characters=unicode_names(request.names))


HANDLERS: dict[str, type[Handler]] = {
    "tokens": TokensHandler,
    "tokens/count": TokenCountHandler,
    "unicode/names": UnicodeNamesHandler,
}
