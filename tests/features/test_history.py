"""Trailing windows against sums over all days; fallback between levels; quantiles and means against loops."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from features.history import (
    SHRINKAGE,
    Hazards,
    SketchHistory,
    SnapshotHistory,
    TrailingWindow,
    restricted_mean,
    smoothed,
    survival_quantiles,
)
from features.sketches import AGES, Level, Sketch

WINDOWS = (7, 28)


def texts(*values: str) -> np.ndarray:
    return np.array(values, dtype=object)


def counts(n: int, **by_age: int) -> np.ndarray:
    """Return n equal rows of counts, zero but for the ages told: `age_3=5`."""
    out = np.zeros((n, AGES))
    for name, count in by_age.items():
        out[:, int(name.removeprefix("age_"))] = count
    return out


def level_of(rows: list[tuple[int, str, int, int, int]], keys: tuple[str, ...]) -> Level:
    """Return a level from rows of (day, key, age, at risk, ended)."""
    rows = sorted(rows)
    return Level(
        keys,
        np.array([row[0] for row in rows], dtype=np.int32),
        np.array([keys.index(row[1]) for row in rows], dtype=np.int32),
        np.array([row[2] for row in rows], dtype=np.int16),
        np.array([row[3] for row in rows], dtype=np.int32),
        np.array([row[4] for row in rows], dtype=np.int32),
    )


@st.composite
def sketches(draw: st.DrawFn) -> Sketch:
    cells = st.tuples(st.integers(100, 150), st.sampled_from("ab"), st.integers(0, AGES - 1))
    amounts = st.tuples(st.integers(-2, 9), st.integers(0, 4))
    narrow = draw(st.dictionaries(cells, amounts, max_size=20))
    wide: dict[tuple[int, str, int], tuple[int, int]] = {}
    for (day, _, age), (at_risk, ended) in narrow.items():
        before = wide.get((day, "*", age), (0, 0))
        wide[day, "*", age] = (before[0] + at_risk, before[1] + ended)
    levels = [
        level_of([(*cell, *amount) for cell, amount in part.items()], keys)
        for part, keys in ((wide, ("*",)), (narrow, ("a", "b")))
    ]
    return Sketch(tuple(levels))


def brute_force(level: Level, key: str, day: int, window: int) -> tuple[np.ndarray, np.ndarray]:
    at_risk, ended = np.zeros(AGES), np.zeros(AGES)
    for row in range(len(level.day)):
        if day - window <= level.day[row] < day and level.keys[level.code[row]] == key:
            at_risk[level.age[row]] += level.at_risk[row]
            ended[level.age[row]] += level.ended[row]
    return at_risk, ended


def hazards_equal(left: Hazards, right: Hazards) -> bool:
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in ("hazard", "evidence", "at_risk"))


@settings(max_examples=50)
@given(sketches(), st.lists(st.integers(90, 190), max_size=6).map(sorted), st.sampled_from([1, 7, 28, 120]))
def test_a_trailing_window_equals_the_sum_over_the_days_before(sketch: Sketch, days: list[int], window: int):
    level = sketch.levels[-1]
    trailing = TrailingWindow(level, window)
    for day in days:
        trailing.move_to(day)
        for key, row in zip("ab", trailing.codes(texts("a", "b")), strict=True):
            at_risk, ended = brute_force(level, key, day, window)
            assert np.array_equal(trailing.at_risk[row], at_risk)
            assert np.array_equal(trailing.ended[row], ended)
        assert not trailing.at_risk[trailing.codes(texts("never seen"))].any()


@settings(max_examples=50)
@given(
    sketches(),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(90, 190)), min_size=1, max_size=8),
    st.sampled_from(WINDOWS),
)
def test_history_day_by_day_and_snapshots_equal_the_sum_over_the_days_before(
    sketch: Sketch, asked: list[tuple[str, int]], window: int
):
    keys = [texts(*("*" for _ in asked)), texts(*(key for key, _ in asked))]
    found = SketchHistory(sketch).hazards(keys, np.array([day for _, day in asked]), window)
    for row, (key, day) in enumerate(asked):
        sums = [brute_force(sketch.levels[0], "*", day, window), brute_force(sketch.levels[1], key, day, window)]
        expected = smoothed([one[0][None] for one in sums], [one[1][None] for one in sums])
        mine = found.take(np.array([row]))
        assert hazards_equal(mine, expected)
        snapshot = SnapshotHistory.of(sketch, day, WINDOWS)
        assert hazards_equal(mine, snapshot.hazards([texts("*"), texts(key)], np.array([day]), window))


def test_a_snapshot_holds_each_window_and_level():
    sketch = Sketch((level_of([(100, "*", 0, 3, 1)], ("*",)), level_of([(100, "a", 0, 3, 1)], ("a",))))
    sums = SnapshotHistory.of(sketch, 101, WINDOWS).sums
    assert {window: [list(level.code_of) for level in levels] for window, levels in sums.items()} == {
        7: [["*"], ["a"]],
        28: [["*"], ["a"]],
    }
    assert sums[7][1].at_risk[0, 0] == 3
    assert not sums[7][1].at_risk[-1].any()


def test_a_key_without_parcels_passes_its_parent_on_unchanged():
    at_risk, ended = counts(1, age_0=10, age_1=7), counts(1, age_1=3)
    parent = smoothed([at_risk], [ended])
    child = smoothed([at_risk, counts(1)], [ended, counts(1)])
    assert np.array_equal(child.hazard, parent.hazard)
    assert child.evidence.tolist() == [[3, 0]]


def test_a_key_with_parcels_moves_from_its_parent_towards_its_own_share():
    parent = smoothed([counts(1, age_0=1000)], [counts(1, age_0=100)]).hazard[0, 0]
    few, many = (
        smoothed([counts(1, age_0=1000), counts(1, age_0=n)], [counts(1, age_0=100), counts(1, age_0=n // 2)])
        for n in (8, 800)
    )
    assert few.hazard[0, 0] == pytest.approx((4 + SHRINKAGE * parent) / (8 + SHRINKAGE))
    assert parent < few.hazard[0, 0] < many.hazard[0, 0] < 0.5
    assert many.at_risk.tolist() == [[1000, 800]]


def test_without_any_history_few_parcels_end_on_a_day():
    hazard = smoothed([counts(1)], [counts(1)]).hazard
    assert np.unique(hazard).tolist() == [pytest.approx(0.07)]


def test_corrections_of_days_before_the_window_leave_nobody_at_risk_and_never_fewer():
    found = smoothed([counts(1, age_0=-5, age_1=2)], [counts(1, age_0=0, age_1=3)])
    assert found.hazard[0, :2].tolist() == [pytest.approx(0.07), pytest.approx(3.07 / 4)]
    assert found.at_risk.tolist() == [[0]]


@settings(max_examples=40)
@given(
    arrays.arrays(np.float64, (2, 3, AGES), elements=st.integers(-20, 20)),
    arrays.arrays(np.float64, (2, 3, AGES), elements=st.integers(0, 20)),
)
def test_a_hazard_is_a_probability_whatever_the_counts(at_risk: np.ndarray, ended: np.ndarray):
    found = smoothed(list(at_risk), list(ended))
    assert found.hazard.min() >= 0.0
    assert found.hazard.max() <= 1.0
    assert found.at_risk.min() >= 0.0


hazard_rows = arrays.arrays(np.float64, (2, AGES), elements=st.sampled_from([0.0, 0.01, 0.07, 0.3, 0.5, 1.0]))


def cdf_of(row: np.ndarray) -> list[float]:
    left, out = 1.0, []
    for one in row:
        left *= 1.0 - one
        out.append(1.0 - left)
    return out


@given(hazard_rows, st.sampled_from([0.1, 0.5, 0.9]))
def test_a_quantile_is_the_point_where_the_interpolated_cdf_reaches_the_level(hazard: np.ndarray, level: float):
    for row, found in zip(hazard, survival_quantiles(hazard, [level])[:, 0], strict=True):
        steps = list(enumerate(pairwise([0.0, *cdf_of(row)])))
        expected = next((age - 1 + (level - low) / (high - low) for age, (low, high) in steps if high >= level), AGES)
        assert found == pytest.approx(expected)


def test_a_cdf_that_ends_below_the_level_has_no_quantile_within_the_ages():
    assert survival_quantiles(np.zeros((1, AGES)), (0.1, 0.9)).tolist() == [[AGES, AGES]]
    assert survival_quantiles(counts(1, age_0=1), (0.5,)).tolist() == [[-0.5]]


@given(hazard_rows)
def test_the_mean_age_counts_what_never_ends_at_the_last_age(hazard: np.ndarray):
    for row, found in zip(hazard, restricted_mean(hazard), strict=True):
        cdf = [0.0, *cdf_of(row)]
        mean = sum(age * (cdf[age + 1] - cdf[age]) for age in range(AGES)) + AGES * (1 - cdf[-1])
        assert found == pytest.approx(mean)
