"""The whole pipeline on a small simulated history, as `dvc repro` runs it; then its last stages with a worse model."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
import yaml

from models.bundle import Bundle
from models.tracking import CHALLENGER, CHAMPION
from pipelines.benches import bench_living
from pipelines.notebooks import run_notebooks
from pipelines.progress import SILENT
from pipelines.register import open_registry
from pipelines.stages import TRACKING, run
from pipelines.workspace import ROOT, prepare, reproduce

SMALL = {
    "simulate": {"shipments": 4000, "days": 150},
    "window": {"test_days": 21},
    "train": {"rounds": 20, "smallest_leaf": 50},
    "living": {"rounds": 20, "smallest_leaf": 50, "landmarks": 4000},
    "alerts": {"parcels": 100},
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    directory = tmp_path_factory.mktemp("workspace")
    prepare(directory, SMALL)
    reproduce(directory, "publish")
    return directory


def _report(workspace, name):
    return json.loads((workspace / "reports" / name).read_text())


def test_the_published_bundle_is_the_champions_and_loads(workspace):
    registry = open_registry(workspace / TRACKING)
    champion = registry.named(CHAMPION)

    assert champion is not None
    assert _report(workspace, "published.json")["version"] == champion.number
    bundle = Bundle.load(workspace / "data" / "bundle" / "current")
    assert bundle.origins
    assert bundle.fitted_alerts.points


def test_parcels_on_their_way_are_compared_with_the_perfect_forecaster(workspace, monkeypatch):
    monkeypatch.setattr("pipelines.benches.DEMO", workspace)
    monkeypatch.setattr("pipelines.benches.DAYS", 2)

    told = [line.split() for line in bench_living().splitlines()]

    assert told[0][:3] == ["simulated", "parcels", "lost"]
    assert "line_haul" in [line[0] for line in told]
    assert told[-1][0] == "all"
    assert Path.cwd() != workspace


def test_the_notebooks_run_on_it(workspace, tmp_path):
    told = run_notebooks([], workspace, tmp_path, SILENT)
    assert [path.name for path in told] == ["forecasts.ipynb", "history.ipynb", "parcel.ipynb"]


def test_every_check_said_something_and_none_found_an_issue(workspace):
    checks = _report(workspace, "checks.json")["checks"]

    assert {code: check["outcome"] for code, check in checks.items()} == {
        "windows-apart": "pass",
        "better-than-lane-history": "pass",
        "calibrated": "pass",
        "not-worse-than-champion": "not applicable",
        "bundle-sound": "pass",
    }


def test_evaluation_and_run_tell_what_weather_they_were_given(workspace):
    told = _report(workspace, "evaluation/metrics.json")["weather"]
    run = open_registry(workspace / TRACKING).named(CHAMPION).run_id

    assert told == {"source": "table", "forecast": None, "optimistic": False}
    with closing(sqlite3.connect(workspace / TRACKING / "mlflow.db")) as database:
        tags = dict(database.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (run,)).fetchall())
    assert tags["weather"] == "table"


def test_metrics_and_plots_are_known_to_dvc(workspace):
    shown = subprocess.run(
        [sys.executable, "-m", "dvc", "metrics", "show", "--json"],
        cwd=workspace,
        capture_output=True,
        text=True,
        check=True,
        env={"DVC_NO_ANALYTICS": "1", "HOME": str(workspace)},
    )
    (told,) = json.loads(shown.stdout).values()
    plots = [name for stage in _stages(workspace).values() for name in stage.get("plots", ())]

    assert 0 < told["data"]["reports/scores.json"]["data"]["model"]["crps_days"] < 10
    assert plots
    assert all((workspace / name).is_file() for name in plots)


def _stages(workspace):
    return yaml.safe_load((workspace / "dvc.yaml").read_text())["stages"]


def test_stages_that_are_killed_and_run_again_give_what_undisturbed_ones_give(workspace, tmp_path):
    """DVC and its stage die together, soon after each stage began to write; then the rest runs to the end."""
    prepare(tmp_path, SMALL)
    delays = random.Random(3)
    stages = list(_stages(tmp_path))
    killed = [stage for stage in stages if _killed(tmp_path, stage, delays.uniform(0.0, 0.2))]
    reproduce(tmp_path, "publish")

    assert len(killed) >= len(stages) - 2  # one that writes a single small file may have ended by then
    assert _outcome(tmp_path) == _outcome(workspace)


def _killed(directory, stage, delay_s):
    """Run the pipeline up to a stage and kill everything so soon after it wrote first; False if it ended before."""
    command = [sys.executable, "-m", "dvc", "repro", stage]
    environment = os.environ | {"DVC_NO_ANALYTICS": "1", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    told = directory / "told.txt"
    with told.open("w") as output, subprocess.Popen(
        command, cwd=directory, env=environment, stdout=output, stderr=subprocess.DEVNULL, start_new_session=True
    ) as running:  # fmt: skip
        _await(running, lambda: f"Running stage '{stage}'" in told.read_text())
        before = _written(directory)
        _await(running, lambda: any(before.get(path) != at for path, at in _written(directory).items()))
        time.sleep(delay_s)
        is_running = running.poll() is None
        if is_running:
            os.killpg(running.pid, signal.SIGKILL)
    return is_running


def _await(running, has_happened):
    while running.poll() is None and not has_happened():
        time.sleep(0.01)


def _written(directory):
    """When each file was written last that stages leave behind; what they keep for themselves does not count."""
    files = {}
    for parent in ("data", "reports"):
        for folder, _, names in os.walk(directory / parent):
            for path in (Path(folder, name) for name in names):
                with suppress(FileNotFoundError):
                    files[path] = path.stat().st_mtime_ns
    return {path: at for path, at in files.items() if "cache" not in path.relative_to(directory).parts}


def _outcome(directory):
    """What the stages left, by hash; numbers of runs and versions differ, and figures hold no chance."""
    lock = yaml.safe_load((directory / "dvc.lock").read_text())["stages"]
    hashes = {out["path"]: out["md5"] for stage in lock.values() for out in stage.get("outs", ())}
    numbered = {"reports/registered.json", "reports/published.json", "reports/checks.json", "data/quarantine"}
    return {path: found for path, found in hashes.items() if path not in numbered}


def test_a_worse_model_stays_a_challenger_and_the_champion_is_served_on(workspace, monkeypatch):
    before = open_registry(workspace / TRACKING).named(CHAMPION)
    prepare(workspace, SMALL | {"train": SMALL["train"] | {"rounds": 1}})
    monkeypatch.chdir(workspace)

    for stage in ("train", "calibrate", "evaluate", "register", "check", "publish"):
        run(stage)

    registry = open_registry(TRACKING)
    assert registry.named(CHAMPION) == before
    assert registry.named(CHALLENGER) != before
    assert _report(workspace, "checks.json")["checks"]["not-worse-than-champion"]["outcome"] == "issue"
    assert _report(workspace, "published.json")["version"] == before.number
