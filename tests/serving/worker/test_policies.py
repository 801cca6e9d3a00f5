"""Policies of merchants, from a file."""

import json

import pytest

from parcelcast.alerts import FittedAlerts, FittedPoint
from parcelcast.errors import InputError
from serving.worker.policies import Policies

NOTHING = FittedAlerts(())


def _fitted(open_at: float) -> FittedAlerts:
    point = FittedPoint(24.0, open_at, 0.9, open_at / 2, parcels=1000, late=100, alerts=90, right=88, caught=80)
    return FittedAlerts((point,))


def test_without_a_file_everybody_has_the_default_policy(tmp_path):
    policies = Policies.read(tmp_path / "none.json")

    assert policies.policy_of("anybody", NOTHING, "v1").precision == 0.8


def test_a_merchants_values_count_before_the_default_ones(tmp_path):
    file = tmp_path / "policies.json"
    file.write_text(
        json.dumps({"default": {"precision": 0.9, "pickup_days": 5}, "merchants": {"m1": {"precision": 0.7}}})
    )
    policies = Policies.read(file)

    assert policies.policy_of("m1", NOTHING, "v1").precision == 0.7
    assert policies.policy_of("m1", NOTHING, "v1").pickup_days == 5
    assert policies.policy_of("m2", NOTHING, "v1").precision == 0.9


@pytest.mark.parametrize(
    "default",
    [
        {"cost_of_false_apology": 1, "cost_of_missed_delay": 9},
        {"thresholds": {"any": {"open_at": 0.3, "recover_at": 0.1}}},
    ],
    ids=["costs", "thresholds"],
)
def test_a_merchant_that_states_a_precision_does_not_inherit_another_way_to_say_it(default):
    policies = Policies({"default": {**default, "pickup_days": 5}, "merchants": {"m1": {"precision": 0.95}}})

    assert policies.policy_of("m1", NOTHING, "v1").threshold("line_haul").open_at == 0.95
    assert policies.policy_of("m1", NOTHING, "v1").pickup_days == 5
    assert policies.policy_of("m2", NOTHING, "v1").threshold("line_haul").open_at < 0.5


def test_thresholds_are_those_that_the_bundle_in_use_has_fitted():
    policies = Policies()

    assert policies.policy_of("m", _fitted(0.6), "v1").threshold("line_haul").open_at == 0.6
    assert policies.policy_of("m", _fitted(0.7), "v2").threshold("line_haul").open_at == 0.7


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("no json", "cannot be read"),
        ("[]", "expected objects such as"),
        ('{"merchant": {}}', "merchant"),
        ('{"merchants": {"m1": {"precision": 2}}}', "precision"),
        ('{"default": {"colour": "red"}}', "colour"),
        ('{"default": {"precision": 0.9, "cost_of_false_apology": 1, "cost_of_missed_delay": 9}}', "or thresholds"),
    ],
    ids=["text", "list", "name", "value", "field", "two ways"],
)
def test_a_policy_that_cannot_be_used_is_refused_when_it_is_read(tmp_path, content, expected):
    file = tmp_path / "policies.json"
    file.write_text(content)

    with pytest.raises(InputError, match=expected):
        Policies.read(file)
