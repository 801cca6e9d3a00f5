from datetime import date

import numpy as np
import pytest

from parcelcast.errors import InputError
from pipelines.simulator.day import live_a_day, live_through
from pipelines.simulator.forks import NEVER, PerfectForecast, fork, perfect_forecast, perfect_forecasts, world_at
from pipelines.simulator.library import small_config
from pipelines.simulator.parcels import Stage
from pipelines.simulator.world import build_world

CONFIG = small_config(11, shipments=2500, days=45, until=date(2026, 2, 15))
REPLICAS = 40


@pytest.fixture(scope="module")
def parent():
    """A world on its 20th day."""
    world = build_world(CONFIG)
    live_through(world, 20)
    return world


@pytest.fixture(scope="module")
def forecast(parent):
    return perfect_forecast(parent, REPLICAS, seed=1)


def test_a_fork_with_the_same_seed_is_the_same_and_with_another_is_not(parent, forecast):
    assert (perfect_forecast(parent, REPLICAS, seed=1).outcomes == forecast.outcomes).all()
    assert (perfect_forecast(parent, REPLICAS, seed=2).outcomes != forecast.outcomes).any()


def test_replicas_begin_as_the_parent_stands_and_then_part(parent):
    children = fork(parent, 3, seed=1)
    rows = len(parent.parcels)
    for replica in range(3):
        mine = slice(replica * rows, (replica + 1) * rows)
        assert (children.parcels.replica[mine] == replica).all()
        for column in ("order", "stage", "due", "position", "facility", "attempts", "lost_days"):
            assert (getattr(children.parcels, column)[mine] == getattr(parent.parcels, column)).all()
        assert (children.weather.fields[:, replica] == parent.weather.fields[:, 0]).all()
        assert (children.depots.served[replica] == parent.depots.served[0]).all()
    for _ in range(3):
        live_a_day(children)
    assert (children.weather.fields[:, 0] != children.weather.fields[:, 1]).all()
    assert (children.depots.served[0] != children.depots.served[1]).any()
    # The orders to come are the same for all.
    arrived = [set(children.parcels.order[children.parcels.replica == replica]) for replica in range(3)]
    today = parent.orders.of_day(parent.day + 2)
    assert all(set(range(today.start, today.stop)) <= orders for orders in arrived)


def test_a_fork_leaves_its_parent_untouched(parent):
    before = (parent.day, parent.parcels.stage.copy(), parent.depots.arrived.copy(), len(parent.ended))
    perfect_forecast(parent, 2, seed=3)
    assert (parent.day, len(parent.ended)) == (before[0], before[3])
    assert (parent.parcels.stage == before[1]).all()
    assert (parent.depots.arrived == before[2]).all()


def test_a_forecast_covers_open_parcels_and_the_orders_of_the_day(parent, forecast):
    today = parent.orders.of_day(parent.day)
    assert forecast.anchor == date(2026, 1, 21)
    assert forecast.shipment_id[-1] == f"p{today.stop - 1:09d}"
    assert forecast.order_row[forecast.ordered_today].tolist() == list(range(today.start, today.stop))
    assert forecast.order_row[~forecast.ordered_today].tolist() == parent.parcels.order.tolist()
    pmf = forecast.pmf()
    assert pmf.shape == (len(forecast.order_row), 91)
    assert (pmf.sum(axis=1) <= 1 + 1e-12).all()
    # A parcel at the depot is at the door before an order of today.
    mean = (pmf * np.arange(91)).sum(axis=1) / np.maximum(pmf.sum(axis=1), 1e-12)
    at_depot = np.array([stage in {Stage.DEPOT, Stage.HAUL_TO_DEPOT} for stage in forecast.stage])
    assert mean[at_depot].mean() + 1.5 < mean[forecast.ordered_today].mean()


def test_what_is_lost_is_never_delivered(parent, forecast):
    lost = np.array([stage in {Stage.LOST, Stage.RETURNING} for stage in forecast.stage])
    assert lost.any()
    assert forecast.pmf()[lost].sum() == 0.0


def test_one_pass_gives_the_forecasts_of_several_days(parent, forecast):
    first, second = perfect_forecasts(CONFIG, [date(2026, 1, 23), date(2026, 1, 21)], replicas=REPLICAS, seed=1)
    assert (first.anchor, second.anchor) == (date(2026, 1, 21), date(2026, 1, 23))
    assert (first.outcomes == forecast.outcomes).all()
    assert (world_at(CONFIG, first.anchor).parcels.stage == parent.parcels.stage).all()


