"""Refuse request bodies that are too large, before they are held in memory."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """Plain ASGI middleware: reading more than `limit` bytes raises a 413 inside the application.

    Paths in `larger` have limits of their own; None leaves it to the endpoint. Raised inside, it passes through the
    same error handler as everything else and becomes a problem document.
    """

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int | None] | None = None) -> None:
        self.app = app
        self.limit = limit
        self.larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102  # ASGI's own name
        limit = self.larger.get(scope.get("path", ""), self.limit)
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"} or limit is None:
            await self.app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        received = int(announced) if announced.isdigit() and len(announced) < 20 else limit + 1
        if received <= limit:
            received = 0

        async def counted() -> Message:
            nonlocal received
            if received <= limit:
                message = await receive()
                received += len(message.get("body", b""))
                if received <= limit:
                    return message
            raise too_large(limit)

        await self.app(scope, counted, send)


def too_large(limit: int) -> HTTPException:
    """Return the refusal of a body."""
    return HTTPException(413, f"the body is larger than {limit} bytes; send fewer items per request")
