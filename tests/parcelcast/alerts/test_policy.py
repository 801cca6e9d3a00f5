import json

import pytest

from parcelcast.alerts import AlertPolicy, Threshold
from parcelcast.errors import InputError

FULL = {
    "cost_of_false_apology": 5,
    "cost_of_missed_delay": 20.0,
    "thresholds": {"any": {"open_at": 0.6, "recover_at": 0.2}, "customs": {"open_at": 0.7, "recover_at": 0.3}},
    "quiet_hours": {"start": "22:30", "end": "06:00"},
    "types": ["delay.predicted", "delay.confirmed"],
    "urgent": [],
    "pickup_reminder_days": [2],
    "compensation": [
        {"tier": "voucher-10", "min_slip_days": 3, "min_order_value": 100, "currency": "EUR", "parties": ["carrier"]},
        {"tier": "kind-words"},
    ],
    "locale": "de-AT",
}


def test_a_policy_survives_being_stored():
    for policy in (AlertPolicy(), AlertPolicy.from_dict(FULL), AlertPolicy.from_dict({"quiet_hours": None})):
        assert AlertPolicy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy


def test_what_is_left_out_has_its_default():
    assert AlertPolicy.from_dict({}) == AlertPolicy()
    policy = AlertPolicy.from_dict(FULL)
    assert (policy.update_days, policy.quiet_hours.end.hour) == (2, 6)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"precison": 0.9}, "precison"),
        ({"precision": 1.0}, "precision"),
        ({"precision": "high"}, "precision"),
        ({"lead_hours": -1}, "lead_hours"),
        ({"lead_hours": True}, "lead_hours"),
        ({"update_days": 1.5}, "update_days"),
        ({"stated_level": float("nan")}, "stated_level"),
        ({"cost_of_false_apology": 3}, "cost_of_missed_delay"),
        ({"cost_of_false_apology": 0, "cost_of_missed_delay": 1}, "above 0"),
        ({"thresholds": {"any": {"open_at": 0.3, "recover_at": 0.3}}}, "recover_at"),
        ({"thresholds": {"any": {"open_at": 0.3}}}, "thresholds.any"),
        ({"thresholds": {"anywhere": {"open_at": 0.8, "recover_at": 0.3}}}, "anywhere"),
        ({"thresholds": [0.3]}, "thresholds"),
        ({"quiet_hours": {"start": "21:00"}}, "quiet_hours"),
        ({"quiet_hours": {"start": "21:00", "end": "25:00"}}, "quiet"),
        ({"quiet_hours": {"start": "21:00", "end": "21:00"}}, "quiet"),
        ({"quiet_hours": "night"}, "quiet_hours"),
        ({"types": ["delay.foreseen"]}, "delay.foreseen"),
        ({"urgent": "delay.predicted"}, "urgent"),
        ({"types": [3]}, "types"),
        ({"pickup_reminder_days": [-1]}, "pickup_reminder_days"),
        ({"locale": 3}, "locale"),
        ({"compensation": [{"name": "x"}]}, "tier"),
        ({"compensation": [{"min_slip_days": 3}]}, "tier"),
        ({"compensation": [{"tier": "x", "min_order_value": 3}]}, "currency"),
        ({"compensation": [{"tier": "x", "parties": ["postman"]}]}, "postman"),
        ({"compensation": [{"tier": "x", "min_slip_days": "two"}]}, "tier"),
        ({"compensation": {"tier": "x"}}, "list"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_wrong_value_is_refused_by_its_name(wrong, said):
    with pytest.raises(InputError, match=said) as refused:
        AlertPolicy.from_dict(wrong)
    assert "expected" in str(refused.value)


def test_without_fitted_thresholds_a_calibrated_risk_has_them_by_itself():
    assert AlertPolicy(precision=0.9).threshold("customs").open_at == 0.9
    by_cost = AlertPolicy(cost_of_false_apology=5.0, cost_of_missed_delay=20.0)
    # At this risk the expected costs of telling and of not telling are equal: 0.2 * 20 = 0.8 * 5.
    assert by_cost.threshold("customs").open_at == pytest.approx(0.2)
    assert by_cost.threshold("customs").recover_at < 0.2


def test_fitted_thresholds_count_by_stage_and_then_for_any():
    policy = AlertPolicy.from_dict(FULL)
    assert policy.threshold("customs") == Threshold(0.7, 0.3)
    assert policy.threshold("line_haul") == Threshold(0.6, 0.2)
