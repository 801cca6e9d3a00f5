"""Rounds on both databases, by a clock that is set."""

import logging
from datetime import date, timedelta

import orjson
import pytest
from sqlalchemy import select

from parcelcast.errors import InputError
from serving.errors import StoreUnavailableError
from serving.stores.schema import work
from serving.worker import rounds
from serving.worker.schedule import GIVEN_UP_AFTER, SPREAD
from tests.serving.fakes import FakeForecaster
from tests.serving.worker.depot import berlin


def test_a_registered_parcel_gets_its_dates(depot):
    depot.register("p1")

    assert depot.rounds() == 1

    stated = depot.stated("p1")
    assert (stated.status, stated.stage, stated.model_version) == ("ordered", "pre_dispatch", "fake-1")
    assert depot.clock.now < stated.as_of < depot.clock.now + timedelta(seconds=1) or stated.as_of == depot.clock.now
    dates = stated.dates
    assert dates.earliest <= dates.likely <= dates.latest
    assert dates.likely == dates.percentiles[50]
    assert stated.silence.unscanned + stated.silence.stuck + stated.silence.lost == pytest.approx(1)
    assert 0 < stated.delay_risk < 1
    [first] = depot.history("p1")
    assert (first.number, first.likely_on, first.reasons) == (1, dates.likely, "{}")


def test_a_scan_is_looked_at_though_the_clock_stands_still(depot):
    depot.register("p1")
    depot.rounds()
    depot.scan("p1", "delivered")

    assert depot.rounds() == 1
    stated = depot.stated("p1")
    assert (stated.status, stated.dates.window) == ("delivered", (date(2026, 11, 23),) * 3)
    assert depot.next_due() is None


def test_nothing_is_looked_at_without_news_or_time(depot):
    depot.register("p1", "p2")

    assert depot.rounds() == 2
    assert depot.rounds() == 0
    assert len(depot.history("p1")) == 1


def test_a_silent_parcel_is_looked_at_after_each_midnight_of_its_own(depot):
    depot.register("berlin")
    depot.register("sao-paulo", destination_country="BR", destination_postal_code="01310-000")
    depot.rounds()

    with depot.database.reading() as connection:
        due = dict(connection.execute(select(work.c.shipment_id, work.c.due_at)).all())
    assert berlin("2026-11-24 00:00") <= due["berlin"] <= berlin("2026-11-24 00:00") + SPREAD
    assert berlin("2026-11-24 04:00") <= due["sao-paulo"] <= berlin("2026-11-24 04:00") + SPREAD


def test_the_days_of_the_history_add_up(depot):
    depot.register("p1")
    depot.sweep("2026-11-25 12:00")
    depot.bundle.forecaster.slower_days = 4
    depot.scan("p1", "handed_over")
    depot.sweep("2026-11-28 12:00")
    depot.scan("p1", "exception", reason="weather")
    depot.bundle.forecaster.slower_days = 9
    depot.sweep("2026-11-30 12:00")
    depot.scan("p1", "delivered")
    depot.rounds()

    told = [row for row in depot.history("p1") if row.likely_on is not None]
    causes = depot.stated("p1").causes
    assert sum(causes.values()) == (told[-1].likely_on - told[0].likely_on).days
    assert told[-1].likely_on == date(2026, 11, 30)
    assert [row.number for row in depot.history("p1")] == list(range(1, len(depot.history("p1")) + 1))


def test_a_return_after_the_delivery_brings_a_parcel_back(depot):
    depot.register("p1")
    depot.scan("p1", "delivered")
    depot.rounds()
    assert depot.next_due() is None
    depot.at("2026-11-27 10:00")
    depot.scan("p1", "return_started")

    assert depot.rounds() == 1
    assert depot.stated("p1").status == "delivered"


