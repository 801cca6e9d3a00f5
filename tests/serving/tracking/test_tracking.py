"""What is told of parcels, on both databases."""

from datetime import date, timedelta

import pytest

from serving.tracking.reading import MAX_ORDER_PARCELS
from tests.serving.worker.depot import berlin


def _shipment(shop, shipment_id):
    response = shop.get(f"/v1/shipments/{shipment_id}")
    assert response.status_code == 200, response.text
    return response.json()


def test_a_scan_that_came_in_is_told_with_the_new_dates(tracked):
    shop, depot = tracked
    depot.register("p1")
    depot.rounds()
    depot.at("2026-11-24 17:30")
    depot.scan("p1", "hub_arrival", utc_offset_min=120, place="Riga", country="LV", raw_text="Arrived")
    depot.rounds()

    told = _shipment(shop, "p1")

    assert (told["status"], told["stage"]) == ("dispatched", "line_haul")
    [event] = told["timeline"]
    assert event["local_at"] == "2026-11-24T18:30:00+02:00"
    assert (event["code"], event["label"], event["place"]) == ("hub_arrival", "Arrived at a sorting centre", "Riga")
    assert event["number"] == {"carrier": "kranich", "tracking_number": "NP1"}
    eta = told["eta"]
    stated = depot.stated("p1")
    assert eta["likely"] == stated.dates.likely.isoformat() == eta["percentiles"]["50"]
    assert list(eta["percentiles"]) == ["50", "75", "85", "90", "95", "97", "99"]
    assert sum(eta["silence"].values()) == pytest.approx(1.0, abs=1e-9)
    assert (eta["basis"], eta["model"]) == ("model", "fake-1")
    assert told["promise"]["promised_on"] == "2026-11-26"
    assert told["promise"]["slip_days"] == (stated.dates.likely - date(2026, 11, 26)).days
    assert told["promise"]["delay_risk"] == round(stated.delay_risk, 4)
    assert told["destination"]["time_zone"] == "Europe/Berlin"


def test_before_the_worker_came_by_the_answer_is_made_on_the_spot_and_not_kept(tracked):
    shop, depot = tracked
    depot.register("p1")

    told = _shipment(shop, "p1")

    assert told["eta"]["likely"] is not None
    assert len(told["history"]) == 1
    assert not depot.history("p1")
    depot.rounds()
    assert _shipment(shop, "p1")["eta"] == told["eta"]
    assert depot.history("p1")[0].likely_on.isoformat() == told["eta"]["likely"]


def test_what_is_fresh_is_not_computed_again_and_what_is_old_is(tracked):
    shop, depot = tracked
    depot.register("p1")
    depot.rounds()
    depot.bundle.forecaster.asked.clear()

    depot.at("2026-11-23 23:00")
    _shipment(shop, "p1")
    assert not depot.bundle.forecaster.asked
    depot.at("2026-11-24 00:01")
    told = _shipment(shop, "p1")
    assert depot.bundle.forecaster.asked
    assert told["eta"]["earliest"] >= "2026-11-24"
    depot.rounds()
    depot.bundle.forecaster.asked.clear()
    depot.scan("p1", "handed_over")
    assert _shipment(shop, "p1")["stage"] == "first_mile"
    assert depot.bundle.forecaster.asked


def test_the_reasons_of_the_history_add_up_to_the_slip(tracked):
    shop, depot = tracked
    depot.register("p1")
    depot.sweep("2026-11-25 12:00")
    depot.bundle.forecaster.slower_days = 4
    depot.scan("p1", "hub_arrival")
    depot.sweep("2026-11-27 12:00")
    depot.bundle.forecaster.slower_days = 7
    depot.scan("p1", "exception", reason="weather")

    told = _shipment(shop, "p1")

    likely = [date.fromisoformat(entry["likely"]) for entry in told["history"] if entry["likely"]]
    for entry in told["history"]:
        assert sum(reason["days"] for reason in entry["reasons"]) == entry["days"]
    assert sum(entry["days"] for entry in told["history"]) == (likely[-1] - likely[0]).days > 0
    assert sum(reason["days"] for reason in told["causes"]) == (likely[-1] - likely[0]).days
    assert told["eta"]["likely"] == likely[-1].isoformat()
    assert {"warehouse", "weather"} == {reason["party"] for reason in told["causes"]}


