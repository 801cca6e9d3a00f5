"""Fitted thresholds of alerts travel in the bundle, where there are any."""

import json

import pytest

from models.bundle import ALERTS, _alerts_of
from parcelcast.alerts import FittedAlerts, FittedPoint
from parcelcast.errors import ArtefactError

FITTED = FittedAlerts((FittedPoint(24.0, 0.6, 0.9, 0.3, parcels=10, late=2, alerts=2, right=2, caught=1),))


def test_a_bundle_without_fitted_alerts_has_no_points(tmp_path):
    assert _alerts_of(tmp_path, {"files": {}}) == FittedAlerts(())


def test_fitted_alerts_are_read_as_they_were_written(tmp_path):
    (tmp_path / ALERTS).write_text(json.dumps(FITTED.to_dict()))

    assert _alerts_of(tmp_path, {"files": {ALERTS: "hash"}}) == FITTED


def test_broken_ones_are_told(tmp_path):
    (tmp_path / ALERTS).write_text("[]")

    with pytest.raises(ArtefactError, match=ALERTS):
        _alerts_of(tmp_path, {"files": {ALERTS: "hash"}})