def test_a_correction_of_a_delivery_brings_a_parcel_back_for_good(depot):
    depot.register("p1")
    depot.scan("p1", "handed_over", raw_code="x")
    depot.at("2026-11-24 10:00")
    depot.scan("p1", "delivered", raw_code="y")
    depot.rounds()
    wrong = next(scan for scan in _scans(depot, "p1") if scan.code == "delivered")
    depot.at("2026-11-24 15:00")
    depot.scan("p1", "destination_depot", raw_code="z", replaces=wrong.scan_id)
    depot.rounds()

    assert depot.stated("p1").status == "dispatched"
    assert depot.next_due() is not None


def test_a_parcel_of_which_nothing_is_heard_for_months_is_given_up(depot):
    depot.register("p1", promised_on=date(2026, 11, 26))
    depot.rounds()
    depot.clock.now += GIVEN_UP_AFTER + timedelta(days=2)
    depot.rounds()
    assert depot.next_due() is not None
    depot.clock.now += timedelta(days=1)
    depot.rounds()
    assert depot.next_due() is None

    depot.scan("p1", "handed_over")
    depot.rounds()
    assert depot.next_due() is not None


def test_the_alerts_of_a_parcel_that_is_given_up_end_without_a_word(depot):
    depot.register("p1")
    depot.scan("p1", "delivery_attempted")
    depot.sweep("2027-01-10 10:00")
    told = len(depot.events())
    assert {one.incident.type for one in depot.incidents("p1")} == {"delay.confirmed", "delivery.attempt_failed"}

    depot.clock.now += GIVEN_UP_AFTER
    depot.rounds()
    assert {(one.incident.state, one.incident.outcome) for one in depot.incidents("p1")} == {("closed", "given_up")}
    assert len(depot.events()) == told
    assert depot.next_due() is None


def test_an_order_far_ahead_is_not_given_up_before_its_day(depot):
    depot.register("p1", promised_on=date(2027, 5, 20))
    depot.scan("p1", "handed_over")
    depot.rounds()
    depot.at("2027-05-21 13:00")
    depot.rounds()
    assert "delay.confirmed" in {one.incident.type for one in depot.incidents("p1")}


def test_a_parcel_told_of_when_it_was_late_has_the_days_since_its_order_explained(depot):
    depot.register("p1", ordered_at=berlin("2026-11-09 10:00"), promised_on=date(2026, 11, 13))
    depot.scan("p1", "handed_over")
    depot.rounds()

    [first] = depot.history("p1")
    late = (first.likely_on - date(2026, 11, 13)).days
    assert late > 0
    assert depot.stated("p1").causes == {"warehouse": late} == orjson.loads(first.reasons)

    depot.sweep("2026-11-23 22:00")  # the grace is over, but it is night
    assert depot.incidents("p1") == []
    depot.sweep("2026-11-24 09:00")
    [told] = depot.events()
    assert told["type"] == "parcelcast.delay.confirmed"
    assert told["data"]["cause"]["party"] == "warehouse"
    assert sum(told["data"]["cause"]["days"].values()) == told["data"]["slip_days"]


def test_a_first_word_that_comes_late_takes_the_days_on_the_road_from_the_warehouse(depot):
    depot.register("p1", ordered_at=berlin("2026-11-09 10:00"), promised_on=date(2026, 11, 13))
    depot.rounds()
    late = (depot.stated("p1").dates.likely - date(2026, 11, 13)).days
    assert depot.stated("p1").causes == {"warehouse": late}

    depot.scan("p1", "handed_over", occurred_at=berlin("2026-11-10 10:00"))
    depot.rounds()
    told = depot.stated("p1").causes
    assert told["carrier"] > told["warehouse"] > 0
    first, *_, last = depot.history("p1")
    assert sum(told.values()) == (last.likely_on - date(2026, 11, 13)).days
    assert orjson.loads(first.reasons) == {"warehouse": late}
    entries = [orjson.loads(row.reasons) for row in depot.history("p1")]
    assert {party: sum(one.get(party, 0) for one in entries) for party in told} == told

    depot.scan("p1", "hub_arrival", occurred_at=berlin("2026-11-11 10:00"))
    depot.rounds()
    assert depot.stated("p1").causes.get("warehouse") == told["warehouse"]


