from dataclasses import replace

import numpy as np
import pytest

from features.assembly import column_names
from features.sketches import UNKNOWN
from models.living.handover_training import train_at_handover
from models.storage import load_living, save_living
from parcelcast.place import PlaceIndex
from pipelines.ingest.storage import STORED, conformed
from pipelines.living.feed import feed_of
from pipelines.living.handover import handovers
from pipelines.living.landmarks import landmarks_of
from pipelines.living.sampling import Chosen
from pipelines.living.training import train_on_feed
from pipelines.preparation import last_known_day, prepare
from pipelines.simulator.library import small_world
from tests.pipelines.living.world import QUICK, living, world

ROWS = np.arange(1500, 1600)


def handed_over_since(rows, hours):
    """Parcels so many hours after their handover was known."""
    made = world()
    mine = rows[~np.isnat(made.feed.dispatched[rows])]
    as_of = made.feed.dispatched_recorded[mine] + np.timedelta64(int(hours * 3600), "s") + np.timedelta64(1, "us")
    return landmarks_of(made.prepared.history, made.feed, Chosen(mine, as_of), made.prepared.sketches.rolling())


@pytest.fixture(scope="module")
def handed_over():
    made = world()
    return handovers(made.prepared, made.feed, ROWS)


def plain(model, assembled):
    return model.cdf(assembled, np.zeros(len(assembled.orders)))


def test_right_after_the_handover_a_model_of_its_own_speaks(handed_over):
    assembled = handed_over.assembled
    assert assembled.at_handover.all()
    told = living().cdf(assembled)
    assert np.array_equal(told, plain(living().handover, assembled))
    assert not np.array_equal(told, replace(living(), handover=None).cdf(assembled))


def test_on_all_other_days_the_hazard_of_all_stages_speaks():
    assembled = handed_over_since(ROWS, 24)
    assert not assembled.at_handover.any()
    assert np.array_equal(living().cdf(assembled), replace(living(), handover=None).cdf(assembled))


def test_each_parcel_has_the_forecast_that_it_would_have_alone(handed_over):
    later = handed_over_since(ROWS, 5)
    some = later.at_handover
    assert 0 < some.sum() < len(some)
    told = living().cdf(later)
    for row in (int(np.flatnonzero(some)[0]), int(np.flatnonzero(~some)[0])):
        assert np.allclose(told[row], living().cdf(later.take(np.array([row])))[0], atol=1e-12, rtol=0)


def test_that_word_stands_for_the_day_while_nothing_else_is_told(handed_over):
    later = handed_over_since(ROWS, 2)
    now = handed_over.assembled
    same = later.at_handover & (later.orders.known_day == now.orders.known_day)
    for name in ("legs", "codes", "scan_hour"):
        same &= later.standings.number[name] == now.standings.number[name]
    assert same.sum() > 10
    rows = np.flatnonzero(same)
    first, then = (one.take(rows).back_at_handover().static for one in (handed_over.assembled, later))
    assert np.allclose(first, then, atol=1e-6, equal_nan=True)
    assert not np.allclose(handed_over.assembled.static[rows], later.static[rows], atol=1e-6, equal_nan=True)


def test_at_the_handover_nobody_is_silent(handed_over):
    static = handed_over.assembled.static.copy()
    place = column_names(handed_over.assembled.parcel_columns()).index("peers_moved")
    static[:, place] = 0.25
    assert np.isnan(replace(handed_over.assembled, static=static).back_at_handover().static[:, place]).all()


def test_a_scan_after_the_handover_ends_it(handed_over):
    standings = handed_over.assembled.standings
    origin_scan = np.full(len(standings), "origin_scan", dtype=object)
    assert standings.at_handover.all()
    assert not replace(standings, text={**standings.text, "last_code": origin_scan}).at_handover.any()
    later = standings.number["scan_age"] + 0.1
    assert not replace(standings, number={**standings.number, "dispatch_age": later}).at_handover.any()


def test_what_was_recorded_later_changes_nothing():
    made = world()
    history, as_of = made.prepared.history, made.today - 20
    unknown = (history.delivered_known == UNKNOWN) | (history.delivered_known >= as_of)
    other = replace(
        history,
        delivered_on=np.where(unknown, made.today + 5, history.delivered_on),
        delivered_known=np.where(unknown, made.today + 5, history.delivered_known),
    )
    known = np.flatnonzero((history.dispatched_known != UNKNOWN) & (history.dispatched_known < as_of))
    told = handovers(made.prepared, made.feed, known[np.argsort(made.feed.dispatched_recorded[known], kind="stable")])
    models = [
        train_at_handover(one, told.row, told.assembled, as_of, QUICK.at_handover).to_dict() for one in (history, other)
    ]
    assert models[0] == models[1]


def test_lost_and_returned_parcels_stay_at_risk():
    made = world()
    history, as_of = made.prepared.history, made.today
    known = np.flatnonzero((history.dispatched_known != UNKNOWN) & (history.dispatched_known < as_of))
    told = handovers(made.prepared, made.feed, known[np.argsort(made.feed.dispatched_recorded[known], kind="stable")])
    hopeful = replace(history, ended_known=np.full(len(history), UNKNOWN))
    assert (history.ended_known[known] != UNKNOWN).any()
    models = [
        train_at_handover(one, told.row, told.assembled, as_of, QUICK.at_handover).to_dict()
        for one in (history, hopeful)
    ]
    assert models[0] == models[1]


def test_a_short_history_has_no_such_model():
    made = world()
    short = train_on_feed(made.prepared, made.feed, made.today - 40, QUICK)
    assert short.handover is None


def test_a_shop_that_tells_no_dispatch_has_no_such_model():
    made = small_world(5, shipments=300, days=40)
    tables = {name: conformed(made[name].to_pandas(), STORED[name]) for name in ("shipments", "origins", "carriers")}
    for name in ("dispatched_at", "dispatched_recorded_at"):
        tables["shipments"][name] = tables["shipments"][name].where(tables["shipments"]["is_return"].isna())
    prepared = prepare(tables, PlaceIndex.default())
    untold = feed_of(prepared.history, tables["shipments"], None)
    assert np.isnat(untold.dispatched).all()
    assert train_on_feed(prepared, untold, last_known_day(prepared.history), QUICK).handover is None


def test_handovers_that_are_told_a_day_later_make_no_such_model():
    made = world()
    later = replace(made.feed, dispatched_recorded=made.feed.dispatched_recorded + np.timedelta64(1, "D"))
    told = handovers(made.prepared, later, np.arange(1000))
    assert not told.assembled.at_handover.any()
    history, as_of = made.prepared.history, made.today - 20
    assert train_at_handover(history, told.row, told.assembled, as_of, QUICK.at_handover) is None


def test_it_is_kept_with_the_living_model(tmp_path, handed_over):
    save_living(living(), tmp_path / "living")
    again = load_living(tmp_path / "living")
    assert np.array_equal(again.cdf(handed_over.assembled), living().cdf(handed_over.assembled))
    save_living(replace(living(), handover=None), tmp_path / "living")
    assert load_living(tmp_path / "living").handover is None


def test_without_maps_the_same_models_speak(handed_over):
    bare = living().uncalibrated()
    opinions = living().handover.opinions.cdf(
        handed_over.assembled.back_at_handover(), np.zeros(len(handed_over.assembled.orders))
    )
    assert bare.calibration == {}
    assert np.allclose(bare.cdf(handed_over.assembled), opinions, atol=1e-9)
