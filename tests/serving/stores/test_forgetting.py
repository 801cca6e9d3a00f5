"""Which parcels and scans are forgotten, and that nothing of them is left."""

from datetime import timedelta
from itertools import pairwise
from threading import Thread

import pytest
from sqlalchemy import delete, func, select, update

from parcelcast.tracking.scan import Number, Scan
from serving.stores.etas import DatesRow, write_dates
from serving.stores.events import append_events
from serving.stores.forgetting import remove_parcels, remove_strays
from serving.stores.parcels import NewParcel, id_number, register_parcels
from serving.stores.scans import record_scans
from serving.stores.schema import alerts, deliveries, etas, events, links, numbers, scans, shipments, work
from tests.serving.stores.outbox import NOON, add_endpoint, event, tell

LIMIT = NOON + timedelta(days=20)
LATER = NOON + timedelta(days=200)
FIRST, SECOND = Number("dpd", "1"), Number("gls", "2")
TABLES = (deliveries, events, alerts, etas, links, scans, numbers, shipments)


def register(database, shipment_id, *its_numbers, at=NOON):
    """Register a parcel that travels under one number after the other, and that nobody waits for."""
    facts = {"shipment_id": shipment_id, "order_id": "o", "ordered_at": NOON, "destination_country": "DE"}
    pairs = tuple(pairwise(its_numbers))
    with database.writing() as connection:
        register_parcels(connection, [NewParcel(facts, its_numbers, pairs)], at)
        connection.execute(delete(work).where(work.c.shipment_id == shipment_id))


def scan(number, code="origin_scan", at=NOON):
    return Scan(*number, code, at, at)


def hear(database, *told):
    with database.writing() as connection:
        record_scans(connection, told, NOON)
        connection.execute(delete(work))


def forget(database, before=LIMIT, most=2):
    """Go through all parcels, page by page."""
    after = None
    while True:
        with database.writing() as connection:
            after = remove_parcels(connection, before, after, most)
        if after is None:
            return


def kept(database, table=shipments):
    with database.reading() as connection:
        column = table.c.get("shipment_id", table.columns[0])
        return sorted(connection.execute(select(column)).scalars())


def counts(database):
    with database.reading() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in TABLES
        }


@pytest.fixture
def known(database):
    """An old parcel of which everything was told, and a young one."""
    add_endpoint(database, "hook")
    register(database, "p0", FIRST, SECOND)
    hear(database, scan(FIRST), scan(SECOND, "hub_arrival"), scan(id_number("p0"), "handed_over"))
    dates = DatesRow("p0", 1, NOON, "first_mile", None, None, None, None, None, "{}", "{}", "m1")
    alert = {"alert_id": event(0).alert_id, "shipment_id": "p0", "merchant_id": "kiosk", "incident": "delay"}
    alert |= {"number": 1, "type": "delay.predicted", "state": "open", "revision": 1, "record": "{}"}
    with database.writing() as connection:
        write_dates(connection, [dates])
        connection.execute(alerts.insert(), alert | {"opened_at": NOON, "updated_at": NOON})
        append_events(connection, [event(0)], NOON)
    tell(database, [event(9)], LATER)
    return "p0"


def test_an_old_parcel_goes_with_all_that_was_told_of_it(database, known):
    assert counts(database) == {"deliveries": 2, "events": 2, "alerts": 2, "etas": 1, "links": 1, "scans": 3,
                                "numbers": 3, "shipments": 2}  # fmt: skip
    forget(database)
    assert counts(database) == {"deliveries": 1, "events": 1, "alerts": 1, "etas": 0, "links": 0, "scans": 0,
                                "numbers": 0, "shipments": 1}  # fmt: skip
    assert kept(database) == kept(database, alerts) == kept(database, events) == ["p9"]


def test_nothing_goes_that_is_young(database, known):
    before = counts(database)
    forget(database, NOON)
    assert counts(database) == before


def waits(connection):
    connection.execute(work.insert(), {"shipment_id": "p0", "due_at": LATER, "revision": 1})


def was_told_of(connection):
    connection.execute(update(shipments).values(updated_at=LIMIT))


def was_looked_at(connection):
    connection.execute(update(shipments).values(computed_at=LIMIT))


def was_scanned(connection):
    record_scans(connection, [scan(SECOND, "delivered", LIMIT)], LIMIT)
    connection.execute(delete(work))


@pytest.mark.parametrize("happened", [waits, was_told_of, was_looked_at, was_scanned])
def test_a_parcel_stays_that_is_awaited_or_of_which_there_was_news(database, known, happened):
    with database.writing() as connection:
        happened(connection)
    before = counts(database)
    forget(database)
    assert counts(database) == before


def test_the_parcel_of_the_newest_event_stays_so_that_no_number_comes_twice(database):
    tell(database, [event(1), event(2)])
    forget(database)
    assert kept(database) == ["p2"]


def test_scans_of_a_number_that_another_parcel_has_stay(database):
    register(database, "old", FIRST, SECOND)
    hear(database, scan(FIRST), scan(SECOND))
    register(database, "young", FIRST, at=LATER)
    hear(database)
    forget(database)
    assert kept(database) == ["young"]
    with database.reading() as connection:
        assert connection.execute(select(scans.c.carrier)).scalars().all() == ["dpd"]


def test_two_old_parcels_with_one_number_go_with_its_scans(database):
    register(database, "one", FIRST)
    register(database, "other", FIRST)
    hear(database, scan(FIRST))
    forget(database)
    assert kept(database, scans) == kept(database) == []


def test_those_that_stay_hold_up_no_page(database):
    for number in range(7):
        register(database, f"p{number}", at=NOON + timedelta(hours=number % 3))
    with database.writing() as connection:
        connection.execute(update(shipments).where(shipments.c.shipment_id.in_(["p0", "p3", "p6"])).values(
            computed_at=LATER))  # fmt: skip
    forget(database)
    assert kept(database) == ["p0", "p3", "p6"]


def test_what_comes_again_after_that_is_new(database):
    register(database, "p1", FIRST)
    hear(database, scan(FIRST))
    forget(database)
    with database.writing() as connection:
        assert record_scans(connection, [scan(FIRST)], LATER).accepted == 1
    register(database, "p1", FIRST, at=LATER)
    assert kept(database) == ["p1"]


def test_scans_without_a_parcel_go_when_they_are_old(database):
    register(database, "p1", FIRST)
    hear(database, scan(FIRST), *(scan(Number("dpd", f"9{number}")) for number in range(4)))
    hear(database, scan(SECOND, at=LIMIT))
    after = 0
    while after is not None:
        with database.writing() as connection:
            after = remove_strays(connection, LIMIT, after, most=2)
    with database.reading() as connection:
        assert connection.execute(select(scans.c.tracking_number).order_by(scans.c.seq)).scalars().all() == ["1", "2"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_scan_that_is_being_told_is_waited_for(database, known):
    remover = Thread(target=forget, args=[database])
    with database.writing() as connection:
        record_scans(connection, [scan(SECOND, "delivered", LATER)], LATER)
        remover.start()
        remover.join(0.3)
        assert remover.is_alive()
    remover.join(10)
    assert kept(database) == ["p0", "p9"]
