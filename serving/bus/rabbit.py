"""RabbitMQ: scans from a durable queue, events to a durable exchange, which a durable queue keeps for whoever comes."""

import asyncio

from faststream.middlewares import AckPolicy
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue

from serving.bus.broker import BATCH, CONFIRM_S, CONNECT_S, GRACE_S, PING_S, Route, Take, event_name
from serving.stores.deliveries import Claimed
from serving.stores.events import MEDIA_TYPE


class Rabbit:
    """Scans are acknowledged one by one; events are persistent and confirmed, and refused when no queue takes them."""

    def __init__(self, url: str, route: Route) -> None:
        self._exchange = RabbitExchange(route.events, ExchangeType.TOPIC)
        self._events = RabbitQueue(route.events, durable=True)
        self._scans = RabbitQueue(route.scans, durable=True)
        self._broker = RabbitBroker(
            url,
            timeout=CONNECT_S,
            default_channel=Channel(prefetch_count=BATCH, on_return_raises=True),
            graceful_timeout=GRACE_S,
            apply_types=False,
            decoder=_body,
            logger=None,
        )

    async def start(self, take: Take) -> None:  # noqa: D102 - told by Broker
        subscriber = self._broker.subscriber(self._scans, ack_policy=AckPolicy.NACK_ON_ERROR, no_reply=True)

        async def handle(body: bytes) -> None:
            await take([body])

        subscriber(handle)
        await self._broker.connect()
        exchange = await self._broker.declare_exchange(self._exchange)
        queue = await self._broker.declare_queue(self._events)
        await queue.bind(exchange, "#")
        await self._broker.start()

    async def publish(self, event: Claimed) -> None:  # noqa: D102 - told by Broker
        await self._broker.publish(
            event.body,
            exchange=self._exchange,
            routing_key=event_name(event),
            persist=True,
            mandatory=True,
            message_id=event.event_id,
            message_type=event.type,
            content_type=MEDIA_TYPE,
            timeout=CONFIRM_S,
        )

    async def is_up(self) -> bool:  # noqa: D102 - told by Broker
        return await self._broker.ping(PING_S)

    async def stop(self) -> None:  # noqa: D102 - told by Broker
        await self._broker.stop()
        await asyncio.sleep(0)  # lets the connection's own tasks end


async def _body(message: RabbitMessage) -> bytes:
    return message.body
