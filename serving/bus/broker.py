"""What every broker offers, and which one an address means."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from parcelcast.errors import InputError
from serving.stores.deliveries import Claimed

Take = Callable[[Sequence[bytes]], Awaitable[None]]
"""Keeps the scans of messages; a message may be acknowledged when this returns, and comes again when it raises."""

CONSUMER = "parcelcast"
BATCH = 200
CONFIRM_S = 5.0
CONNECT_S = 5.0
GRACE_S = 5.0
PING_S = 0.2

_SCHEMES = {"nats": "jetstream", "tls": "jetstream", "amqp": "rabbit", "amqps": "rabbit", "kafka": "kafka"}


@dataclass(frozen=True)
class Route:
    """Where scans arrive and where events leave: subjects, queues and exchanges, or topics."""

    scans: str
    events: str


class Broker(Protocol):
    """A connection to a broker; every method may raise what the broker's client raises."""

    async def start(self, take: Take) -> None:
        """Connect, make what is missing, and begin to take scans."""
        ...

    async def publish(self, event: Claimed) -> None:
        """Publish an event; returns when the broker has it for good."""
        ...

    async def is_up(self) -> bool:
        """Tell whether the connection stands."""
        ...

    async def stop(self) -> None:
        """End the connection; what is not acknowledged comes again."""
        ...


def kind_of(url: str) -> str:
    """Return the name of the broker that an address is for; InputError, which never repeats it, for another one."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:  # it may say the password, so it is not kept as the cause
        scheme = ""
    if scheme not in _SCHEMES:
        raise InputError("the address of the bus cannot be used; expected nats://..., amqp://... or kafka://...")
    return _SCHEMES[scheme]


def broker_of(url: str, route: Route) -> Broker:
    """Return the broker of an address. FastStream is loaded here and not before."""
    match kind_of(url):
        case "jetstream":
            from serving.bus.jetstream import JetStream  # noqa: PLC0415

            return JetStream(url, route)
        case "rabbit":
            from serving.bus.rabbit import Rabbit  # noqa: PLC0415

            return Rabbit(url, route)
        case _:
            from serving.bus.kafka import Kafka  # noqa: PLC0415

            return Kafka(url, route)


def event_name(event: Claimed) -> str:
    """Return the last part of an event's address, as `delay.predicted`."""
    return event.type.removeprefix("parcelcast.")