def test_a_parcel_whose_first_looks_could_name_no_date_has_its_whole_slip_explained(depot):
    depot.register("p1", ordered_at=berlin("2026-03-01 10:00"), promised_on=date(2026, 3, 5))
    depot.rounds()
    assert (depot.stated("p1").dates.likely, depot.stated("p1").causes) == (None, {})

    depot.at("2026-11-24 10:00")
    depot.scan("p1", "delivered")
    depot.rounds()
    [first] = depot.history("p1")
    assert sum(depot.stated("p1").causes.values()) == (date(2026, 11, 24) - date(2026, 3, 5)).days
    assert depot.stated("p1").causes == orjson.loads(first.reasons)


def test_a_late_parcel_has_one_alert_until_it_comes(depot):
    depot.register("p1")
    depot.scan("p1", "handed_over")
    depot.sweep("2026-11-25 09:00")
    depot.bundle.forecaster.slower_days = 6
    depot.scan("p1", "hub_arrival")
    depot.sweep("2026-11-30 12:00")
    depot.scan("p1", "delivered")
    depot.rounds()

    delays = [one for one in depot.incidents("p1") if one.incident.family == "delay"]
    assert [(one.incident.type, one.incident.state, one.incident.outcome) for one in delays] == [
        ("delay.confirmed", "closed", "delivered_late")
    ]
    told = [event for event in depot.events() if event["data"]["incident"] == "delay"]
    assert [event["type"] for event in told][:1] == ["parcelcast.delay.predicted"]
    assert "parcelcast.delay.confirmed" in [event["type"] for event in told]
    assert {event["data"]["alert_id"] for event in told} == {delays[0].alert_id}
    assert len({event["id"] for event in told}) == len(told)
    assert told[0]["data"]["texts"]["apology"]["subject"] == "s"
    assert told[0]["data"]["promise"]["then"]["date"] == "2026-11-26"


@pytest.mark.parametrize(("started", "back"), [("25 10:00", "25 10:00"), ("25 22:00", "26 07:00")])
def test_the_alert_of_a_return_that_is_back_when_it_is_told_ends(depot, started, back):
    depot.register("p1")
    depot.at(f"2026-11-{started}")
    depot.scan("p1", "return_started")
    if back != started:
        depot.rounds()
    depot.at(f"2026-11-{back}")
    depot.scan("p1", "returned")
    depot.sweep("2026-11-27 10:00")

    [told] = [one.incident for one in depot.incidents("p1")]
    assert (told.type, told.state, told.outcome) == ("return.started", "closed", "returned")
    assert [event["type"] for event in depot.events()] == ["parcelcast.return.started"]
    assert depot.next_due() is None


def test_alerts_follow_the_policy_of_their_merchant(depot):
    depot.worker = depot.another_worker({"merchants": {"quiet": {"types": []}}})
    depot.register("loud", merchant_id="m")
    depot.register("quiet", merchant_id="quiet")
    depot.bundle.forecaster.slower_days = 9
    for one in ("loud", "quiet"):
        depot.scan(one, "handed_over")
    depot.rounds()

    assert depot.incidents("loud")
    assert not depot.incidents("quiet")


_SECRET = "Musterstrasse 5 cannot be forecast"


class _Picky(FakeForecaster):
    """Cannot forecast parcels of a certain weight."""

    def forecast(self, shipments):
        if any(shipment.weight_g == 13 for shipment in shipments):
            raise InputError(_SECRET)
        return super().forecast(shipments)


