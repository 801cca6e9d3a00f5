from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from features.orders import EPOCH
from models.living.forecaster import BundleLivingForecaster
from parcelcast.eta import Underway
from parcelcast.forecast import quoted_forecast
from parcelcast.peers import Moves
from parcelcast.progress import parcel_progress
from parcelcast.shipment import Carrier, Shipment
from parcelcast.tracking.scan import Scan
from tests.pipelines.living.world import doubting, living, world


class Quotes:
    """Order-time forecasts of a shop without history."""

    def forecast(self, shipments):
        return [quoted_forecast(one, Carrier("?").delivery_calendar(one.destination)) for one in shipments]


@pytest.fixture(scope="module")
def forecaster():
    made = world()
    histories = made.prepared.sketches.snapshot(made.today)
    return BundleLivingForecaster(living(), histories, 0.0, made.prepared.network.carriers, Quotes())


@pytest.fixture(scope="module")
def now():
    """Return the morning of the first Tuesday after the snapshot."""
    today = EPOCH + timedelta(days=world().today)
    tuesday = today + timedelta(days=(1 - today.weekday()) % 7)
    return datetime.combine(tuesday, datetime.min.time(), UTC) + timedelta(hours=8)


def parcel(now, *scans, country="DE", postal_code="80331"):
    """A parcel of three days ago; scans are codes with their hours before now."""
    network = world().prepared.network
    origin = next(iter(network.origins.values()))
    carrier = next(iter(network.carriers.values()))
    shipment = Shipment(
        now - timedelta(days=3), origin, network.places.find(country, postal_code), carrier.carrier_id,
        carrier.services[0].service_id,
    )  # fmt: skip
    told = [
        Scan(carrier.carrier_id, "1", code, *[now - timedelta(hours=hours)] * 2, reason=reason)
        for code, hours, reason in ((*scan, None)[:3] for scan in scans)
    ]
    return Underway(shipment, parcel_progress(told, now))


def test_etas_come_in_order_each_from_its_own_day(forecaster, now):
    parcels = [
        parcel(now),
        parcel(now, ("handed_over", 30)),
        parcel(now, ("handed_over", 40), ("out_for_delivery", 1)),
    ]
    etas = forecaster.etas(parcels)
    assert [eta.stage for eta in etas] == ["pre_dispatch", "first_mile", "out_for_delivery"]
    assert [eta.distribution.anchor for eta in etas] == [one.today for one in parcels]
    assert all(eta.basis == "model" for eta in etas)
    # Of a model of 15 rounds, in which a column more or less changes by which ones trees are grown.
    chances = [eta.distribution.cdf[0] for eta in etas]
    assert chances[2] > 2 * max(chances[:2])


def test_what_became_of_peers_is_heard(now):
    """Of a booster that takes parcels for lost where others have moved on."""
    made = world()
    doubtful = replace(living(), calibration={}, loss=doubting("peers_moved"))
    histories = made.prepared.sketches.snapshot(made.today)
    forecaster = BundleLivingForecaster(doubtful, histories, 0.0, made.prepared.network.carriers, Quotes())
    one = parcel(now, ("handed_over", 40), ("hub_arrival", 30))
    alone, left, waiting = forecaster.etas([replace(one, peers=peers) for peers in (None, Moves(9, 9), Moves(9, 0))])
    assert left.silence.lost > 0.5
    assert max(alone.silence.lost, waiting.silence.lost) < 0.5


def test_many_at_once_are_told_as_each_alone(forecaster, now):
    parcels = [parcel(now - timedelta(hours=hours), ("handed_over", 20 + hours)) for hours in range(6)]
    together = forecaster.etas(parcels)
    for one, eta in zip(parcels, together, strict=True):
        (alone,) = forecaster.etas([one])
        assert np.array_equal(alone.distribution.cdf, eta.distribution.cdf)
        assert alone.silence == eta.silence


def test_parcels_with_and_without_history_keep_their_places(forecaster, now):
    parcels = [
        parcel(now, ("handed_over", 30), country="US", postal_code="10001"),
        parcel(now, ("handed_over", 30)),
        parcel(now, ("handed_over", 40), country="US", postal_code="10001"),
        parcel(now, ("out_for_delivery", 1)),
    ]
    together = forecaster.etas(parcels)
    assert [eta.basis == "model" for eta in together] == [False, True, False, True]
    for one, eta in zip(parcels, together, strict=True):
        (alone,) = forecaster.etas([one])
        assert np.array_equal(alone.distribution.cdf, eta.distribution.cdf)
        assert alone.silence == eta.silence


def test_parcels_that_are_not_awaited_have_no_silence(forecaster, now):
    came = parcel(now, ("handed_over", 40), ("delivered", 20))
    back = parcel(now, ("handed_over", 40), ("return_started", 20), ("returned", 2))
    off = parcel(now, ("exception", 20, "cancelled"))
    delivered, *never = forecaster.etas([came, back, off])
    assert delivered.distribution.probability_by(came.today - timedelta(days=1)) == 1.0
    assert [eta.silence for eta in (delivered, *never)] == [None, None, None]
    assert [eta.distribution.beyond for eta in never] == [1.0, 1.0]


def test_the_longer_the_silence_the_less_is_it_as_usual(forecaster, now):
    told = forecaster.etas([parcel(now, ("handed_over", 30)), parcel(now, ("handed_over", 20 * 24))])
    fresh, silent = (eta.silence for eta in told)
    assert fresh.unscanned > silent.unscanned
    for silence in (fresh, silent):
        assert silence.unscanned + silence.stuck + silence.lost == pytest.approx(1.0)


def test_where_there_is_no_history_the_order_time_forecast_is_conditioned(forecaster, now):
    (eta,) = forecaster.etas([parcel(now, ("handed_over", 30), country="US", postal_code="10001")])
    assert eta.basis in {"carrier_quote", "policy"}
    assert eta.distribution.anchor == parcel(now, country="US", postal_code="10001").today


def test_nothing_to_forecast_is_no_error(forecaster):
    assert forecaster.etas([]) == []
