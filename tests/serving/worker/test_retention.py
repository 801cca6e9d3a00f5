"""Old rows go between the rounds of a worker."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import delete, func, select, text

from parcelcast.errors import InputError
from parcelcast.ids import ulid
from parcelcast.settings import Settings
from parcelcast.tracking.scan import Scan
from serving.background import background_of
from serving.bundles import Bundles
from serving.store import Answer, PromiseStore
from serving.stores.database import Database
from serving.stores.parcels import NewParcel, register_parcels
from serving.stores.scans import Refused, record_scans, refuse
from serving.stores.schema import refused, scans, shipments, work
from serving.worker.loop import WorkerThread
from serving.worker.retention import Retention
from serving.worker.rounds import Count
from tests.serving.fakes import FakeClock, FakeSource

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    return FakeClock(NOON)


def add(database, count=1, at=NOON):
    with database.writing() as connection:
        refuse(connection, [Refused("http", b"{", "no JSON")] * count, at)


def left(database):
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(refused)).scalar_one()


def test_batch_follows_batch_until_nothing_is_left_then_once_an_hour(database, clock):
    retention = Retention(Settings(keep_days=10), database, clock)
    add(database, 700)
    retention.tidy()
    assert left(database) == 700
    clock.now = NOON + timedelta(days=10, hours=2)
    for rest in (200, 0, 0):
        retention.tidy()
        assert left(database) == rest
    add(database)
    retention.tidy()
    assert left(database) == 1
    clock.now += timedelta(hours=1)
    retention.tidy()
    assert left(database) == 0


def test_everything_is_kept_where_that_is_wanted(database, clock):
    add(database, at=NOON - timedelta(days=3000))
    Retention(Settings(keep_days=0), database, clock).tidy()
    assert left(database) == 1


def test_a_database_that_fails_is_left_in_peace(clock, caplog):
    retention = Retention(Settings(keep_days=10), Database("postgresql://nobody@127.0.0.1:1/none"), clock)
    retention.tidy()
    retention.tidy()
    assert caplog.text.count("old rows stay for now") == 1


def test_one_kind_that_fails_is_tried_again_an_hour_later_and_holds_up_none_before_it(database, clock, caplog):
    retention = Retention(Settings(keep_days=10), database, clock)
    add(database, at=NOON - timedelta(days=11))
    with database.writing() as connection:
        connection.execute(text("alter table events rename to moved"))
    for hours, failures in ((0, 1), (0, 1), (1, 2)):
        clock.now += timedelta(hours=hours)
        retention.tidy()
        assert (caplog.text.count("old rows stay for now"), left(database)) == (failures, 0)


def test_a_mistake_of_the_program_is_logged_without_values_and_stops_nothing(database, clock, caplog, monkeypatch):
    def fail(_connection, before, _after):
        raise ValueError(before)

    monkeypatch.setattr("serving.worker.retention.remove_events", fail)
    retention = Retention(Settings(keep_days=10), database, clock)
    for failures in (1, 1, 2):
        retention.tidy()
        assert caplog.text.count("old rows stay for now: ValueError") == failures
        clock.now += timedelta(minutes=30)
    assert "2027" not in "".join(caplog.messages)


def test_parcels_scans_without_one_and_promises_go_only_where_that_is_wanted(database, clock, tmp_path):
    stray = Scan("dpd", "1", "origin_scan", NOON, NOON)
    path = tmp_path / "promises.sqlite"
    answer = Answer(True, b"", b"", "m1", "holidays 0.109", "{}", "en")
    with closing(PromiseStore(path)) as store:
        store.keep_promise(ulid(NOON, bytes(10)), "2027-03-01T12:00:00Z", "key", store.keep_answer(answer))
    with database.writing() as connection:
        register_parcels(connection, [NewParcel({"shipment_id": "p1", "order_id": "o1", "ordered_at": NOON,
                                                 "destination_country": "DE"})], NOON)  # fmt: skip
        record_scans(connection, [stray], NOON)
        connection.execute(delete(work))
    clock.now = NOON + timedelta(days=401)
    for days, rest in ((0, 1), (401, 1), (400, 0)):
        retention = Retention(Settings(keep_parcel_days=days, store=path), database, clock)
        for _ in range(3):
            retention.tidy()
        with database.reading() as connection, closing(sqlite3.connect(path)) as store:
            tables = [connection.execute(select(func.count()).select_from(one)) for one in (shipments, scans)]
            tables += [store.execute("select count(*) from promises"), store.execute("select count(*) from answers")]
            assert [table.fetchone()[0] for table in tables] == [rest] * 4


def test_a_worker_far_from_the_servers_makes_no_file_of_promises(database, clock, tmp_path):
    path = tmp_path / "none.sqlite"
    Retention(Settings(keep_parcel_days=1, store=path), database, clock).tidy()
    assert not path.exists()


@pytest.mark.parametrize("days", [-1, 1_000_000])
@pytest.mark.parametrize("name", ["keep_days", "keep_parcel_days"])
def test_a_time_that_makes_no_sense_stops_the_start(database, clock, name, days):
    settings = Settings(**{name: days})
    with pytest.raises(InputError, match=f"PARCELCAST_{name.upper()} is {days}; expected 0"):
        background_of(settings, database, Bundles(FakeSource(), clock), clock, os.urandom, works=True)


def test_the_worker_of_a_process_keeps_rows_as_long_as_its_settings_say(depot, database):
    settings = Settings(keep_days=5)
    background = background_of(
        settings, database, Bundles(FakeSource(), depot.clock), depot.clock, os.urandom, works=True
    )
    add(database, at=depot.clock.now - timedelta(days=6))
    add(database, at=depot.clock.now - timedelta(days=4))
    background.worker.tidy()
    assert left(database) == 1


class FakeWorker:
    """Tells an event in each round."""

    def round(self):
        return Count(events=1)


def test_a_worker_tidies_after_its_rounds_when_the_sender_knows_what_was_told(clock):
    calls, tidied = [], Event()

    def tidy():
        calls.append("tidy")
        tidied.set()

    thread = WorkerThread(FakeWorker(), clock, told=lambda: calls.append("told"), tidy=tidy)
    thread.start()
    try:
        assert tidied.wait(10)
    finally:
        thread.stop()
    assert calls[:2] == ["told", "tidy"]
    assert thread.state.rounds == calls.count("tidy")
