from datetime import date, datetime, timedelta
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from parcelcast.distribution import DeliveryDistribution, all_by, first_by, mixture
from parcelcast.errors import InputError

MONDAY = date(2027, 3, 1)


def day(k):
    return MONDAY + timedelta(days=k)


@st.composite
def distributions(draw, max_steps=12, max_shift=0):
    """Some mass on some days, some of it beyond, days without any in between."""
    weights = draw(st.lists(st.integers(0, 9), min_size=1, max_size=max_steps))
    beyond = draw(st.integers(0, 9))
    total = sum(weights) + beyond
    assume(total > 0)
    return DeliveryDistribution(day(draw(st.integers(0, max_shift))), np.array(weights) / total)


def outcomes(distribution):
    """(k days after MONDAY, probability) of each outcome, slow and obvious; k is infinite beyond the horizon."""
    start = (distribution.anchor - MONDAY).days
    return [(start + k, float(p)) for k, p in enumerate(distribution.pmf)] + [(float("inf"), distribution.beyond)]


def joint_outcomes(parts, independent=True):
    """(days of the parts, probability) for independent parts, or for parts that share one uniform draw."""
    if independent:
        for combination in product(*(outcomes(part) for part in parts)):
            yield [k for k, _ in combination], float(np.prod([p for _, p in combination]))
        return
    cuts = sorted({0.0, 1.0, *(float(c) for part in parts for c in part.cdf)})
    for low, high in pairwise(cuts):
        middle = (low + high) / 2
        quantiles = [part.quantile(middle) for part in parts]
        yield [float("inf") if q is None else (q - MONDAY).days for q in quantiles], high - low


def same(a, b):
    return a == pytest.approx(b, abs=1e-9)


# the type


def test_tells_dates_of_a_known_distribution():
    parcel = DeliveryDistribution(MONDAY, np.array([0.0, 0.5, 0.25, 0.15]))

    assert parcel.horizon == 3
    assert parcel.last_day == day(3)
    assert parcel.beyond == pytest.approx(0.1)
    assert parcel.quantile(0.5) == day(1)
    assert parcel.quantile(0.51) == day(2)
    assert parcel.quantile(0.9) == day(3)
    assert parcel.quantile(0.91) is None
    assert parcel.probability_by(day(-1)) == 0.0
    assert parcel.probability_by(day(2)) == pytest.approx(0.75)
    assert parcel.probability_by(day(99)) == pytest.approx(0.9)
    assert parcel.probability_after(day(2)) == pytest.approx(0.25)
    assert parcel.mean_days() == pytest.approx(0.5 * 1 + 0.25 * 2 + 0.15 * 3 + 0.1 * 4)


@given(distributions())
def test_cdf_never_falls_and_ends_at_one_with_the_mass_beyond(parcel):
    assert (np.diff(parcel.cdf) >= 0).all()
    assert parcel.cdf[0] >= 0
    assert parcel.cdf[-1] + parcel.beyond == 1.0
    assert parcel.beyond >= 0


@given(distributions(), st.floats(0, 1))
def test_quantile_is_the_first_date_whose_probability_reaches_the_level(parcel, p):
    reached = [k for k, c in enumerate(parcel.cdf) if c >= p - 1e-12]

    assert parcel.quantile(p) == (day(reached[0]) if reached else None)


@given(distributions(), st.integers(0, 11))
def test_quantile_and_probability_are_inverse(parcel, k):
    assume(k <= parcel.horizon and parcel.pmf[k] > 0)

    assert parcel.quantile(parcel.probability_by(day(k))) == day(k)


@given(distributions(), st.lists(st.floats(0, 1), max_size=6))
def test_quantiles_never_cross_and_agree_with_one_at_a_time(parcel, levels):
    dates = parcel.quantiles(sorted(levels))

    assert dates == [parcel.quantile(p) for p in sorted(levels)]
    named = [d for d in dates if d is not None]
    assert named == sorted(named)
    assert dates[: len(named)] == named


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_refuses_a_level_that_is_no_probability(p):
    with pytest.raises(InputError, match="expected a probability between 0 and 1"):
        DeliveryDistribution.on(MONDAY).quantile(p)


@pytest.mark.parametrize(
    ("pmf", "message"),
    [
        ([], "at least one value"),
        ([[0.5], [0.5]], "one dimension"),
        ([0.5, -0.1], "negative"),
        ([0.5, float("nan")], "undefined"),
        ([0.6, 0.5], "sums to 1.1"),
        ([float("inf")], "sums to inf"),
        (["soon"], "not a list of numbers"),
    ],
)
def test_refuses_what_is_no_distribution(pmf, message):
    with pytest.raises(InputError, match=message):
        DeliveryDistribution(MONDAY, pmf)


def test_refuses_a_datetime_as_anchor_and_the_end_of_time():
    with pytest.raises(InputError, match="expected a date, local at the destination"):
        DeliveryDistribution(datetime(2027, 3, 1), np.ones(1))  # noqa: DTZ001
    with pytest.raises(InputError, match="past the year 9999"):
        DeliveryDistribution(date(9999, 12, 1), np.ones(91) / 91)