def test_crps_is_the_squared_distance_to_the_step():
    outcomes = np.array([[1, 2, 2, NEVER], [3, 3, 3, 3]], np.int16)
    forecast = PerfectForecast(date(2026, 1, 1), np.array([0, 1]), (None, None), outcomes, horizon=4)
    assert forecast.pmf().tolist() == [[0, 0.25, 0.5, 0, 0], [0, 0, 0, 1, 0]]
    raw = [0, 0.25**2, 0.25**2, 0.25**2, 0.25**2]
    noise = [0, 0.25 * 0.75 / 3, 0.75 * 0.25 / 3, 0.75 * 0.25 / 3, 0.75 * 0.25 / 3]
    assert forecast.crps(np.array([2, 3])) == pytest.approx([sum(raw) - sum(noise), 0.0])
    assert forecast.crps(np.array([2, NEVER]))[1] == 2.0


def test_a_day_outside_the_world_and_a_horizon_beyond_it_are_refused(parent):
    with pytest.raises(InputError, match="expected 2026-01-01 to"):
        next(perfect_forecasts(CONFIG, [date(2030, 1, 1)]))
    with pytest.raises(InputError, match="the world ends after"):
        perfect_forecast(parent, 1, horizon=400)
    with pytest.raises(InputError, match="expected 1 into at least 1"):
        fork(parent, 0, seed=1)


@pytest.fixture(scope="module")
def judged():
    """Perfect forecasts on four days far apart, and what really came of them."""
    config = small_config(21, shipments=6000, days=100, until=date(2026, 2, 20))
    world = build_world(config)
    forecasts = []
    for day in (20, 45, 70, 95):
        live_through(world, day)
        forecasts.append((day, perfect_forecast(world, 30, seed=day)))
    live_through(world, config.all_days)
    arrived = np.full(len(world.orders), NEVER)
    for part in world.ended:
        delivered = part.stage == Stage.DELIVERED
        arrived[part.order[delivered]] = part.day[delivered]
    cases = []
    for day, forecast in forecasts:
        actual = arrived[forecast.order_row]
        cases.append((forecast.outcomes, np.where(actual == NEVER, NEVER, actual - day)))
    return cases


def _statistics(outcomes: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Coverage of the central 80 %, share below the median and mean delay of one future, seen by the other futures."""
    # What takes longer than two weeks is as late as what never comes: a few lost parcels must not rule the mean.
    late = np.where(outcomes == NEVER, 15, np.minimum(outcomes, 15))
    when = np.where(actual == NEVER, 15, np.minimum(actual, 15))
    low, median, high = np.quantile(late, [0.1, 0.5, 0.9], axis=1, method="inverted_cdf")
    return np.array(
        [((when >= low) & (when <= high)).mean(), (when <= median).mean(), (when - late.mean(axis=1)).mean()]
    )


def _scores(outcomes: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """How far the real future stands from the replicas, in standard deviations of all futures among themselves.

    If the forecast is perfect, the real future is one more replica. Parcels of one future share its weather and queues,
    so the spread between futures is the yardstick, not that of independent parcels.
    """
    futures = np.column_stack([actual, outcomes])
    each = [_statistics(np.delete(futures, one, axis=1), futures[:, one]) for one in range(futures.shape[1])]
    return (each[0] - np.mean(each[1:], axis=0)) / np.std(each[1:], axis=0, ddof=1)


def test_what_really_comes_is_one_more_of_the_futures_that_the_perfect_forecaster_states(judged):
    scores = np.array([_scores(outcomes, actual) for outcomes, actual in judged])
    # Student's t with 29 degrees of freedom, 12 statistics: |t| > 4 happens in 1 of 200 honest simulators.
    assert np.abs(scores).max() < 4.0
    # Days far apart are nearly independent: the mean of four has half the spread.
    assert np.abs(scores.mean(axis=0)).max() < 1.8


def test_a_forecaster_half_a_day_off_would_be_caught(judged):
    rng = np.random.default_rng(0)
    scores = []
    for outcomes, actual in judged:
        off = np.where(actual == NEVER, NEVER, actual + (rng.random(len(actual)) < 0.5))
        scores.append(_scores(outcomes, off))
    assert (np.abs(np.mean(scores, axis=0)) > 1.8).all()
