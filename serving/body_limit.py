"""Refuse request bodies that are too large, before they are held in memory."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """Plain ASGI middleware: reading more than `limit` bytes raises a 413 inside the application.

    Raised inside, it passes through the same error handler as everything else and becomes a problem document.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102  # ASGI's own name
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self.app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        received = int(announced) if announced.isdigit() and len(announced) < 20 else self.limit + 1
        if received <= self.limit:
            received = 0

        async def counted() -> Message:
            nonlocal received
            if received <= self.limit:
                message = await receive()
                received += len(message.get("body", b""))
                if received <= self.limit:
                    return message
            raise HTTPException(413, f"the body is larger than {self.limit} bytes; send fewer items per request")

        await self.app(scope, counted, send)
