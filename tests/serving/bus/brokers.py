"""Real brokers of the tests, with names of their own that are deleted afterwards, behind a wire that can be cut."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit
from uuid import uuid4

import aio_pika
import nats
import pytest

from serving.bus.broker import Route

NATS = os.environ.get("PARCELCAST_TEST_NATS", "nats://127.0.0.1:4222")
RABBITMQ = os.environ.get("PARCELCAST_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/")


class Wire:
    """Leads to a broker while it is whole."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._lead, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, there_writer}
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))
        self._writers -= {writer, there_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


class NatsSide:
    """The other side of a NATS server: puts scans, reads events."""

    def __init__(self, route: Route) -> None:
        self._route = route

    async def open(self) -> None:
        self._client = await nats.connect(NATS, connect_timeout=3, max_reconnect_attempts=1, allow_reconnect=False)
        self._context = self._client.jetstream()

    async def put(self, body: bytes) -> None:
        await self._context.publish(self._route.scans, body)

    async def waiting(self) -> int:
        info = await self._context.consumer_info(self._route.scans.replace(".", "_"), "parcelcast")
        return int(info.num_pending) + int(info.num_ack_pending)

    async def events(self) -> list[tuple[str, bytes]]:
        name = self._route.events.replace(".", "_")
        count = (await self._context.stream_info(name)).state.messages
        found = [await self._context.get_msg(name, number) for number in range(1, count + 1)]
        return [(message.headers["Nats-Msg-Id"], message.data) for message in found]

    async def close(self) -> None:
        for name in (self._route.scans, self._route.events):
            with suppress(nats.js.errors.NotFoundError):
                await self._context.delete_stream(name.replace(".", "_"))
        await self._client.close()


class RabbitSide:
    """The other side of a RabbitMQ server."""

    def __init__(self, route: Route) -> None:
        self._route = route

    async def open(self) -> None:
        self._connection = await aio_pika.connect(RABBITMQ, timeout=3)
        self._channel = await self._connection.channel()

    async def put(self, body: bytes) -> None:
        await self._channel.default_exchange.publish(aio_pika.Message(body), self._route.scans)

    async def waiting(self) -> int:
        queue = await self._channel.declare_queue(self._route.scans, passive=True)
        return int(queue.declaration_result.message_count or 0)

    async def events(self) -> list[tuple[str, bytes]]:
        queue = await self._channel.get_queue(self._route.events)
        found = []
        while message := await queue.get(fail=False, no_ack=True):
            assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
            found.append((message.message_id, message.body))
        return found

    async def close(self) -> None:
        for name in (self._route.scans, self._route.events):
            await self._channel.queue_delete(name)
        await self._channel.exchange_delete(self._route.events)
        await self._connection.close()


SIDES = {"nats": (NATS, NatsSide), "rabbitmq": (RABBITMQ, RabbitSide)}


class Bus:
    """A broker as a test sees it; `url` leads through a wire."""

    def __init__(self, url: str, route: Route, side: NatsSide | RabbitSide, wire: Wire) -> None:
        self.url = url
        self.route = route
        self.side = side
        self.wire = wire


@asynccontextmanager
async def opened(kind: str) -> AsyncIterator[Bus]:
    """Reach a broker, or skip the test; where CI is set it fails."""
    url, make = SIDES[kind]
    parts = urlsplit(url)
    route = Route(f"test-{uuid4().hex[:12]}.scans", f"test-{uuid4().hex[:12]}.events")
    side = make(route)
    try:
        async with asyncio.timeout(5):
            await side.open()
    except Exception as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no {kind} at {parts.hostname}:{parts.port} ({type(error).__name__})")
    wire = Wire(parts.hostname or "", parts.port or 0)
    await wire.mend()
    try:
        yield Bus(url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{wire.port}"), route, side, wire)
    finally:
        await wire.cut()
        await side.close()


async def until(happened, seconds: float = 20.0) -> None:
    """Wait until something happened elsewhere."""
    async with asyncio.timeout(seconds):
        while not await _told(happened):  # noqa: ASYNC110 - it happens elsewhere
            await asyncio.sleep(0.02)


async def _told(happened) -> bool:
    found = happened()
    return await found if asyncio.iscoroutine(found) else found
