"""NATS JetStream: messages are stored by streams, which are made where no stream has the subjects yet."""

import asyncio
from contextlib import suppress
from typing import Any

from faststream.middlewares import AckPolicy
from faststream.nats import ConsumerConfig, JStream, NatsBroker, NatsMessage, RetentionPolicy, StorageType
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from parcelcast.errors import ParcelcastError
from serving.bus.broker import BATCH, CONFIRM_S, CONNECT_S, CONSUMER, GRACE_S, PING_S, Route, Take, event_name
from serving.stores.deliveries import Claimed
from serving.stores.events import MEDIA_TYPE

# Longer than an event is leased, so that one that is sent again for want of an answer is dropped here.
_DUPLICATES_S = 600.0
_ACK_WAIT_S = 60.0
_EVENTS_AGE_S = 30 * 86_400.0


class JetStream:
    """Scans from a durable consumer that processes share, events by acknowledged publishing, Nats-Msg-Id their id.

    Streams that we make are files: scans leave theirs when they are kept, events stay in theirs for 30 days.
    """

    def __init__(self, url: str, route: Route) -> None:
        self._route = route
        self._broker = NatsBroker(
            url,
            name=CONSUMER,
            max_reconnect_attempts=1,
            allow_reconnect=False,  # a lost connection is made anew, with all that hangs on it
            connect_timeout=int(CONNECT_S),
            graceful_timeout=GRACE_S,
            apply_types=False,
            decoder=_whole,
            logger=None,
        )
        self._events_stream = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, take: Take) -> None:  # noqa: D102 - told by Broker
        client = await self._broker.connect()
        scans = JStream(_name(self._route.scans), storage=StorageType.FILE, retention=RetentionPolicy.WORK_QUEUE)
        events = JStream(
            _name(self._route.events), storage=StorageType.FILE, max_age=_EVENTS_AGE_S, duplicate_window=_DUPLICATES_S
        )
        scans_stream = await _stream(client, self._route.scans, scans)
        self._events_stream = await _stream(client, f"{self._route.events}.>", events)
        subscriber = self._broker.subscriber(
            self._route.scans,
            stream=JStream(scans_stream, declare=False),
            # Pushed, because a pulling subscriber of FastStream spins for ever when its connection is closed. One that
            # works on several messages at once leaks then, so they are settled by tasks of our own.
            queue=CONSUMER,
            config=ConsumerConfig(ack_wait=_ACK_WAIT_S, max_ack_pending=BATCH),
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
        )

        async def handle(message: NatsMessage) -> None:
            task = asyncio.create_task(_settle(message, take))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        subscriber(handle)
        await self._broker.start()

    async def publish(self, event: Claimed) -> None:  # noqa: D102 - told by Broker
        await self._broker.publish(
            event.body,
            f"{self._route.events}.{event_name(event)}",
            headers={"Nats-Msg-Id": event.event_id, "content-type": MEDIA_TYPE},
            stream=self._events_stream,
            timeout=CONFIRM_S,
        )

    async def is_up(self) -> bool:  # noqa: D102 - told by Broker
        return await self._broker.ping(PING_S)

    async def stop(self) -> None:  # noqa: D102 - told by Broker
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_S)
        await self._broker.stop()


def _name(subject: str) -> str:
    return subject.replace(".", "_")  # names of streams have no dots


async def _stream(client: Any, subject: str, wanted: JStream) -> str:
    """Return the stream that stores a subject; an operator's own is left as it is."""
    context = client.jetstream()
    try:
        return str(await context.find_stream_name_by_subject(subject))
    except NotFoundError:
        info = await context.add_stream(config=wanted.config, subjects=[subject])
        return str(info.config.name)


async def _settle(message: NatsMessage, take: Take) -> None:
    with suppress(NatsError):  # without a connection it comes again by itself
        try:
            await take([message.body])
        except ParcelcastError:
            await message.nack()
        else:
            await message.ack()


async def _whole(message: NatsMessage) -> NatsMessage:
    return message
