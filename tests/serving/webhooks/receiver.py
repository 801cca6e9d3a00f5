"""A receiver of webhooks that answers as a test wants, and a sender with its clock, jitter and networks set by hand."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from serving.stores.database import Database
from serving.stores.endpoints import WEBHOOK, Endpoint, add_endpoint
from serving.webhooks.channel import WebhookChannel
from serving.webhooks.post import Post
from serving.webhooks.schedule import Schedule
from serving.webhooks.sender import Sender
from serving.webhooks.signing import new_secret
from serving.webhooks.targets import Targets
from tests.serving.fakes import FakeClock
from tests.serving.stores.outbox import NOON

SECRET = new_secret(bytes(range(32)))
LOCAL = ("127.0.0.0/8",)
HANG = b"hang"

_leases = count(1)


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]


Answer = bytes
"""What is written to the connection; HANG: nothing, ever."""


def answer(status: int = 204, **headers: str) -> Answer:
    lines = [
        f"HTTP/1.1 {status} Said",
        "content-length: 0",
        *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class Receiver:
    """Keeps every request, and answers it by `say`."""

    say: Callable[[Received], Answer] = lambda request: answer()
    requests: list[Received] = field(default_factory=list)
    port: int = 0
    at_once: int = 0
    most_at_once: int = 0
    delay_s: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=query-secret"

    @property
    def event_ids(self) -> list[str]:
        return [request.event_id for request in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            request = await _read(reader)
            self.requests.append(request)
            said = self.say(request)
            await asyncio.sleep(self.delay_s)
            if said == HANG:
                await reader.read()  # until the other side gives up
            else:
                writer.write(said)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.at_once -= 1
            writer.close()


@asynccontextmanager
async def receiving(receiver: Receiver, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Listen on a free port of this machine."""
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Received(first.split(" ")[1], headers, await reader.readexactly(int(headers["content-length"])))


def subscribe(database: Database, endpoint_id: str, url: str, **fields: Any) -> None:
    """Add a webhook that wants everything."""
    with database.writing() as connection:
        add_endpoint(connection, Endpoint(endpoint_id, WEBHOOK, url, NOON, **{"secrets": (SECRET,), **fields}))


def sender(database: Database, clock: FakeClock, *, timeout_s: float = 60.0, targets: Targets | None = None) -> Sender:
    """Make a sender without jitter that may reach this machine.

    The time-out runs by the real clock: receivers on a busy machine must not reach it, unless a test is about that.
    """
    post = Post(targets or Targets(LOCAL), timeout_s=timeout_s)
    channel = WebhookChannel(post, Schedule(), clock, lambda: 0.0)
    return Sender(database, {WEBHOOK: channel}, clock, lambda: f"lease {next(_leases)}")
