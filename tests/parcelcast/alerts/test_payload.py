import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from parcelcast.alerts import AlertPolicy, Tier, alert_data, decide
from parcelcast.distribution import DeliveryDistribution
from parcelcast.eta import Silence
from tests.parcelcast.alerts.situations import AWAKE, ON_THE_ROAD, situation
from tests.parcelcast.tracking.reports import hours, scan

POLICY = replace(AWAKE, compensation=(Tier("voucher", 2, 50.0, "EUR", frozenset({"carrier"})),), locale="nl")


def told(now, policy: AlertPolicy = POLICY, incidents=()):
    decision = decide(now, incidents, policy, now.progress.as_of)
    return alert_data(now, decision.changes[0], policy)


def test_an_alert_says_all_that_an_apology_needs():
    data = told(situation(hours(30), 0.9, merchant_id="m1", locale="de-AT", causes={"carrier": 2, "holiday": 1}))
    assert data == {
        "type": "delay.predicted",
        "incident": "delay",
        "incident_number": 1,
        "revision": 1,
        "state": "open",
        "opened_at": "2027-03-02T06:00:01+00:00",
        "as_of": "2027-03-02T06:00:01+00:00",
        "shipment_id": "p1",
        "order_id": "o1",
        "merchant_id": "m1",
        "promise": {
            "then": {"date": "2027-03-04"},
            "now": {
                "likely": "2027-03-06",
                "earliest": "2027-03-04",
                "latest": "2027-03-06",
                "by": "2027-03-06",
                "by_probability": 0.9,
            },
        },
        "slip_days": 2,
        "probability": 0.9,
        "cause": {"party": "carrier", "days": {"carrier": 2, "holiday": 1}},
        "stage": "line_haul",
        "attempts": 0,
        "reason": None,
        "pickup": None,
        "locale": "de-AT",
        "order_value": 80.0,
        "currency": "EUR",
        "compensation_tier": "voucher",
    }
    assert json.loads(json.dumps(data)) == data


def test_what_is_not_known_is_null_and_the_locale_is_the_policys():
    now = situation(hours(30), None, (scan("exception", 20, reason="lost"),), promised_on=None, order_value=None)
    data = told(now)
    assert data["type"] == "shipment.lost_suspected"
    assert data["promise"]["then"] == {"date": None}
    assert set(data["promise"]["now"].values()) == {None, 0.9}
    assert (data["slip_days"], data["probability"], data["cause"]["days"]) == (None, None, {})
    assert data["locale"] == "nl"


@pytest.mark.parametrize(("slip", "tier"), [(1, None), (2, "voucher")])
def test_the_compensation_follows_the_slip(slip, tier):
    data = told(situation(hours(30), 0.9, slip=slip, causes={"carrier": slip}))
    assert (data["slip_days"], data["compensation_tier"]) == (slip, tier)


def test_only_delays_and_losses_are_compensated():
    policy = replace(POLICY, compensation=(Tier("always", 0),))
    tried = situation(hours(40), 0.1, (*ON_THE_ROAD, scan("delivery_attempted", 34)), promised_on=None)
    assert told(tried, policy)["compensation_tier"] is None
    assert told(situation(hours(30), 0.9), policy)["compensation_tier"] == "always"


def test_a_recovery_tells_the_dates_that_hold_again():
    opened = decide(situation(hours(30), 0.9), (), POLICY, hours(30)).incidents
    held = decide(situation(hours(31), 0.1), opened, POLICY, hours(31)).incidents
    data = told(situation(hours(40), 0.02), incidents=held)
    assert (data["type"], data["state"], data["slip_days"]) == ("delay.recovered", "retracted", 0)
    assert data["promise"]["now"]["by"] == "2027-03-04"
    assert (data["probability"], data["compensation_tier"]) == (0.02, None)


REFUND = replace(AWAKE, compensation=(Tier("refund", 30), Tier("voucher", 2), Tier("kind words", 1)))
ADMITTED = (*ON_THE_ROAD, scan("exception", 20, reason="lost"))


def lost(at, share=0.6, **more):
    """A parcel that with this probability never comes, and else on one of the next days."""
    now = situation(at, 0.9, silence=Silence(0.9 - share, 0.1, share), **more)
    pmf = np.full(10, (1.0 - share) / 10)
    return replace(now, eta=replace(now.eta, distribution=DeliveryDistribution(now.eta.distribution.anchor, pmf)))


