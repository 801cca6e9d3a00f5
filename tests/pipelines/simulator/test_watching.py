"""What can be known by the scans alone: less than everything, and what it says comes true."""

from datetime import date

import numpy as np
import pytest

from models.metrics import pit
from pipelines.simulator.clock import DAY_MINUTES
from pipelines.simulator.day import live_a_day, live_through
from pipelines.simulator.events import CODE, Witness
from pipelines.simulator.feeds import reports, share_untold
from pipelines.simulator.forks import NEVER, fork, world_at
from pipelines.simulator.history import live_history
from pipelines.simulator.library import small_config
from pipelines.simulator.parcels import Stage
from pipelines.simulator.pasts import heard
from pipelines.simulator.watching import Watched, watched_days
from pipelines.simulator.world import build_world

CONFIG = small_config(21, shipments=6000, days=100, until=date(2026, 2, 20))
DAYS = [date(2026, 1, 10), date(2026, 1, 22), date(2026, 2, 3), date(2026, 2, 15)]
AS_OF = 30


@pytest.fixture(scope="module")
def history():
    return live_history(build_world(CONFIG))


@pytest.fixture(scope="module")
def days():
    return list(watched_days(CONFIG, DAYS, AS_OF, replicas=40, sets=2, seed=1))


def test_the_share_of_events_untold_is_that_of_the_feeds(history):
    reported = reports(history)
    events = history.events
    first = np.full(len(events.order), 2**62)
    same = reported.code == events.code[reported.event]
    np.minimum.at(first, reported.event[same], reported.recorded[same])
    for code in ("hub_arrival", "destination_depot", "delivered", "exception"):
        mine = np.flatnonzero(events.code == CODE[code])
        part = events.select(mine)
        for wait in (5, 60, 400, 3 * DAY_MINUTES):
            untold = share_untold(history.world, part, part.minute + wait, np.zeros(len(mine), bool))
            assert np.mean(untold) == pytest.approx((first[mine] > part.minute + wait).mean(), abs=0.025)


def test_only_what_happened_before_the_day_and_was_recorded_by_then_is_heard(history):
    told = heard(history, reports(history), 50, 50 * DAY_MINUTES + AS_OF)
    assert told.day.max() == 49
    later = heard(history, reports(history), 50, 52 * DAY_MINUTES)
    assert len(told.order) < len(later.order)
    assert later.day.max() == 49


def test_under_a_witness_nothing_is_lost_but_the_risk_is_told():
    world = build_world(CONFIG)
    live_through(world, 40)
    many = fork(world, 30, seed=3)
    lost = (many.parcels.stage == Stage.LOST).sum()
    many.log = witness = Witness()
    for _ in range(3):
        live_a_day(many)
    assert (many.parcels.stage == Stage.LOST).sum() <= lost
    assert len(witness.replicas) == len(witness.parts) - 1
    assert [len(part.order) for part in witness.parts[1:]] == [len(one) for one in witness.replicas]
    assert sum(len(order) for _, order, _ in witness.risks) > 1000


def test_the_shop_waits_for_what_has_come_unheard_and_for_what_is_lost_and_not_for_what_it_knows(days, history):
    open_rows = set(world_at(CONFIG, DAYS[-1]).parcels.order.tolist())
    rows = set(days[-1].watched.order_row.tolist())
    assert any(day.lead[~np.isin(day.watched.order_row, day.perfect.order_row)].tolist() for day in days)
    assert any(day.is_lost.any() for day in days)
    # The others that are open are orders that were cancelled later.
    assert len(rows & open_rows) > 0.9 * len([row for row in open_rows if row < max(rows)])


def test_whoever_knows_all_is_better_and_both_are_certain_of_nothing_wrong(days):
    knowing = np.concatenate([day.crps_of_all_knowing() for day in days])
    watching = np.concatenate([day.crps_of_watching() for day in days])
    assert knowing.mean() < watching.mean()
    for day in days:
        cdf = day.watched.forecast()
        assert ((cdf >= 0) & (cdf <= 1 + 1e-9)).all()
        assert (np.diff(cdf, axis=1) >= -1e-9).all()


def test_what_the_watcher_says_comes_true(days):
    cdf = np.concatenate([day.watched.forecast() for day in days])
    lead = np.concatenate([np.where(day.lead == NEVER, 91, day.lead) for day in days])
    inside = pit(cdf, lead, np.random.default_rng(0).random(len(lead)))
    assert len(lead) > 600
    # 0.04 is three standard errors of independent parcels; those of one day share their fate.
    assert ((inside > 0.05) & (inside < 0.95)).mean() == pytest.approx(0.9, abs=0.05)
    for day in (0, 1, 3, 7):
        assert cdf[:, day].mean() == pytest.approx((lead <= day).mean(), abs=0.06)
    lost = sum(day.watched.lost.sum() for day in days)
    assert lost == pytest.approx(sum(day.is_lost.sum() for day in days), abs=6)


def test_the_distance_is_freed_from_the_noise_of_few_sets():
    rng = np.random.default_rng(0)
    true, n = 0.3, 4000
    cdf = np.stack([rng.binomial(10, true, (n, 1)) / 10 for _ in range(3)])
    few = Watched(np.arange(n), cdf, np.full((3, n), 1 / 3), np.zeros(n), np.zeros(n, bool))
    assert few.distance(np.full((n, 1), 0.5)).mean() == pytest.approx((true - 0.5) ** 2, abs=0.003)
    assert np.square(few.forecast() - 0.5).sum(axis=1).mean() > (true - 0.5) ** 2 + 0.005


def test_a_seed_gives_the_same_forecasts(days):
    (again,) = watched_days(CONFIG, DAYS[:1], AS_OF, replicas=40, sets=2, seed=1)
    assert (again.watched.cdf == days[0].watched.cdf).all()
    assert (again.lead == days[0].lead).all()
