"""How right and how early alerts were, by what then happened."""

from datetime import date

import pytest

from tests.serving.worker.depot import berlin


@pytest.fixture
def reported(tracked):
    """Six parcels promised for Thursday, 26 November, a week later: what each is tells its name."""
    shop, depot = tracked
    parcels = ("caught", "false", "missed", "in-time", "never", "unheard")
    depot.bundle.forecaster.slower_days = 9
    depot.register("caught", "false", "never")
    for one in ("caught", "false", "never"):
        depot.scan(one, "handed_over")
    depot.rounds()
    depot.bundle.forecaster.slower_days = 0
    depot.register("missed", "in-time", "unheard", merchant_id="other")
    for one in ("missed", "in-time"):
        depot.scan(one, "handed_over")
    depot.sweep("2026-11-25 12:00")
    depot.scan("in-time", "at_pickup_point")
    depot.sweep("2026-11-26 12:00")
    depot.scan("false", "delivered")
    depot.sweep("2026-11-28 12:00")
    depot.scan("caught", "delivered")
    depot.scan("missed", "at_pickup_point")
    depot.scan("in-time", "delivered")  # collected after the promised day
    depot.sweep("2026-12-03 12:00")
    assert all(depot.history(one) for one in parcels)
    return shop, depot


def _report(shop, **asked):
    answer = shop.get("/v1/reports/alerts", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_report_counts_what_then_happened(reported):
    shop, _ = reported

    told = _report(shop, until="2026-11-27", days=1, lead_hours=24)

    assert (told["parcels"], told["unheard"], told["late"]) == (5, 1, 3)
    assert (told["early"], told["early_right"], told["caught"]) == (3, 2, 2)
    assert (told["precision"], told["recall"]) == (0.6667, 0.6667)
    assert told["predicted"] == 3
    assert told["median_lead_hours"] == pytest.approx(86, abs=0.1)  # Monday at ten to the end of Thursday


def test_the_report_is_of_a_merchant_a_lead_and_days_that_are_over(reported):
    shop, depot = reported

    assert _report(shop, merchant_id="other")["early"] == 0
    assert _report(shop, merchant_id="other")["recall"] == 0.0
    assert _report(shop, lead_hours=90)["early"] == 0
    assert _report(shop, days=5)["parcels"] == 0
    depot.clock.now = berlin("2026-11-26 12:00")
    told = _report(shop, until="2027-01-01")
    assert (told["until"], told["parcels"], told["precision"], told["recall"]) == ("2026-11-26", 0, None, None)


def test_an_alert_against_an_earlier_promise_is_not_counted(reported):
    shop, depot = reported
    depot.register("caught", promised_on=date(2026, 11, 30), ordered_at=berlin("2026-11-23 10:00"))
    depot.sweep("2026-12-03 13:00")

    told = _report(shop, days=1, until="2026-12-01")

    assert (told["parcels"], told["late"], told["early"]) == (1, 0, 0)


def test_a_parcel_that_goes_to_the_shop_was_promised_to_nobody(reported):
    shop, depot = reported
    depot.register("caught", is_return=True, ordered_at=berlin("2026-11-23 10:00"))
    depot.rounds()

    told = _report(shop, until="2026-11-27", days=1)

    assert (told["parcels"], told["unheard"], told["late"]) == (4, 1, 2)


@pytest.mark.parametrize("days", [0, 181])
def test_more_days_than_are_kept_are_refused(reported, days):
    shop, _ = reported
    assert shop.get("/v1/reports/alerts", params={"days": days}).status_code == 422
    assert _report(shop, until="0001-01-01")["parcels"] == 0
