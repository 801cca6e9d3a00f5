import json
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from serving.stores.events import MAX_BYTES, TEST_TYPE, append_events, append_test, cloud_event
from serving.stores.schema import deliveries, events
from tests.serving.stores.outbox import DELAY, NOON, add_endpoint, event, tell


def _rows(database, *columns):
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]


def _due(database):
    return _rows(database, deliveries.c.endpoint_id, deliveries.c.seq)


def test_an_event_is_a_cloud_event():
    body = json.loads(cloud_event(event(7), NOON))

    assert body == {
        "specversion": "1.0",
        "id": "01EVENT0000000000000000007",
        "source": "urn:parcelcast:alerts",
        "type": DELAY,
        "subject": "p7",
        "time": "2027-03-01T12:00:00Z",
        "datacontenttype": "application/json",
        "data": {"shipment_id": "p7", "order_id": "o7", "slip_days": 2},
    }


def test_an_event_too_large_for_receivers_loses_its_proposed_texts():
    texts = {"apology": {"subject": "s", "body": "b" * MAX_BYTES}}

    body = cloud_event(event(1, data={"slip_days": 2, "texts": texts}), NOON)

    assert len(body) < MAX_BYTES
    assert json.loads(body)["data"] == {"slip_days": 2}


def test_an_event_is_due_at_once_at_every_endpoint_that_wants_it(database):
    add_endpoint(database, "all")
    add_endpoint(database, "delays", types=json.dumps([DELAY]))
    add_endpoint(database, "kiosk", merchant_id="kiosk")
    add_endpoint(database, "off", state="disabled")

    first, second, third = tell(
        database, [event(1), event(2, type="parcelcast.return.risk"), event(3, merchant_id="other")]
    )

    assert _due(database) == [
        ("all", first),
        ("all", second),
        ("all", third),
        ("delays", first),
        ("delays", third),
        ("kiosk", first),
        ("kiosk", second),
    ]
    assert set(_rows(database, deliveries.c.state, deliveries.c.due_at, deliveries.c.attempts)) == {
        ("pending", NOON, 0)
    }


def test_numbers_follow_the_order_of_events(database):
    numbers = tell(database, [event(number) for number in range(5, 0, -1)])

    assert numbers == sorted(numbers)
    assert [id_[-1] for _, id_ in _rows(database, events.c.seq, events.c.event_id)] == ["5", "4", "3", "2", "1"]


def test_nothing_is_written_when_the_transaction_fails(database):
    add_endpoint(database, "all")

    def write_and_fail():
        with database.writing() as connection:
            append_test(connection, "all", "01TEST", NOON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()

    assert _due(database) == []
    assert _rows(database, events.c.seq) == []


def test_no_events_are_no_work(database):
    with database.writing() as connection:
        assert append_events(connection, [], NOON) == []


def test_a_test_goes_to_its_endpoint_alone(database):
    add_endpoint(database, "one")
    add_endpoint(database, "two")

    with database.writing() as connection:
        append_test(connection, "two", "01TEST", NOON)

    [(endpoint_id, seq)] = _due(database)
    assert endpoint_id == "two"
    assert _rows(database, events.c.seq, events.c.type, events.c.alert_id) == [(seq, TEST_TYPE, None)]


def test_a_reader_never_sees_a_number_before_a_lower_one(database):
    """Many write at once, each keeping its transaction open for a while after it drew its numbers."""
    seen = []
    writers = 6
    together = Barrier(writers + 1)

    def write(number):
        together.wait()
        for turn in range(5):
            with database.writing() as connection:
                append_test(connection, "one", f"{number}-{turn}", NOON)

    add_endpoint(database, "one")
    threads = [Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    together.wait()
    cursor = 0
    while any(thread.is_alive() for thread in threads) or not seen:
        with database.reading() as connection:
            found = connection.execute(select(events.c.seq).where(events.c.seq > cursor)).scalars().all()
        seen += sorted(found)
        cursor = max(seen, default=0)
    for thread in threads:
        thread.join()
    with database.reading() as connection:
        seen += connection.execute(select(events.c.seq).where(events.c.seq > cursor)).scalars().all()

    assert sorted(seen) == [seq for (seq,) in _rows(database, events.c.seq)]
    assert len(seen) == writers * 5
