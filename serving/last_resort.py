"""What to do with an error that nobody foresaw."""

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.failures import place_of
from serving.problems import problem, route_of

logger = logging.getLogger("parcelcast.serving")


class LastResort:
    """Plain ASGI middleware that answers a 500 and logs the kind of error and where it happened.

    Starlette's own last handler raises the error again, and the server then logs its message, which may hold an
    address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102  # ASGI's own name
        started = False

        async def noticed(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noticed)
        except Exception as error:  # noqa: BLE001  # the last resort
            kind = type(error).__name__
            logger.error("unexpected %s on %s\n%s", kind, route_of(scope), place_of(error))  # noqa: TRY400
            if not started:
                failure = problem(500, "internal-error", "the server failed; the failure is logged")
                await failure(scope, receive, send)
