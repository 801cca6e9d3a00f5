"""Forecasts are compared on what the shop waits for; nonsense is worse than the model."""

from datetime import timedelta

import numpy as np
import pytest

from features.orders import day_of
from parcelcast.progress import STAGES
from pipelines.living.perfection import ALL, SILENCE, lines_of, told_on
from pipelines.simulator.watching import watched_days
from tests.pipelines.living.world import CONFIG, living, world


class Hopeful:
    """Says of every parcel that it comes today."""

    def uncalibrated(self):
        return living().uncalibrated()

    def cdf(self, assembled, shift):
        return np.ones((len(assembled.orders), 91))


@pytest.fixture(scope="module")
def day():
    (found,) = watched_days(CONFIG, [day_of(world().today) - timedelta(days=15)], minutes=30, replicas=20, sets=2)
    return found


def lines(model, day):
    made = world()
    return {line.stage: line for line in lines_of([told_on(model, made.prepared, made.feed, day)])}


def test_each_stage_is_compared_on_the_same_parcels(day):
    found = lines(living(), day)
    assert set(found) <= {*STAGES, SILENCE, ALL}
    stages = [line for name, line in found.items() if name in STAGES]
    assert sum(line.parcels for line in stages) == found[ALL].parcels == len(day.shipment_id)
    assert found[ALL].parcels > 40
    assert found[ALL].perfect < found[ALL].model
    assert found[ALL].expected_ratio > 1.0
    assert 0.5 < found[ALL].coverage <= 1.0
    assert 0.8 < found[ALL].perfect_coverage <= 1.0


def test_a_forecaster_that_hopes_is_worse_and_covers_less(day):
    ours, hopeful = lines(living(), day)[ALL], lines(Hopeful(), day)[ALL]
    assert (hopeful.perfect, hopeful.perfect_coverage) == (ours.perfect, ours.perfect_coverage)
    assert hopeful.model > 1.5 * ours.model
    assert hopeful.expected_ratio > 1.5 * ours.expected_ratio
    assert hopeful.coverage < ours.coverage


class Perfect(Hopeful):
    """Says what the perfect forecaster says."""

    def __init__(self, day):
        self.day = day

    def cdf(self, assembled, shift):
        if len(assembled.orders) == len(self.day.shipment_id):
            return self.day.watched.forecast()
        return super().cdf(assembled, shift)


def test_who_says_what_can_be_known_is_expected_to_be_as_good(day):
    """Up to the noise of few pasts, which the distance is freed from."""
    found = lines(Perfect(day), day)[ALL]
    assert found.model == pytest.approx(found.perfect, rel=0.1)
    assert found.expected_ratio == pytest.approx(1.0, abs=0.05)
