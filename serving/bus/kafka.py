"""Kafka: scans in batches whose offsets are committed by hand, events with acks from all replicas, without doubles."""

from collections.abc import Sequence
from typing import Any

from faststream.kafka import KafkaBroker
from faststream.middlewares import AckPolicy

from serving.bus.broker import BATCH, CONFIRM_S, CONNECT_S, CONSUMER, GRACE_S, Route, Take
from serving.stores.deliveries import Claimed
from serving.stores.events import MEDIA_TYPE


class Kafka:
    """Events of a parcel share a partition, so they stay in order."""

    def __init__(self, url: str, route: Route) -> None:
        self._route = route
        self._broker = KafkaBroker(
            url.removeprefix("kafka://").rstrip("/").split(","),
            client_id=CONSUMER,
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=int(CONFIRM_S * 1000),
            graceful_timeout=GRACE_S,
            apply_types=False,
            decoder=_bodies,
            logger=None,
        )

    async def start(self, take: Take) -> None:  # noqa: D102 - told by Broker
        subscriber = self._broker.subscriber(
            self._route.scans,
            batch=True,
            group_id=CONSUMER,
            auto_offset_reset="earliest",
            max_records=BATCH,
            ack_policy=AckPolicy.NACK_ON_ERROR,
            no_reply=True,
        )

        async def handle(bodies: Sequence[bytes]) -> None:
            await take(bodies)

        subscriber(handle)
        await self._broker.start()

    async def publish(self, event: Claimed) -> None:  # noqa: D102 - told by Broker
        await self._broker.publish(
            event.body,
            self._route.events,
            key=(event.subject or event.event_id).encode(),
            headers={"content-type": MEDIA_TYPE, "ce_id": event.event_id, "ce_type": event.type},
        )

    async def is_up(self) -> bool:  # noqa: D102 - told by Broker
        return await self._broker.ping(CONNECT_S)

    async def stop(self) -> None:  # noqa: D102 - told by Broker
        await self._broker.stop()


async def _bodies(message: Any) -> Any:
    return message.body
