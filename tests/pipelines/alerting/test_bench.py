import json
from datetime import date, timedelta

import pytest

from features.orders import day_of
from models.living.training import LivingParameters
from models.training import TrainParameters
from parcelcast.alerts import AlertPolicy, FittedAlerts
from parcelcast.alerts.delay import last_chance
from pipelines.alerting import bench, fitting
from pipelines.simulate import SimulateParameters

WORLD = SimulateParameters(seed=3, shipments=1500, days=130, until=date(2026, 11, 1))
PARAMETERS = (
    TrainParameters(rounds=5, calibration_days=20),
    LivingParameters(rounds=5, landmarks=1000, calibration_days=20),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("alerts")


@pytest.fixture(scope="module")
def judged(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "OPEN_AT", (0.4, 0.7))
        patch.setattr(fitting, "SURE_AT", (0.9,))
        patch.setattr(bench, "REPLICAS", 4)
        patch.setattr(bench, "BOUND_DAYS", 2)
        return bench.bench_alerts(folder, WORLD, parameters=PARAMETERS)


def test_the_machine_and_the_rules_are_judged_on_the_same_parcels(judged):
    assert list(judged.figures) == ["alerts", "if collected in time", "quoted date passed", "no scan for 48 h"]
    assert len({one.parcels for one in judged.figures.values()}) == 1
    machine, collected, *rules = judged.figures.values()
    assert {one.late for one in rules} == {machine.late}
    assert collected.late >= machine.late > 0
    assert machine.most_open == 1
    assert machine.told >= machine.caught


def test_the_table_names_all_of_them_and_the_thresholds(judged):
    text = bench.alerts_text(judged)
    for words in (*judged.figures, "perfect forecaster", f"risk of {judged.policy.threshold('').open_at:.3g}"):
        assert words in text


def test_what_was_fitted_is_kept_as_a_policy_that_can_be_read(folder, judged):
    fitted = FittedAlerts.from_dict(json.loads((folder / "alerts.json").read_text(encoding="utf-8")))
    assert fitted.policy(AlertPolicy()) == judged.policy
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert AlertPolicy.from_dict(metrics["policy"]) == judged.policy


@pytest.fixture(scope="module")
def known(folder, judged):
    return bench._world(folder, lambda *_: None)


def test_no_look_at_a_parcel_sees_what_was_recorded_later(known):
    asked = []

    def etas(chosen, progresses):
        asked.extend(progresses)
        return [None] * len(progresses)

    policy = AlertPolicy()
    parcels = _some_parcels(known)
    tracks = bench.tracks_of(parcels, known.feed, etas, policy)
    assert len(tracks) == len(parcels)
    for track in tracks:
        instants = [one.progress.as_of for one in track.situations]
        assert instants == sorted(set(instants))
        for one in track.situations:
            assert all(entry.scan.recorded_at < one.progress.as_of for entry in one.progress.timeline)
        chance = last_chance(track.parcel.promised_on, track.parcel.calendar.time_zone, policy)
        assert chance in instants or instants[-1] < chance or instants[0] > chance
    assert asked


def test_a_parcel_at_a_pickup_point_has_arrived(known):
    outcomes = known.outcomes.values()
    assert all(arrived <= delivered for arrived, delivered in outcomes if delivered is not None)
    assert any(arrived < delivered for arrived, delivered in outcomes if delivered is not None)


def test_what_is_recorded_by_the_end_is_nearly_what_happened(known):
    history = known.prepared.history
    rows = bench.orders_placed(history, bench.epoch_day(date(2026, 8, 1)), bench.epoch_day(date(2026, 8, 20)))
    recorded = bench.recorded_outcomes(history, known.feed, rows, bench.epoch_day(WORLD.until))
    both = [(recorded[one], known.outcomes[one]) for one in recorded if one in known.outcomes]
    assert len(both) > 50
    assert sum(told == true for told, true in both) > 0.9 * len(both)
    at_first = bench.recorded_outcomes(history, known.feed, rows, bench.epoch_day(date(2026, 8, 1)))
    assert set(at_first.values()) == {(None, None)}


def _some_parcels(known):
    history = known.prepared.history
    rows = bench.orders_placed(history, bench.epoch_day(date(2026, 9, 20)), bench.epoch_day(date(2026, 9, 24)))
    rows = [row for row in rows.tolist() if str(history.shipment_id[row]) in known.outcomes]
    ordered = history.orders.ordered_on[rows].tolist()
    promised = {row: day_of(day) + timedelta(days=4) for row, day in zip(rows, ordered, strict=True)}
    return bench.watched_parcels(known.prepared, known.shipments, promised, known.outcomes)
