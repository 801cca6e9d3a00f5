"""The model is never better than the perfect forecaster on average, and nonsense is worse than the model."""

from datetime import timedelta

import numpy as np
import pytest

from features.orders import day_of
from parcelcast.progress import STAGES
from pipelines.living.perfection import ALL, SILENCE, lines_of, told_on
from pipelines.simulator.forks import perfect_forecast, world_at
from tests.pipelines.living.world import CONFIG, living, world


class Hopeful:
    """Says of every parcel that it comes today."""

    def uncalibrated(self):
        return living().uncalibrated()

    def cdf(self, assembled, shift):
        return np.ones((len(assembled.orders), 91))


@pytest.fixture(scope="module")
def perfect():
    return perfect_forecast(world_at(CONFIG, day_of(world().today) - timedelta(days=15)), replicas=20)


def lines(model, perfect):
    made = world()
    told = told_on(model, made.prepared, made.feed, made.truth, perfect)
    return {line.stage: line for line in lines_of([told])}


def test_each_stage_is_compared_on_the_same_parcels(perfect):
    found = lines(living(), perfect)
    assert set(found) <= {*STAGES, SILENCE, ALL}
    stages = [line for name, line in found.items() if name in STAGES]
    assert sum(line.parcels for line in stages) <= found[ALL].parcels
    assert found[ALL].parcels > 40
    assert found[ALL].perfect < found[ALL].model
    assert 0.5 < found[ALL].coverage <= 1.0


def test_a_forecaster_that_hopes_is_worse_and_covers_less(perfect):
    ours, hopeful = lines(living(), perfect)[ALL], lines(Hopeful(), perfect)[ALL]
    assert hopeful.perfect == ours.perfect
    assert hopeful.model > 1.5 * ours.model
    assert hopeful.coverage < ours.coverage
