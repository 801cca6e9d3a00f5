import json
from dataclasses import replace

import pytest

from parcelcast.alerts import AlertPolicy, Tier, alert_data, decide
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
    assert (data["slip_days"], data["probability"], data["cause"]["party"]) == (None, None, None)
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