def test_open_alerts_are_told(tracked):
    shop, depot = tracked
    depot.bundle.forecaster.slower_days = 9
    depot.register("p1")
    depot.scan("p1", "handed_over")
    depot.rounds()

    [alert] = _shipment(shop, "p1")["alerts"]

    assert alert["type"] == "delay.predicted"
    assert alert["alert_id"] == depot.incidents("p1")[0].alert_id
    depot.scan("p1", "delivered")
    depot.rounds()
    assert _shipment(shop, "p1")["alerts"] == []


def test_a_delivered_parcel_has_its_day_and_no_eta(tracked):
    shop, depot = tracked
    depot.register("p1")
    depot.scan("p1", "delivered")
    depot.rounds()
    depot.clock.now += timedelta(days=30)

    told = _shipment(shop, "p1")

    assert (told["status"], told["eta"], told["ended_at"]) == ("delivered", None, "2026-11-23T09:00:00Z")
    assert told["promise"] == {"promised_on": "2026-11-26", "likely": "2026-11-23", "slip_days": -3, "delay_risk": None}
    assert told["history"][-1]["likely"] == "2026-11-23"


def test_the_shops_own_word_counts_until_the_carrier_scans(tracked):
    shop, depot = tracked
    depot.register("p1", ordered_at=berlin("2026-11-22 20:00"), dispatched_at=berlin("2026-11-23 09:30"))

    told = _shipment(shop, "p1")

    assert told["stage"] == "first_mile"
    assert told["dispatched_at"] == "2026-11-23T08:30:00Z"


def test_the_last_day_at_the_pickup_point_is_told(tracked):
    shop, depot = tracked
    depot.register("p1", pickup_until=date(2026, 12, 1))
    depot.register("p2")

    assert [_shipment(shop, name)["pickup_until"] for name in ("p1", "p2")] == ["2026-12-01", None]


def test_an_order_is_told_by_its_parcels(tracked):
    shop, depot = tracked
    depot.register("p1", "p2", order_id="2026/17")
    depot.register("back", order_id="2026/17", is_return=True)
    depot.register("other")
    depot.scan("p2", "delivered")
    depot.rounds()

    told = shop.get("/v1/orders/2026%2F17").json()

    assert told["status"] == "partly_delivered"
    assert told["first_delivered_at"] == "2026-11-23T09:00:00Z"
    assert told["all_delivered_at"] is None
    assert [one["shipment_id"] for one in told["shipments"]] == ["back", "p1", "p2"]
    assert told["stages"] == {"pre_dispatch": 2, "delivered": 1}
    assert told["more"] is False


def test_of_an_order_with_very_many_parcels_the_first_are_told_and_that_there_are_more(tracked):
    shop, depot = tracked
    names = [f"p{number:03}" for number in range(MAX_ORDER_PARCELS)]
    depot.register(*names, order_id="o")
    for name in names:
        depot.scan(name, "delivered")
    whole = shop.get("/v1/orders/o").json()
    depot.at("2026-11-23 10:01")
    depot.register("late", order_id="o")
    part = shop.get("/v1/orders/o").json()

    assert [one["shipment_id"] for one in part["shipments"]] == names
    assert part["stages"] == whole["stages"] == {"delivered": MAX_ORDER_PARCELS}
    assert [told["more"] for told in (whole, part)] == [False, True]
    assert [told["status"] for told in (whole, part)] == ["delivered", "partly_delivered"]
    assert [told["all_delivered_at"] for told in (whole, part)] == ["2026-11-23T09:00:00Z", None]


def test_what_is_unknown_is_not_found(tracked):
    shop, _ = tracked
    for path in ("/v1/shipments/nobody", "/v1/orders/nobody"):
        response = shop.get(path)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"


def test_a_key_needs_the_scope(tracked):
    shop, depot = tracked
    depot.register("p1")
    shop.key = None
    assert shop.get("/v1/shipments/p1").status_code == 401
