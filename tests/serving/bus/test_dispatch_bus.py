"""From the database to real brokers and back, in the thread that delivers."""

import asyncio
import json

import pytest
from sqlalchemy import select

from parcelcast.settings import Settings
from serving.clock import system_clock
from serving.stores.database import Database
from serving.stores.deliveries import queue_state
from serving.stores.endpoints import read_endpoints
from serving.stores.schema import scans
from serving.webhooks.dispatch import Dispatch
from tests.serving.bus.brokers import SIDES, opened, until
from tests.serving.bus.test_intake import SCAN
from tests.serving.stores.outbox import event, tell


@pytest.fixture
def database(tmp_path):
    found = Database(f"sqlite:///{tmp_path / 'parcels.sqlite'}")
    found.migrate()
    yield found
    found.close()


def _settings(bus):
    return Settings(bus=bus.url, bus_scans=bus.route.scans, bus_events=bus.route.events)


def _pending(database):
    with database.reading() as connection:
        return queue_state(connection, system_clock()).pending


def _bus_row(database):
    with database.reading() as connection:
        return read_endpoints(connection, ["bus"]).get("bus")


@pytest.mark.parametrize("kind", list(SIDES))
def test_events_wait_while_the_broker_is_down_and_then_leave_in_order(kind, database, monkeypatch):
    monkeypatch.setattr("serving.bus.link.LOOK_S", 0.05)
    told = [event(number) for number in range(6)]

    async def main():
        async with opened(kind) as bus:
            dispatch = Dispatch(database, _settings(bus), system_clock)
            await asyncio.to_thread(dispatch.start)
            await until(lambda: dispatch.state().bus == "up" and _bus_row(database) is not None)
            tell(database, told[:3], system_clock())
            await until(lambda: _pending(database) == 0)
            await bus.wire.cut()
            await until(lambda: dispatch.state().bus == "down")
            assert dispatch.state().bus_error is not None
            tell(database, told[3:], system_clock())
            await until(lambda: _bus_row(database).health.failures > 0)
            await bus.wire.mend()
            await until(lambda: _pending(database) == 0)
            await bus.side.put(json.dumps(SCAN).encode())
            await until(lambda: _scans(database) == 1)
            found = await bus.side.events()
            await asyncio.to_thread(dispatch.stop)
            return found

    found = asyncio.run(main())

    assert sorted({event_id for event_id, _ in found}) == [one.event_id for one in told]
    assert {json.loads(body)["id"] for _, body in found} == {one.event_id for one in told}


def _scans(database):
    with database.reading() as connection:
        return len(connection.execute(select(scans.c.seq)).all())


def test_without_a_bus_in_the_settings_nothing_is_kept_for_it(database):
    async def started(settings):
        dispatch = Dispatch(database, settings, system_clock)
        assert dispatch.state().bus == ("down" if settings.bus else "off")
        await asyncio.to_thread(dispatch.start)
        return dispatch

    async def main():
        nowhere = await started(Settings(bus="nats://127.0.0.1:1024"))
        await until(lambda: _bus_row(database) is not None)
        await asyncio.to_thread(nowhere.stop)
        without = await started(Settings())
        await until(lambda: _bus_row(database).state == "disabled")
        await asyncio.to_thread(without.stop)

    asyncio.run(main())
    tell(database, [event(1)], system_clock())

    assert _pending(database) == 0
