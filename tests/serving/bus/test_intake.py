import asyncio
import json
import threading
from collections import Counter

import pytest
from sqlalchemy import select

from parcelcast.codes.mapping import CodeTables
from serving.bus.intake import BusIntake, keep_messages
from serving.errors import StoreRefusedError, StoreUnavailableError
from serving.stores.schema import refused, scans
from tests.serving.fakes import FakeClock
from tests.serving.stores.conftest import database, database_url
from tests.serving.stores.outbox import NOON

__all__ = ["database", "database_url"]

SCAN = {
    "carrier": "kranich",
    "tracking_number": "K1",
    "occurred_at": "2027-03-01T11:00:00+01:00",
    "code": "hub_arrival",
}


@pytest.fixture
def counted():
    return Counter()


@pytest.fixture
def keep(database, counted):
    return keep_messages(database, FakeClock(NOON), CodeTables.default(), counted)


def _scan(number, **changes):
    return {**SCAN, "tracking_number": f"K{number}", **changes}


def _numbers(database):
    with database.reading() as connection:
        return sorted(connection.execute(select(scans.c.tracking_number)).scalars())


def _refused(database):
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(refused.c.content, refused.c.source))]


def test_a_message_is_a_scan_or_a_list_of_scans(database, keep):
    keep([json.dumps(_scan(1)).encode(), json.dumps([_scan(2), _scan(3)]).encode(), b"[]"])

    assert _numbers(database) == ["K1", "K2", "K3"]
    assert _refused(database) == []


def test_redelivery_changes_nothing(database, keep):
    message = json.dumps([_scan(1), _scan(2)]).encode()
    keep([message, message])
    keep([message])

    assert _numbers(database) == ["K1", "K2"]


@pytest.mark.parametrize(
    "poison",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"null",
        b"7",
        b'"scan"',
        b"[" * 5_000,
        b"9" * 5_000,
        b'{"carrier": "\\u0000"}',
        b'{"occurred_at": "2027-03-01T11:00:00Z", "\\u0000": 1}',
        b"\x00",
    ],
)
def test_poison_is_set_aside_and_costs_no_good_scan(database, keep, counted, poison):
    keep([poison, json.dumps(_scan(1)).encode(), poison])

    assert _numbers(database) == ["K1"]
    found = _refused(database)
    assert len(found) == 2
    assert {source for _, source in found} == {"bus"}
    assert counted == {"bus": 2}


@pytest.mark.parametrize("kind", [ZeroDivisionError, StoreRefusedError])
def test_what_nobody_foresaw_is_set_aside_alone(database, keep, counted, monkeypatch, caplog, kind):
    def broken(database, rows, *rest):
        if any(row["tracking_number"] == "K2" for row in rows):
            raise kind("secret")
        return accept(database, rows, *rest)

    from serving.bus import intake  # noqa: PLC0415 - the module itself is changed

    accept = intake.accept_scans
    monkeypatch.setattr(intake, "accept_scans", broken)
    keep([json.dumps(_scan(number)).encode() for number in (1, 2, 3)])

    assert _numbers(database) == ["K1", "K3"]
    assert [json.loads(content)["tracking_number"] for content, _ in _refused(database)] == ["K2"]
    assert counted == {"bus": 1}
    assert kind.__name__ in caplog.text
    assert "secret" not in caplog.text


def test_what_comes_while_one_is_kept_is_kept_together():
    first_began, go_on = threading.Event(), threading.Event()
    rounds = []

    def keep(bodies):
        rounds.append(list(bodies))
        first_began.set()
        go_on.wait(10)

    async def main():
        intake = BusIntake(keep)
        first = asyncio.create_task(intake.take([b"1"]))
        await asyncio.to_thread(first_began.wait, 10)
        others = [asyncio.create_task(intake.take([b"%d" % number])) for number in (2, 3, 4)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in (first, *others))
        go_on.set()
        await asyncio.gather(first, *others)

    asyncio.run(main())

    assert rounds == [[b"1"], [b"2", b"3", b"4"]]


def test_without_a_database_nothing_is_taken(monkeypatch):
    monkeypatch.setattr("serving.bus.intake.PAUSE_S", 0.01)

    def keep(bodies):
        raise StoreUnavailableError("the database failed; try again later")

    async def main():
        intake = BusIntake(keep)
        return await asyncio.gather(intake.take([b"1"]), intake.take([b"2"]), return_exceptions=True)

    assert [type(found) for found in asyncio.run(main())] == [StoreUnavailableError] * 2
