"""What leaves the database, and what never does."""

import sqlite3
from datetime import timedelta
from threading import Thread
from time import sleep

import pytest
from sqlalchemy import func, select, text, update

from serving.stores.deliveries import replay_after
from serving.stores.endpoints import read_endpoints
from serving.stores.events import append_test
from serving.stores.feed import read_page
from serving.stores.retention import BATCH, remove_events, remove_refused
from serving.stores.scans import Refused, refuse
from serving.stores.schema import alerts, deliveries, events, refused
from tests.serving.stores.outbox import NOON, add_endpoint, event, tell

LATER = NOON + timedelta(days=200)
LIMIT = NOON + timedelta(days=20)

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def remove(database, before=LIMIT, most=2):
    """Go through all events, page by page."""
    after = 0
    while after is not None:
        with database.writing() as connection:
            after = remove_events(connection, before, after, most)


def numbers(database, table=events):
    with database.reading() as connection:
        return connection.execute(select(table.c.seq).order_by(table.c.seq)).scalars().all()


def end_alerts(database, *but):
    with database.writing() as connection:
        connection.execute(update(alerts).where(alerts.c.shipment_id.not_in(but)).values(state="closed"))


def end_deliveries(database, state="delivered", ended_at=NOON, *seqs):
    with database.writing() as connection:
        mine = deliveries.c.seq.in_(seqs) if seqs else deliveries.c.seq > 0
        connection.execute(update(deliveries).where(mine).values(state=state, ended_at=ended_at))


@pytest.fixture
def told(database):
    """Four old events, each with a delivery that arrived and an alert that is over, and a new one."""
    add_endpoint(database, "hook")
    seqs = tell(database, [event(number) for number in range(4)]) + tell(database, [event(9)], LATER)
    end_alerts(database)
    end_deliveries(database)
    return seqs


def test_what_arrived_long_ago_goes_with_its_event(database, told):
    remove(database)
    assert numbers(database) == numbers(database, deliveries) == told[4:]


def test_what_is_younger_stays(database, told):
    remove(database, NOON)
    assert numbers(database) == numbers(database, deliveries) == told
    end_deliveries(database, "delivered", LIMIT, told[0])  # replayed since
    remove(database)
    assert numbers(database) == [told[0], told[4]]


@pytest.mark.parametrize("state", ["pending", "dead"])
def test_what_has_not_arrived_stays_however_old_it_is(database, told, state):
    end_deliveries(database, state, NOON, told[1])
    remove(database)
    assert numbers(database) == numbers(database, deliveries) == [told[1], told[4]]


def test_an_event_stays_while_one_endpoint_waits_for_it(database):
    for name in ("one", "other"):
        add_endpoint(database, name)
    first, _ = tell(database, [event(1), event(2)])
    end_alerts(database)
    with database.writing() as connection:
        connection.execute(
            update(deliveries).where(deliveries.c.endpoint_id == "one").values(state="delivered", ended_at=NOON)
        )
    remove(database)
    assert numbers(database)[0] == first
    assert numbers(database, deliveries) == [first, first + 1]


def test_events_of_an_open_alert_stay(database, told):
    with database.writing() as connection:
        connection.execute(update(alerts).where(alerts.c.shipment_id == "p2").values(state="open"))
    remove(database)
    assert numbers(database) == [told[2], told[4]]


def test_a_cursor_is_good_when_all_before_it_is_gone_and_numbers_never_come_twice(database, told):
    """SQLite gives a number again once the greatest is gone: readers of the feed would pass over the event."""
    cursor = told[4]
    end_deliveries(database, "delivered", NOON)
    remove(database, LATER + timedelta(days=200))
    assert numbers(database) == [cursor]
    [fresh] = tell(database, [event(10)], LATER)

    assert fresh > cursor
    with database.reading() as connection:
        page = read_page(connection, cursor, 10, None, None)
    assert (len(page.bodies), page.after) == (1, fresh)


def test_tests_of_endpoints_go_when_they_arrived(database, told):
    with database.writing() as connection:
        append_test(connection, "hook", "01TEST", NOON)
    tell(database, [event(11)], LATER)
    end_deliveries(database)
    remove(database)
    with database.reading() as connection:
        assert connection.execute(select(func.count()).where(events.c.alert_id.is_(None))).scalar_one() == 0


def test_refused_rows_go(database):
    with database.writing() as connection:
        for at in (NOON, NOON, LATER):
            refuse(connection, [Refused("http", b"{", "no JSON")], at)
    for count in (1, 1, 0):
        with database.writing() as connection:
            assert remove_refused(connection, LIMIT, 1) == count
    assert len(numbers(database, refused)) == 1


def test_a_page_is_bounded_and_the_oldest_come_first(database, told):
    with database.writing() as connection:
        assert remove_events(connection, LIMIT, 0, 1) == told[0]
    assert numbers(database) == told[1:]


def test_a_page_goes_however_many_endpoints_there_are(database):
    """A statement of SQLite binds 32,766 values, one of PostgreSQL 65,535."""
    for number in range(70):
        add_endpoint(database, f"hook-{number}")
    told = tell(database, [event(number) for number in range(BATCH)])
    end_alerts(database)
    end_deliveries(database)
    with database.writing() as connection:
        if database.is_sqlite:
            connection.connection.driver_connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)
        remove_events(connection, LIMIT)
    assert numbers(database) == told[-1:]
    assert numbers(database, deliveries) == []


def test_several_workers_remove_at_once(database):
    add_endpoint(database, "hook")
    told = tell(database, [event(number) for number in range(120)])
    end_alerts(database)
    end_deliveries(database)
    failures = []

    def work():
        try:
            remove(database, most=7)
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert numbers(database) == told[-1:]
    assert numbers(database, deliveries) == []


def await_waiting(database):
    """Wait until somebody waits for a lock."""
    waiting = text(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )
    for _ in range(1_000):
        with database.reading() as connection:
            if connection.execute(waiting).scalar_one():
                return
        sleep(0.01)
    pytest.fail("nobody waits")


@on_postgresql
def test_a_replay_passes_over_what_is_being_removed(database, told):
    add_endpoint(database, "new")
    replayed = []

    def replay():
        with database.writing() as connection:
            replayed.append(replay_after(connection, read_endpoints(connection, ["new"])["new"], 0, LATER))

    thread = Thread(target=replay)
    with database.writing() as connection:
        remove_events(connection, LIMIT)
        thread.start()
        await_waiting(database)
    thread.join()

    assert replayed == [1]
    assert numbers(database) == told[4:]


@on_postgresql
@pytest.mark.parametrize("table", [events, deliveries], ids=str)
def test_an_event_that_another_holds_stays_and_nobody_waits_for_it(database, told, table):
    with database.writing() as other:
        other.execute(select(table).where(table.c.seq == told[1]).with_for_update())
        remove(database)
    assert numbers(database) == [told[1], told[4]]


@on_postgresql
def test_a_refused_row_that_another_holds_stays_and_nobody_waits_for_it(database):
    with database.writing() as connection:
        refuse(connection, [Refused("http", b"{", "no JSON")] * 3, NOON)
    held = numbers(database, refused)[1]
    with database.writing() as other, database.writing() as connection:
        other.execute(select(refused).where(refused.c.seq == held).with_for_update())
        assert remove_refused(connection, LIMIT) == 2
    assert numbers(database, refused) == [held]