def test_what_is_more_likely_lost_than_not_gets_what_the_longest_delay_gets():
    data = told(lost(hours(100)), replace(REFUND, types=frozenset({"shipment.lost_suspected"})))
    assert (data["type"], data["probability"], data["slip_days"]) == ("shipment.lost_suspected", 0.6, None)
    assert (data["compensation_tier"], data["cause"]) == ("refund", {"party": "carrier", "days": {}})


def test_a_delay_without_a_forecast_counts_the_days_since_the_promise():
    data = told(situation(hours(130), None), REFUND)
    assert (data["type"], data["slip_days"], data["compensation_tier"]) == ("delay.confirmed", None, "voucher")
    assert told(situation(hours(110), None), REFUND)["compensation_tier"] == "kind words"


@pytest.mark.parametrize(("scans", "party"), [((), "warehouse"), (ON_THE_ROAD, "carrier")])
def test_what_cannot_be_dated_is_caused_by_whoever_has_the_parcel(scans, party):
    data = told(lost(hours(110), scans=scans, causes={"weather": 1}), REFUND)
    assert (data["type"], data["cause"]) == ("delay.confirmed", {"party": party, "days": {"weather": 1}})


def test_what_has_cost_no_days_yet_is_caused_by_whoever_has_the_parcel():
    early = situation(hours(30), 0.9, causes={"customs": -1})
    assert told(early)["cause"] == {"party": "carrier", "days": {"customs": -1}}
    waiting = {"promised_on": None, "planned_dispatch_on": date(2027, 3, 1), "origin_time_zone": "Europe/Berlin"}
    data = told(situation(hours(60), 0.9, (), silence=Silence(0.1, 0.8, 0.1), **waiting))
    assert (data["type"], data["cause"]) == ("dispatch.late", {"party": "warehouse", "days": {}})


def test_a_loss_that_the_carrier_admits_has_no_probability_and_no_date():
    data = told(situation(hours(30), 0.1, ADMITTED, causes={"warehouse": 1}), REFUND)
    assert (data["type"], data["probability"], data["slip_days"]) == ("shipment.lost_suspected", None, None)
    assert set(data["promise"]["now"].values()) == {None, 0.9}
    assert (data["compensation_tier"], data["cause"]["party"]) == ("refund", "carrier")


def at_pickup_point(at, until=date(2027, 3, 8), **more):
    arrived = scan("at_pickup_point", 20, place="Kiosk Maier", facility_id="ps-12")
    return situation(at, scans=(*ON_THE_ROAD, arrived), pickup_until=until, **more)


def test_a_reminder_tells_until_when_and_where_the_parcel_waits():
    data = told(at_pickup_point(hours(24 * 4 + 12), risk=0.1))
    assert data["type"] == "pickup.expiring"
    assert data["pickup"] == {"until": "2027-03-08", "days_left": 3, "place": "Kiosk Maier", "facility_id": "ps-12"}
    assert json.loads(json.dumps(data)) == data


def test_without_a_deadline_from_the_carrier_the_policys_days_are_told():
    assert told(at_pickup_point(hours(24 * 4 + 12), None))["pickup"]["until"] == "2027-03-08"


def test_no_date_after_the_last_day_at_the_pickup_point_is_told():
    now = told(at_pickup_point(hours(24 * 2 + 12), date(2027, 3, 4), risk=0.2))["promise"]["now"]
    assert (now["earliest"], now["likely"], now["latest"], now["by"]) == ("2027-03-04", "2027-03-04", None, None)
    over = told(at_pickup_point(hours(24 * 3 + 12), date(2027, 3, 3), risk=0.2))
    assert (over["type"], over["reason"], over["pickup"]["days_left"]) == ("return.risk", "not_collected", -1)
    assert set(over["promise"]["now"].values()) == {None, 0.9}


def test_a_risk_of_a_return_has_its_reason():
    tried = (*ON_THE_ROAD, scan("delivery_attempted", 34), scan("delivery_attempted", 58, reason="absent"))
    policy = replace(POLICY, types=frozenset({"return.risk"}))
    data = told(situation(hours(60), 0.1, tried), policy)
    assert (data["type"], data["reason"], data["attempts"], data["pickup"]) == ("return.risk", "absent", 2, None)
    refused = (*tried, scan("exception", 59, reason="refused"))
    assert told(situation(hours(60), 0.1, refused), policy)["reason"] == "refused"
