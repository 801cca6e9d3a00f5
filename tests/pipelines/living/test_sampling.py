from dataclasses import replace

import numpy as np
import pytest

from parcelcast.scan import CODES
from pipelines.living.feed import ADMITTED, HANDED_OVER, ORDERED, Feed, feed_of
from pipelines.living.sampling import LONGEST_SILENCE, Chosen, sample_landmarks
from tests.pipelines.living.world import world

DAY = np.timedelta64(1, "D")
HOUR = np.timedelta64(1, "h")


def sampled(count=3000, seed=0, feed=None):
    made = world()
    rows = np.arange(len(made.prepared.history))
    return sample_landmarks(made.prepared.history, feed or made.feed, rows, made.today, count, seed)


def test_landmarks_lie_between_the_order_and_what_is_known_of_the_end():
    made, chosen = world(), sampled()
    ordered = made.prepared.history.ordered_at.astype("datetime64[us]")[chosen.row]
    closed = made.feed.closed[chosen.row]
    assert len(chosen) > 2000
    assert (chosen.as_of > ordered).all()
    assert (np.isnat(closed) | (chosen.as_of <= closed + np.timedelta64(1, "us"))).all()
    assert (chosen.as_of <= np.datetime64(made.today, "D") + np.timedelta64(1, "us")).all()
    assert (np.diff(chosen.as_of.astype(np.int64)) >= 0).all()


def test_the_same_seed_chooses_the_same_and_another_one_others():
    assert sampled().as_of.tolist() == sampled().as_of.tolist()
    assert sampled().as_of.tolist() != sampled(seed=1).as_of.tolist()


def test_what_is_recorded_after_the_last_day_changes_nothing():
    made = world()
    until = made.today - 10
    end = np.datetime64(until, "D").astype("datetime64[us]")
    known = made.feed.recorded < end
    feed = replace(
        made.feed,
        **{name: getattr(made.feed, name)[known] for name in ("row", "recorded", "code", "scan")},
        closed=np.where(made.feed.closed < end, made.feed.closed, np.datetime64("NaT")),
    )
    history, rows = made.prepared.history, np.arange(len(made.prepared.history))
    told = [sample_landmarks(history, one, rows, until, 1000, 0) for one in (made.feed, feed)]
    assert told[0].row.tolist() == told[1].row.tolist()
    assert told[0].as_of.tolist() == told[1].as_of.tolist()


def two_parcels(gaps_days):
    """Parcels of which nothing is told for so many days after the order."""
    made = world()
    start = made.prepared.history.ordered_at.astype("datetime64[us]")[:2]
    news = [
        (row, start[row] + int(at * 24) * HOUR, code)
        for row in (0, 1)
        for at, code in ((0, ORDERED), (gaps_days[row], HANDED_OVER))
    ]
    row, recorded, code = (np.array(column) for column in zip(*news, strict=True))
    closed = np.full(len(made.feed.closed), np.datetime64("NaT"), dtype="datetime64[us]")
    closed[:2] = [start[row] + int(gaps_days[row] * 24) * HOUR for row in (0, 1)]
    return Feed(
        row, recorded, code, np.full(4, -1), closed, closed, closed, made.feed.carrier, made.feed.shipment_id, None
    )


@pytest.mark.parametrize("gaps", [(0.5, 1.5), (4, 4)])
def test_silence_is_looked_at_at_a_constant_rate(gaps):
    chosen = sampled(9000, feed=two_parcels(gaps))
    of_first = (chosen.row == 0).mean()
    assert of_first == pytest.approx(gaps[0] / sum(gaps), abs=0.02)


def test_half_of_the_looks_at_silence_are_kept_for_that_of_more_than_two_days():
    chosen = sampled(9000, feed=two_parcels((1, 9)))
    start = world().prepared.history.ordered_at.astype("datetime64[us]")[chosen.row]
    assert (chosen.row == 0).mean() == pytest.approx(0.5 * 1 / 10, abs=0.02)
    assert (chosen.as_of - start > 2 * DAY).mean() == pytest.approx(0.5 + 0.5 * 7 / 10, abs=0.03)


def test_long_silence_is_looked_at_for_weeks_only():
    chosen = sampled(9000, feed=two_parcels((3, 30_000)))
    start = world().prepared.history.ordered_at.astype("datetime64[us]")[1]
    assert isinstance(chosen, Chosen)
    assert (chosen.as_of[chosen.row == 1] - start).max() <= LONGEST_SILENCE + DAY


def test_a_loss_that_the_carrier_admits_is_told_apart_from_other_exceptions():
    made = world()
    scans = made.feed.scans
    lost = (scans["code"] == "exception") & (scans["reason"] == "lost")
    told = feed_of(made.prepared.history, made.shipments, scans)
    assert 0 < lost.sum() == (told.code == ADMITTED).sum()
    assert (told.code == CODES.index("exception")).sum() == (scans["code"] == "exception").sum() - lost.sum()


def test_parcels_whose_loss_was_admitted_are_looked_at_seldom_though_they_are_silent_for_longest():
    made, chosen = world(), sampled(9000)
    admitted = np.full(len(made.prepared.history), np.datetime64("NaT"), dtype="datetime64[us]")
    rows = made.feed.code == ADMITTED
    admitted[made.feed.row[rows]] = made.feed.recorded[rows]
    after = chosen.as_of > admitted[chosen.row]
    news = made.feed.code[np.isin(made.feed.code, [ADMITTED])]
    assert 0 < after.sum() < 0.01 * len(chosen)
    assert after.sum() > len(news)
