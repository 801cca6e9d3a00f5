import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from features.orders import day_of, epoch_day
from models.evaluation import orders_placed
from models.living.training import LivingParameters
from models.training import TrainParameters
from parcelcast.alerts import AlertPolicy, FittedAlerts
from parcelcast.alerts.delay import last_chance
from parcelcast.place import PlaceIndex
from pipelines.alerting import bench, fitting
from pipelines.alerting.parcels import recorded_outcomes, true_outcomes, watched_parcels
from pipelines.alerting.tracks import tracks_of
from pipelines.living.feed import feed_of, read_scans
from pipelines.preparation import prepare, read_tables
from pipelines.simulate import SimulateParameters

WORLD = SimulateParameters(seed=3, shipments=1850, days=160, until=date(2026, 11, 1))
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
    tables = read_tables(folder)
    prepared = prepare(tables, PlaceIndex.default())
    return prepared, tables["shipments"], feed_of(prepared.history, tables["shipments"], read_scans(folder))


@pytest.fixture(scope="module")
def outcomes(folder, judged):
    return true_outcomes(folder / "truth.parquet")


def test_no_look_at_a_parcel_sees_what_was_recorded_later(known, outcomes):
    prepared, shipments, feed = known
    rows = [row for row in _placed(prepared, 9, 20, 30) if str(prepared.history.shipment_id[row]) in outcomes]
    ordered = prepared.history.orders.ordered_on[rows].tolist()
    promised = {row: day_of(day + 4) for row, day in zip(rows, ordered, strict=True)}
    parcels = watched_parcels(prepared, shipments, promised, outcomes)
    policy, asked = AlertPolicy(), []

    def etas(chosen, progresses):
        asked.extend(progresses)
        return [None] * len(progresses)

    tracks = tracks_of(parcels, feed, etas, [policy, replace(policy, lead_hours=48.0)])
    assert len(tracks) == len(parcels) > 20
    for track in tracks:
        instants = [one.progress.as_of for one in track.situations]
        assert instants == sorted(set(instants))
        for one in track.situations:
            assert all(entry.scan.recorded_at < one.progress.as_of for entry in one.progress.timeline)
        for lead_hours in (24.0, 48.0):
            wanted = replace(policy, lead_hours=lead_hours)
            chance = last_chance(track.parcel.promised_on, track.parcel.calendar.time_zone, wanted)
            assert chance in instants or instants[-1] < chance or instants[0] > chance
    assert asked


def test_a_parcel_at_a_pickup_point_has_arrived(outcomes):
    both = [(arrived, delivered) for arrived, delivered in outcomes.values() if delivered is not None]
    assert all(arrived <= delivered for arrived, delivered in both)
    assert any(arrived < delivered for arrived, delivered in both)


def test_what_is_recorded_by_the_end_is_nearly_what_happened(known, outcomes):
    prepared, _, feed = known
    rows = np.array(_placed(prepared, 8, 1, 20))
    recorded = recorded_outcomes(prepared.history, feed, rows, epoch_day(WORLD.until))
    both = [(recorded[one], outcomes[one]) for one in recorded if one in outcomes]
    assert len(both) > 50
    assert sum(told == true for told, true in both) > 0.9 * len(both)
    at_first = recorded_outcomes(prepared.history, feed, rows, epoch_day(date(2026, 8, 1)))
    assert set(at_first.values()) == {(None, None)}


def _placed(prepared, month, first, until):
    start, end = (epoch_day(date(2026, month, day)) for day in (first, until))
    return orders_placed(prepared.history, start, end).tolist()
