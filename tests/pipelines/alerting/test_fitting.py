from dataclasses import replace

import numpy as np
import pytest

from parcelcast.alerts import AlertPolicy, FittedAlerts
from pipelines.alerting.fitting import OPEN_AT, fit_alerts
from pipelines.alerting.judging import figures, warned_by_machine
from pipelines.alerting.replay import replay
from tests.parcelcast.alerts.situations import AWAKE
from tests.pipelines.alerting.tracks import END, LATE, ON_TIME, track


def honest(count: int, seed: int):
    """Parcels with one risk each, early and at the last chance, which is the probability that they come late."""
    rng = np.random.default_rng(seed)
    risks = rng.beta(0.4, 1.2, count)
    return [
        track([(30, float(risk)), (END - 24.51, float(risk))], LATE if late else ON_TIME)
        for risk, late in zip(risks, rng.random(count) < risks, strict=True)
    ]


def precision(tracks, policy):
    return figures(warned_by_machine(replay(one, policy) for one in tracks)).precision


@pytest.fixture(scope="module")
def fitted():
    return fit_alerts(honest(600, 1), AWAKE)


def test_the_fitted_threshold_has_the_wanted_precision_on_other_parcels(fitted):
    later = honest(1500, 2)
    for wanted in (0.6, 0.8):
        policy = fitted.policy(replace(AWAKE, precision=wanted))
        assert wanted - 0.04 < precision(later, policy) < wanted + 0.1
    # Every parcel above the threshold counts, so it is lower than the precision.
    assert fitted.policy(AWAKE).threshold("").open_at <= 0.8


def test_it_waits_where_waiting_tells_more():
    """Half of the parcels that look bad early turn out well by the last chance; all that look bad then are late."""
    turns_well = [track([(30, 0.75), (END - 24.51, 0.1)], ON_TIME)] * 40
    stays_bad = [track([(30, 0.75), (END - 24.51, 0.7)], LATE)] * 40
    found = fit_alerts([*turns_well, *stays_bad], AWAKE).policy(AWAKE)
    assert found.threshold("").needed(is_last_chance=False) > 0.75
    assert found.threshold("").open_at <= 0.7
    seen = figures(warned_by_machine(replay(one, found) for one in [*turns_well, *stays_bad]))
    assert (seen.precision, seen.recall) == (1.0, 1.0)


def test_more_precision_wants_a_higher_threshold(fitted):
    at = [fitted.policy(replace(AWAKE, precision=wanted)).threshold("").open_at for wanted in (0.6, 0.7, 0.8, 0.9)]
    assert at == sorted(at)
    assert len(set(at)) > 2


def test_a_precision_that_nothing_reaches_gets_the_highest_threshold():
    never_right = fit_alerts([track([(30, 0.99)], ON_TIME)], AWAKE)
    assert never_right.policy(AWAKE).threshold("").open_at == max(OPEN_AT)


def test_costs_in_place_of_a_precision_choose_the_cheapest_threshold(fitted):
    cheap_apology = replace(AWAKE, cost_of_false_apology=1.0, cost_of_missed_delay=2.0)
    dear_apology = replace(AWAKE, cost_of_false_apology=4.0, cost_of_missed_delay=1.0)
    low, high = (fitted.policy(one).threshold("").open_at for one in (cheap_apology, dear_apology))
    # With honest risks the cheapest threshold is the share of the apology in both costs.
    assert low == pytest.approx(1 / 3, abs=0.1)
    assert high == pytest.approx(4 / 5, abs=0.1)


def test_a_longer_lead_is_judged_by_its_own_alerts(fitted):
    leads = {hours: [one.alerts for one in fitted.points if one.lead_hours == hours] for hours in (24.0, 48.0)}
    assert all(longer <= shorter for longer, shorter in zip(leads[48.0], leads[24.0], strict=True))
    late_looks = fit_alerts([track([(60, 0.99)], LATE)], AWAKE)
    assert {one.lead_hours for one in late_looks.points if one.alerts} == {0.0, 12.0, 24.0}


def test_each_lead_is_replayed_with_its_own_last_chance():
    """Of what looks half bad two days ahead half turns out well; what still does a day ahead is late."""
    turns_well = [track([(END - 48.51, 0.55), (END - 24.51, 0.1)], ON_TIME)] * 40
    stays_bad = [track([(END - 48.51, 0.55), (END - 24.51, 0.55)], LATE)] * 40
    fitted = fit_alerts([*turns_well, *stays_bad], AWAKE)
    costs = {"cost_of_false_apology": 4.0, "cost_of_missed_delay": 1.0}
    day, two_days = (fitted.policy(replace(AWAKE, lead_hours=lead, **costs)) for lead in (24.0, 48.0))
    assert day.threshold("").open_at <= 0.55 < day.threshold("").needed(is_last_chance=False)
    assert two_days.threshold("").open_at == max(OPEN_AT)  # the one that tells least of equals


def test_recovery_is_where_taking_back_was_right_often_enough():
    def fell_to(risk, late):
        return track([(30, 0.9), (40, risk), (60, risk)], LATE if late else ON_TIME)

    # Of parcels whose risk fell to 0.05 none was late, of those at 0.3 half.
    tracks = [fell_to(0.04, late=False)] * 20 + [fell_to(0.28, late=one % 2 == 0) for one in range(60)]
    policy = replace(AWAKE, precision=0.8)
    assert {one.recover_at for one in fit_alerts(tracks, policy).points if one.open_at > 0.6} == {0.25}


def test_thresholds_that_a_merchant_states_are_kept(fitted):
    stated = AlertPolicy.from_dict({"thresholds": {"any": {"open_at": 0.5, "recover_at": 0.2}}})
    assert fitted.policy(stated) == stated


def test_it_survives_being_stored(fitted):
    assert FittedAlerts.from_dict(fitted.to_dict()) == fitted
