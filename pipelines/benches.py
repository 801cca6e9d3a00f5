"""The benchmarks as commands, each told as text."""

from pathlib import Path

from models.storage import load_living
from parcelcast.errors import InputError
from parcelcast.tables import SHIPMENTS
from pipelines.ablation import ablation, ablation_text
from pipelines.alerting import bench as alerts
from pipelines.demo import SIMULATED
from pipelines.featurebench import bench as features
from pipelines.ingest.storage import load_table
from pipelines.living.feed import feed_of, read_scans
from pipelines.living.perfection import compare_living, living_text
from pipelines.parameters import read_section
from pipelines.perfection import DAYS, REPLICAS, compare, comparison_text, window_days
from pipelines.progress import steps
from pipelines.simulate import SimulateParameters
from pipelines.stages import EVALUATION, LIVING_MODEL, RAW, VALIDATED, read_workspace
from pipelines.workspace import ROOT, inside

DEMO = ROOT / "data" / "demo" / SIMULATED


def bench_forks() -> str:
    """Compare the simulated demo's forecasts with the perfect forecaster's on days of its test window."""
    config = read_section(SimulateParameters, "simulate", DEMO / "params.yaml").config()
    predictions = DEMO / EVALUATION / "predictions.parquet"
    _check_made(predictions)
    with steps("bench forks") as tell:
        days = window_days(predictions, DAYS)
        return comparison_text(compare(predictions, DEMO / RAW / "truth.parquet", config, days, REPLICAS, tell))


def bench_living() -> str:
    """Compare the simulated demo's ETAs with the perfect forecaster's on days of its test window, by stage."""
    _check_made(DEMO / LIVING_MODEL)
    with steps("bench living") as tell, inside(DEMO):
        config = read_section(SimulateParameters, "simulate").config()
        prepared, _ = read_workspace(tell)
        feed = feed_of(prepared.history, load_table(VALIDATED, SHIPMENTS), read_scans(VALIDATED))
        days = window_days(EVALUATION / "predictions.parquet", DAYS)
        living = load_living(LIVING_MODEL)
        told = compare_living(living, prepared, feed, config, days, tell)
    return living_text(told)


def bench_ablation(work: Path) -> str:
    """Train without families of features on a simulated world, and compare."""
    with steps("bench ablation") as tell:
        return ablation_text(ablation(work / "ablation", tell=tell))


def bench_alerts(work: Path) -> str:
    """Fit and judge alerts on a simulated world."""
    with steps("bench alerts") as tell:
        return alerts.alerts_text(alerts.bench_alerts(work / "alerts", tell=tell))


def bench_features(shipments: int, work: Path) -> str:
    """Measure how the daily feature tables scale."""
    with steps("bench features") as tell:
        return features.bench(shipments, work.resolve(), tell)


def _check_made(path: Path) -> None:
    if not path.exists():
        raise InputError(f"there is no {path}; run ./run demo --prepare-only first")
