from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from parcelcast.calendar import WorkingCalendar
from parcelcast.distribution import DeliveryDistribution
from parcelcast.eta import Underway, conditioned_eta
from parcelcast.forecast import Evidence, Forecast
from parcelcast.place import PlaceIndex
from parcelcast.progress import parcel_progress
from parcelcast.shipment import Origin, Shipment

ORDERED = datetime(2027, 3, 1, 9, tzinfo=UTC)
PLACE = PlaceIndex.default().find("DE", "80331")
FORECAST = Forecast(
    DeliveryDistribution(date(2027, 3, 1), np.array([0.0, 0.2, 0.4, 0.3, 0.05])), "model", Evidence("lane", 99.0)
)


def underway(as_of: datetime) -> Underway:
    shipment = Shipment(ORDERED, Origin("o", PLACE, WorkingCalendar("Europe/Berlin")), PLACE)
    return Underway(shipment, parcel_progress([], as_of))


def test_days_before_today_are_ruled_out_and_today_is_not():
    eta = conditioned_eta(FORECAST, underway(ORDERED + timedelta(days=2)))

    assert eta.distribution.anchor == date(2027, 3, 3)
    assert eta.distribution.pmf.tolist() == pytest.approx([0.4 / 0.8, 0.3 / 0.8, 0.05 / 0.8])
    assert eta.delay_risk(date(2027, 3, 3)) == pytest.approx(0.5)
    assert (eta.stage, eta.basis) == ("pre_dispatch", "model")


def test_today_is_a_local_date_at_the_destination():
    assert underway(datetime(2027, 3, 1, 23, 30, tzinfo=UTC)).today == date(2027, 3, 2)


def test_silence_shares_the_whole_between_unscanned_stuck_and_lost():
    silence = conditioned_eta(FORECAST, underway(ORDERED + timedelta(days=1))).silence

    assert (silence.unscanned, silence.stuck, silence.lost) == pytest.approx((0.9, 0.05, 0.05))


def test_after_the_horizon_nothing_is_expected():
    eta = conditioned_eta(FORECAST, underway(ORDERED + timedelta(days=20)))

    assert eta.distribution.beyond == 1.0
    assert eta.silence.lost == 1.0
