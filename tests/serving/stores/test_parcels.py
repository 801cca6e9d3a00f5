from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Thread

from sqlalchemy import event, select

from parcelcast.tracking.links import Link
from parcelcast.tracking.scan import Number, Scan
from serving.stores.database import Database
from serving.stores.parcels import (
    NewParcel,
    ParcelFacts,
    id_number,
    parcels_of_order,
    read_parcels,
    register_parcels,
)
from serving.stores.scans import REFUSED_BYTES, Refused, record_scans, refuse, unknown_codes
from serving.stores.schema import refused, work
from serving.stores.work import mark_due

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=5)
DPD = Number("dpd", "01590001")
POST = Number("post_at", "AT77")
TOLD = {"shipment_id": "S-1", "order_id": "O-1", "ordered_at": NOON, "destination_country": "DE"}


def scan(number=DPD, code="hub_arrival", at=NOON, recorded_at=LATER, **more):
    return Scan(*number, code, occurred_at=at, recorded_at=recorded_at, **more)


def register(database, *parcels, now=NOON):
    with database.writing() as connection:
        return [found.outcome for found in register_parcels(connection, parcels, now)]


def record(database, *scans, now=LATER):
    with database.writing() as connection:
        return record_scans(connection, scans, now)


def read(database, *ids):
    with database.reading() as connection:
        return read_parcels(connection, ids)


def due(database):
    with database.reading() as connection:
        rows = connection.execute(select(work.c.shipment_id, work.c.due_at, work.c.revision).order_by("shipment_id"))
        return [tuple(row) for row in rows]


def test_a_parcel_is_read_as_it_was_told(database):
    facts = {
        **TOLD,
        "promised_on": date(2027, 3, 4),
        "ready_at": NOON,
        "weight_g": 900.5,
        "destination_city": "K\u00f6ln \U0001f4e6",
        "is_return": True,
    }
    assert register(database, NewParcel(facts, (DPD,), ((DPD, POST),))) == ["created"]

    found = read(database, "S-1", "S-2")

    assert list(found) == ["S-1"]
    assert found["S-1"].facts == ParcelFacts(**facts)
    assert found["S-1"].registered_at == NOON
    assert set(found["S-1"].numbers) == {DPD, POST, id_number("S-1")}
    assert found["S-1"].links == (Link(DPD, POST, NOON),)
    assert due(database) == [("S-1", NOON, 1)]


def test_the_same_again_changes_nothing(database):
    parcel = NewParcel(TOLD, (DPD,), ((DPD, POST),))
    register(database, parcel)
    before = read(database, "S-1")

    assert register(database, parcel, now=LATER) == ["unchanged"]
    assert read(database, "S-1") == before
    assert due(database) == [("S-1", NOON, 1)]


def test_later_knowledge_wins_and_what_is_left_out_stays(database):
    register(database, NewParcel({**TOLD, "weight_g": 900.0, "dispatched_at": NOON}))
    later = NewParcel({**TOLD, "item_count": 2, "dispatched_at": NOON}, (DPD,))
    latest = NewParcel({**TOLD, "dispatched_at": LATER})

    assert register(database, later, now=LATER) == ["updated"]
    found = read(database, "S-1")["S-1"]
    assert (found.facts.weight_g, found.facts.item_count) == (900.0, 2)
    assert found.facts.dispatched_recorded_at == NOON
    assert found.registered_at == NOON

    assert register(database, latest, now=LATER) == ["updated"]
    assert read(database, "S-1")["S-1"].facts.dispatched_recorded_at == LATER
    assert due(database) == [("S-1", NOON, 3)]


def test_a_parcel_may_come_twice_in_one_call(database):
    parcels = [NewParcel(TOLD), NewParcel({**TOLD, "item_count": 3}, (DPD,)), NewParcel(TOLD)]

    assert register(database, *parcels) == ["created", "updated", "unchanged"]
    assert read(database, "S-1")["S-1"].facts.item_count == 3
    assert due(database) == [("S-1", NOON, 1)]


def test_a_number_that_was_told_by_mistake_is_taken_back_with_what_was_scanned_under_it(database):
    register(database, NewParcel(TOLD, (DPD,), ((DPD, POST),)), NewParcel({**TOLD, "shipment_id": "S-2"}, (POST,)))
    of_post, by_id = scan(POST), scan(id_number("S-1"))
    record(database, scan(), of_post, by_id)
    again = NewParcel(TOLD, withdrawn=(POST, POST, Number("gls", "none")))

    assert register(database, again, now=LATER) == ["updated"]
    assert register(database, again, now=LATER) == ["unchanged"]
    first, second = read(database, "S-1", "S-2").values()
    assert set(first.numbers) == {DPD, id_number("S-1")}
    assert (first.links, set(first.scans)) == ((), {scan(), by_id})
    assert (set(second.numbers), second.scans) == ({POST, id_number("S-2")}, (of_post,))
    assert due(database) == [("S-1", NOON, 3), ("S-2", NOON, 2)]

    register(database, NewParcel(TOLD, (DPD,), ((DPD, POST),)), now=LATER)
    assert read(database, "S-1")["S-1"].links == (Link(DPD, POST, LATER),)


def test_a_number_may_be_taken_back_and_told_in_one_call(database):
    register(database, NewParcel(TOLD, (DPD,)))
    parcels = [NewParcel(TOLD, (POST,), withdrawn=(DPD,)), NewParcel(TOLD, (DPD,), withdrawn=(POST,))]

    assert register(database, *parcels) == ["updated", "updated"]
    assert set(read(database, "S-1")["S-1"].numbers) == {DPD, id_number("S-1")}