def test_keeps_its_own_read_only_copy():
    mine = np.array([0.5, 0.5])
    parcel = DeliveryDistribution(MONDAY, mine)
    mine[0] = 0.0

    assert parcel.pmf[0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        parcel.pmf[0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        parcel.cdf[0] = 0.0


def test_a_pmf_over_one_by_rounding_leaves_nothing_beyond():
    parcel = DeliveryDistribution(MONDAY, np.array([0.7, 0.3 + 5e-10]))

    assert parcel.beyond == 0.0
    assert parcel.quantile(1.0) == day(1)


# making one


@given(distributions())
def test_from_cdf_gives_the_distribution_back(parcel):
    again = DeliveryDistribution.from_cdf(parcel.anchor, parcel.cdf)

    assert same(again.pmf, parcel.pmf)


def test_from_cdf_levels_rounding_and_refuses_a_fall():
    levelled = DeliveryDistribution.from_cdf(MONDAY, [0.0, 0.5, 0.5 - 1e-10, 1.0 + 1e-10])

    assert (levelled.pmf >= 0).all()
    assert levelled.cdf[-1] == 1.0
    for cdf in ([0.5, 0.4], [-0.1, 0.5], [0.5, 1.1], [float("nan"), 1.0], [0.5, float("nan")]):
        with pytest.raises(InputError, match="never to fall"):
            DeliveryDistribution.from_cdf(MONDAY, cdf)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_from_hazard_gives_the_hazard_back(hazard):
    parcel = DeliveryDistribution.from_hazard(MONDAY, hazard)
    left = 1.0
    for k, h in enumerate(hazard):
        assert parcel.pmf[k] == pytest.approx(left * h)
        left *= 1 - h
    assert parcel.beyond == pytest.approx(left)


def test_from_hazard_refuses_what_is_no_probability():
    for hazard in ([1.5], [-0.1], [float("nan")]):
        with pytest.raises(InputError, match="between 0 and 1"):
            DeliveryDistribution.from_hazard(MONDAY, hazard)


# operations on one


@given(distributions(), st.integers(-2, 14))
def test_conditioning_agrees_with_dropping_the_outcomes_that_did_not_happen(parcel, k):
    left = [(days, p) for days, p in outcomes(parcel) if days > k]
    total = sum(p for _, p in left)
    assume(total > 1e-9)

    waited = parcel.given_not_delivered_by(day(k))

    for d in range(-1, 15):
        expected = sum(p for days, p in left if days <= d) / total
        assert waited.probability_by(day(d)) == pytest.approx(expected, abs=1e-9)


@given(distributions(), st.integers(0, 5), st.integers(0, 5))
def test_waiting_twice_is_waiting_until_the_later_day(parcel, first, more):
    assume(parcel.probability_after(day(first + more)) > 1e-6)

    in_two_steps = parcel.given_not_delivered_by(day(first)).given_not_delivered_by(day(first + more))

    assert same(in_two_steps.pmf, parcel.given_not_delivered_by(day(first + more)).pmf)


def test_conditioning_on_the_impossible_is_refused():
    with pytest.raises(InputError, match="was certain"):
        DeliveryDistribution(MONDAY, np.array([0.3, 0.7])).given_not_delivered_by(day(1))


@given(distributions(), st.integers(-400, 400))
def test_shift_moves_every_quantile(parcel, days):
    moved = parcel.shift(days)

    for p in (0.05, 0.5, 0.95):
        before = parcel.quantile(p)
        assert moved.quantile(p) == (None if before is None else before + timedelta(days=days))


@given(distributions(), st.integers(-5, 12))
def test_rebase_changes_no_probability_or_refuses(parcel, k):
    before = parcel.probability_by(day(k - 1))
    if before > 1e-9 or k > parcel.horizon:
        with pytest.raises(InputError, match="expected an earlier anchor"):
            parcel.rebase(day(k))
        return

    told = parcel.rebase(day(k))

    assert told.anchor == day(k)
    for d in range(-6, 14):
        assert told.probability_by(day(d)) == pytest.approx(parcel.probability_by(day(d)), abs=1e-12)


def test_rebase_to_a_later_day_drops_the_empty_days_before_it():
    parcel = DeliveryDistribution(MONDAY, np.array([0.0, 0.0, 0.7, 0.2]))

    told = parcel.rebase(day(2))

    assert told.pmf.tolist() == [0.7, 0.2]
    assert told.quantile(0.9) == day(3)
    with pytest.raises(InputError, match="expected an earlier anchor"):
        parcel.rebase(day(3))


@given(distributions(), st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(0, 3))
def test_convolution_agrees_with_adding_all_pairs_of_outcomes(handling, weights, beyond):
    assume(sum(weights) + beyond > 0)
    transit = np.array(weights) / (sum(weights) + beyond)

    delivered = handling.convolve(transit)

    for d in range(20):
        expected = sum(
            float(p) * float(q) for i, p in enumerate(handling.pmf) for j, q in enumerate(transit) if i + j <= d
        )
        assert delivered.probability_by(day(d)) == pytest.approx(expected, abs=1e-9)


@given(distributions())
def test_a_calibration_map_acts_on_each_cdf_value(parcel):
    calibrated = parcel.map_cdf(np.square)

    assert same(calibrated.cdf, parcel.cdf**2)


def test_a_map_that_is_no_calibration_is_refused():
    parcel = DeliveryDistribution(MONDAY, np.array([0.2, 0.8]))
    with pytest.raises(InputError, match="never to fall"):
        parcel.map_cdf(lambda cdf: 1 - cdf)
    with pytest.raises(InputError, match="one for each of the 2 steps"):
        parcel.map_cdf(lambda cdf: cdf[:1])


@given(distributions(), st.integers(-3, 20))
def test_crps_is_the_sum_of_squared_differences_to_the_step(parcel, k):
    expected = sum((float(c) - (j >= k)) ** 2 for j, c in enumerate(parcel.cdf))

    assert parcel.crps(day(k)) == pytest.approx(expected)


# several


@given(st.lists(distributions(max_steps=5, max_shift=4), min_size=1, max_size=4), st.data())
def test_mixture_weighs_every_probability(parts, data):
    weights = data.draw(st.lists(st.integers(0, 5), min_size=len(parts), max_size=len(parts)))
    assume(sum(weights) > 0)

    mixed = mixture(parts, weights)

    for d in range(-1, 12):
        expected = sum(w * part.probability_by(day(d)) for w, part in zip(weights, parts, strict=True)) / sum(weights)
        assert mixed.probability_by(day(d)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("weights", [[1.0], [0.0, 0.0], [1.0, -1.0], [1.0, float("nan")], [1.0, float("inf")]])
def test_mixture_refuses_weights_that_cannot_be_shares(weights):
    parts = [DeliveryDistribution.on(MONDAY), DeliveryDistribution.on(day(1))]
    with pytest.raises(InputError, match="one finite weight >= 0 each"):
        mixture(parts, weights)


@given(
    st.lists(st.tuples(distributions(max_steps=4, max_shift=3), st.sampled_from("ab")), min_size=1, max_size=4),
    st.floats(0, 1),
)
def test_joint_dates_agree_with_enumerating_every_outcome(parcels, shared_fate):
    parts = [part for part, _ in parcels]
    groups = [group for _, group in parcels]
    together = all_by(parts, shared_fate, groups)
    first = first_by(parts, shared_fate, groups)

    for d in range(-1, 9):
        expected_all, none_yet = 1.0, 1.0
        for name in set(groups):
            members = [part for part, group in parcels if group == name]
            share_all = {
                independent: sum(p for days, p in joint_outcomes(members, independent) if max(days) <= d)
                for independent in (True, False)
            }
            share_none = {
                independent: sum(p for days, p in joint_outcomes(members, independent) if min(days) > d)
                for independent in (True, False)
            }
            expected_all *= shared_fate * share_all[False] + (1 - shared_fate) * share_all[True]
            none_yet *= shared_fate * share_none[False] + (1 - shared_fate) * share_none[True]
        assert together.probability_by(day(d)) == pytest.approx(expected_all, abs=1e-9)
        assert first.probability_by(day(d)) == pytest.approx(1 - none_yet, abs=1e-9)


@given(st.lists(distributions(max_steps=6, max_shift=3), min_size=2, max_size=5), st.floats(0, 1))
def test_all_by_is_never_before_any_parcel_and_first_by_never_after(parts, shared_fate):
    together, first = all_by(parts, shared_fate), first_by(parts, shared_fate)

    for d in range(12):
        each = [part.probability_by(day(d)) for part in parts]
        assert together.probability_by(day(d)) <= min(each) + 1e-9
        assert first.probability_by(day(d)) >= max(each) - 1e-9


def test_without_groups_all_parcels_share_fate():
    half = DeliveryDistribution(MONDAY, np.array([0.5, 0.5]))

    assert all_by([half, half]).probability_by(MONDAY) == pytest.approx(0.25)
    assert all_by([half, half], shared_fate=1.0).probability_by(MONDAY) == pytest.approx(0.5)
    assert all_by([half, half], 1.0, groups=["a", "b"]).probability_by(MONDAY) == pytest.approx(0.25)
    assert first_by([half, half], shared_fate=1.0).probability_by(MONDAY) == pytest.approx(0.5)


def test_joint_dates_refuse_what_makes_no_sense():
    one = DeliveryDistribution.on(MONDAY)
    with pytest.raises(InputError, match="at least one"):
        all_by([])
    with pytest.raises(InputError, match="from 0"):
        all_by([one], shared_fate=1.5)
    with pytest.raises(InputError, match="one group for each part"):
        first_by([one], groups=["a", "b"])