def test_a_parcel_that_cannot_be_forecast_stops_no_other_and_is_tried_again_ever_later(depot, caplog):
    depot.bundle = type(depot.bundle)(forecaster=_Picky())
    depot.register("good", "fine")
    depot.register("bad", weight_g=13.0)

    with caplog.at_level(logging.INFO):
        assert depot.rounds() == 2

    assert depot.stated("good").dates.likely is not None
    waits = []
    for _ in range(4):
        due = depot.next_due()
        waits.append((due - depot.clock.now).total_seconds())
        depot.clock.now = due
        depot.rounds()
    assert waits == [60, 120, 240, 480]
    assert "InputError" in caplog.text
    assert "bad" not in caplog.text
    assert _SECRET not in caplog.text

    depot.bundle = type(depot.bundle)()
    depot.clock.now = depot.next_due()
    assert depot.rounds() == 1
    assert depot.stated("bad").dates.likely is not None


def test_news_of_a_failing_parcel_is_tried_at_once(depot):
    depot.bundle = type(depot.bundle)(forecaster=_Picky())
    depot.register("bad", weight_g=13.0)
    depot.rounds()
    depot.bundle = type(depot.bundle)()
    depot.scan("bad", "handed_over")

    assert depot.rounds() == 1


class _Dead(BaseException):
    """The process ended."""


@pytest.mark.parametrize("step", ["read_parcels", "look_at", "hold", "write_dates", "write_incidents", "append_events"])
def test_a_worker_that_dies_anywhere_leaves_the_parcel_due_and_nothing_half_done(depot, monkeypatch, step):
    depot.bundle.forecaster.slower_days = 9
    depot.register("p1")
    depot.scan("p1", "handed_over")

    def die(*_):
        raise _Dead

    with monkeypatch.context() as patched:
        patched.setattr(rounds, step, die)
        with pytest.raises(_Dead):
            depot.worker.round()
    assert not depot.history("p1")
    assert not depot.incidents("p1")

    depot.worker = depot.another_worker()
    assert depot.rounds() == 0
    depot.clock.now += timedelta(seconds=depot.worker.lease_seconds)
    assert depot.rounds() == 1
    assert len(depot.history("p1")) == 1
    assert len(depot.events()) == len(depot.incidents("p1")) == 1


def test_a_slow_worker_whose_lease_was_taken_over_keeps_nothing(depot, monkeypatch):
    depot.bundle.forecaster.slower_days = 9
    depot.register("p1")
    depot.scan("p1", "handed_over")
    other = depot.another_worker()
    look_at = rounds.look_at

    def slow(*args):
        monkeypatch.setattr(rounds, "look_at", look_at)
        depot.clock.now += timedelta(seconds=depot.worker.lease_seconds)
        assert other.round().parcels == 1
        return look_at(*args)

    monkeypatch.setattr(rounds, "look_at", slow)
    assert depot.worker.round().parcels == 0
    assert len(depot.history("p1")) == len(depot.incidents("p1")) == len(depot.events()) == 1


def test_when_the_database_fails_the_round_ends_and_its_parcels_are_given_back_afterwards(depot, monkeypatch):
    depot.register("p1")

    def fail(*_):
        raise StoreUnavailableError("away")

    with monkeypatch.context() as patched:
        patched.setattr(rounds, "write_statements", fail)
        patched.setattr(depot.database, "check", fail)
        with pytest.raises(StoreUnavailableError):
            depot.worker.round()

    assert depot.rounds() == 1


def test_a_row_that_the_database_refuses_is_the_parcels_own_fault(depot, monkeypatch):
    depot.register("good", "bad")
    write = rounds.write_statements

    def refuse(connection, rows):
        if any(row.shipment_id == "bad" for row in rows):
            raise StoreUnavailableError("no such value")
        write(connection, rows)

    monkeypatch.setattr(rounds, "write_statements", refuse)
    assert depot.rounds() == 1
    assert depot.stated("good").dates.likely is not None
    assert not depot.history("bad")


def _scans(depot, shipment_id):
    with depot.database.reading() as connection:
        return rounds.read_parcels(connection, [shipment_id])[shipment_id].scans