def test_orders_know_their_parcels(database):
    register(database, NewParcel({**TOLD, "shipment_id": "S-9"}))
    register(database, NewParcel(TOLD), NewParcel({**TOLD, "shipment_id": "S-2", "order_id": "O-2"}), now=LATER)

    with database.reading() as connection:
        assert [parcels_of_order(connection, "O-1", limit) for limit in (1, 2)] == [["S-9"], ["S-9", "S-1"]]


def test_each_scan_is_kept_once_and_is_news_for_its_parcels(database):
    register(database, NewParcel(TOLD, (DPD,)), NewParcel({**TOLD, "shipment_id": "S-2"}, (DPD,)))
    first, second = scan(), scan(code="out_for_delivery", raw_code="03", doubts=("offset_missing",))

    found = record(database, first, second, first)
    again = record(database, second, replace(second, recorded_at=LATER + timedelta(days=1)), now=LATER)

    assert (found.new, found.duplicates) == ({first.scan_id, second.scan_id}, 1)
    assert (again.new, again.duplicates) == (frozenset(), 2)
    assert set(read(database, "S-1")["S-1"].scans) == set(read(database, "S-2")["S-2"].scans) == {first, second}
    assert due(database) == [("S-1", NOON, 2), ("S-2", NOON, 2)]


def test_a_scan_may_come_before_its_parcel_and_by_its_id(database):
    by_id = scan(id_number("s 1"))
    record(database, by_id, scan(id_number("S 1")))
    assert due(database) == []

    register(database, NewParcel({**TOLD, "shipment_id": "s 1"}))

    assert read(database, "s 1")["s 1"].scans == (by_id,)
    assert due(database) == [("s 1", NOON, 1)]


def test_news_never_puts_a_parcel_off(database):
    register(database, NewParcel(TOLD, (DPD,)))
    record(database, scan(), now=LATER)
    with database.writing() as connection:
        mark_due(connection, ["S-1"], LATER)

    assert due(database) == [("S-1", NOON, 3)]


def test_a_parcel_that_left_the_queue_comes_back_with_news(database):
    register(database, NewParcel(TOLD, (DPD,)))
    with database.writing() as connection:
        connection.execute(work.delete())

    record(database, scan(), now=LATER)

    assert due(database) == [("S-1", LATER, 1)]


def test_nothing_to_record_is_fine(database):
    assert record(database).accepted == 0
    assert register(database) == []
    assert read(database) == {}


def test_what_is_refused_is_cut_to_a_stated_size(database):
    with database.writing() as connection:
        refuse(connection, [Refused("http", b"\xff\x00" * REFUSED_BYTES, "no UTF-8")], NOON)

    with database.reading() as connection:
        found = connection.execute(select(refused.c.content, refused.c.problem)).one()
    assert (len(found.content), found.problem) == (REFUSED_BYTES, "no UTF-8")


def test_unknown_codes_are_counted_by_carrier(database):
    told = [scan(at=NOON + timedelta(minutes=minute), code="info_only", raw_code="77") for minute in range(3)]
    told += [
        scan(code="info_only", raw_code="78", raw_text="in the canal", source="http"),
        scan(code="info_only", raw_code="79", map_version="dpd-1"),
        scan(code="info_only"),
        scan(code="delivered", raw_code="80"),
    ]
    record(database, *told)

    with database.reading() as connection:
        found = unknown_codes(connection, 10)
    assert [(one.raw_code, one.count, one.example) for one in found] == [("77", 3, None), ("78", 1, "in the canal")]


def test_the_report_of_codes_reads_its_own_index(tmp_path):
    """On SQLite; PostgreSQL chooses by the size of its tables."""
    database = Database(f"sqlite:///{tmp_path / 'parcels.sqlite'}")
    database.migrate()
    asked = []
    with database.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda _c, _r, told, *_: asked.append(told))
        unknown_codes(connection, 10)
        plan = connection.exec_driver_sql(f"explain query plan {asked[0]}", (10, 0)).all()
    database.close()
    assert "scans_unknown" in str(plan)


def test_a_parcel_that_is_registered_while_its_scan_is_written_is_due_after_both(database):
    """Else a worker could look at the parcel in between, and the scan would stay unseen until the next sweep."""
    naming = Thread(target=register, args=[database, NewParcel(TOLD, (DPD,))])
    with database.writing() as connection:
        record_scans(connection, [scan()], LATER)
        naming.start()
        naming.join(0.5)
        assert naming.is_alive()
    naming.join()

    assert len(read(database, "S-1")["S-1"].scans) == 1
    assert due(database) == [("S-1", NOON, 1)]


def test_servers_that_record_the_same_scans_at_once_do_not_lock_each_other_out(database):
    register(database, *(NewParcel({**TOLD, "shipment_id": f"S-{n}"}, (Number("dpd", f"{n}"),)) for n in range(9)))
    told = [scan(Number("dpd", f"{n}"), raw_code=f"{turn}") for n in range(9) for turn in range(20)]
    found = []

    def tell(scans):
        found.extend(record(database, *scans[start : start + 45]).accepted for start in range(0, 180, 45))

    threads = [Thread(target=tell, args=[scans]) for scans in (told, told[::-1], sorted(told, key=repr))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 12
    assert sum(found) == 180
