"""The link to real brokers: NATS JetStream and RabbitMQ."""

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from parcelcast.errors import InputError
from serving.bus.broker import Route
from serving.bus.link import BusLink
from serving.clock import system_clock
from serving.errors import StoreUnavailableError
from serving.stores.deliveries import Claimed
from serving.stores.endpoints import BUS, Endpoint
from tests.serving.bus.brokers import SIDES, opened, until
from tests.serving.stores.outbox import NOON

pytestmark = pytest.mark.parametrize("kind", list(SIDES))

EVENT = Claimed(Endpoint(BUS, BUS, "", NOON), 1, "lease", "01EVENT", "parcelcast.delay.predicted", "p1", b"{}", 0, None)


class Shelf:
    """Keeps messages, or fails as a database would."""

    def __init__(self):
        self.kept = []
        self.failures = 0

    def keep(self, bodies):
        if self.failures:
            self.failures -= 1
            raise StoreUnavailableError("the database failed; try again later")
        self.kept.extend(bodies)


@asynccontextmanager
async def linked(bus, shelf):
    link = BusLink(bus.url, bus.route, shelf.keep, system_clock, lambda: 0.0)
    stop = asyncio.Event()
    running = asyncio.create_task(link.run(stop))
    try:
        yield link
    finally:
        stop.set()
        await running


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr("serving.bus.link.LOOK_S", 0.05)
    monkeypatch.setattr("serving.bus.intake.PAUSE_S", 0.05)
    monkeypatch.setattr("serving.bus.link.CONFIRM_S", 0.5)


def test_scans_arrive_and_are_acknowledged_when_they_are_kept(kind):
    async def main():
        shelf = Shelf()
        async with opened(kind) as bus, linked(bus, shelf) as link:
            await until(lambda: link.is_up)
            for number in range(50):
                await bus.side.put(b'{"number": %d}' % number)
            await until(lambda: len(shelf.kept) == 50)
            await until(lambda: _is_empty(bus))
            return shelf.kept

    assert sorted(asyncio.run(main())) == sorted(b'{"number": %d}' % number for number in range(50))


async def _is_empty(bus):
    return await bus.side.waiting() == 0


def test_scans_that_could_not_be_kept_come_again(kind):
    async def main():
        shelf = Shelf()
        shelf.failures = 2
        async with opened(kind) as bus, linked(bus, shelf) as link:
            await until(lambda: link.is_up)
            await bus.side.put(b"{}")
            await until(lambda: shelf.kept)
            await until(lambda: _is_empty(bus))
            return shelf.kept

    assert asyncio.run(main()) == [b"{}"]


def test_scans_wait_while_nobody_is_there(kind):
    async def main():
        shelf = Shelf()
        async with opened(kind) as bus:
            async with linked(bus, shelf) as link:
                await until(lambda: link.is_up)
            await bus.side.put(b"{}")
            async with linked(bus, shelf):
                await until(lambda: shelf.kept)
        return shelf.kept

    assert asyncio.run(main()) == [b"{}"]


def test_events_leave_and_are_confirmed(kind):
    async def main():
        async with opened(kind) as bus, linked(bus, Shelf()) as link:
            await until(lambda: link.is_up)
            outcomes = [await link.attempt(replace(EVENT, event_id=f"e{number}")) for number in range(3)]
            return outcomes, await bus.side.events()

    outcomes, events = asyncio.run(main())

    assert {outcome.state for outcome in outcomes} == {"delivered"}
    assert events == [(f"e{number}", b"{}") for number in range(3)]


def test_a_lost_connection_is_told_and_mended_without_hands(kind):
    async def main():
        shelf = Shelf()
        async with opened(kind) as bus, linked(bus, shelf) as link:
            await until(lambda: link.is_up)
            await bus.wire.cut()
            await until(lambda: not link.is_up)
            told = link.error
            failed = await link.attempt(EVENT)
            await bus.wire.mend()
            await until(lambda: link.is_up)
            assert link.error is None
            again = await link.attempt(EVENT)
            await bus.side.put(b"{}")
            await until(lambda: shelf.kept)
            return told, failed, again

    told, failed, again = asyncio.run(main())

    assert told is not None
    assert (failed.state, failed.error) == ("pending", "the bus is down")
    assert failed.pause_until == failed.due_at > failed.ended_at
    assert again.state == "delivered"


def test_an_event_that_is_cut_off_is_due_again(kind):
    async def main():
        async with opened(kind) as bus, linked(bus, Shelf()) as link:
            await until(lambda: link.is_up)
            await bus.wire.cut()
            return await link.attempt(EVENT)

    outcome = asyncio.run(main())

    assert outcome.state == "pending"
    assert outcome.due_at is not None


def test_passwords_are_in_no_log(kind, caplog):
    caplog.set_level(logging.DEBUG)

    async def main():
        async with opened(kind) as bus:
            parts = bus.url.partition("//")
            url = f"{parts[0]}//parcelcast:secret-password@{parts[2].rpartition('@')[2]}"
            link = BusLink(url, bus.route, Shelf().keep, system_clock, lambda: 0.0)
            stop = asyncio.Event()
            running = asyncio.create_task(link.run(stop))
            await until(lambda: link.is_up or link.error != "not connected yet")
            stop.set()
            await running

    asyncio.run(main())

    assert "secret-password" not in caplog.text


def test_other_addresses_are_refused_without_being_repeated(kind):
    with pytest.raises(InputError, match="expected nats://") as caught:
        BusLink(f"redis://user:secret@{kind}:1", Route("scans", "events"), Shelf().keep, system_clock, lambda: 0.0)

    assert "secret" not in str(caught.value)
