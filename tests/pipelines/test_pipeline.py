"""The whole pipeline on a small simulated history, as `dvc repro` runs it; then its last stages with a worse model."""

import json
import subprocess
import sys

import pytest
import yaml

from models.bundle import Bundle
from models.tracking import CHALLENGER, CHAMPION
from pipelines.register import open_registry
from pipelines.stages import TRACKING, run
from pipelines.workspace import prepare, reproduce

SMALL = {
    "simulate": {"shipments": 4000, "days": 150},
    "window": {"test_days": 21},
    "train": {"rounds": 20, "smallest_leaf": 50},
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
    assert Bundle.load(workspace / "data" / "bundle" / "current").origins


def test_every_check_said_something_and_none_found_an_issue(workspace):
    checks = _report(workspace, "checks.json")["checks"]

    assert {code: check["outcome"] for code, check in checks.items()} == {
        "windows-apart": "pass",
        "better-than-lane-history": "pass",
        "calibrated": "pass",
        "not-worse-than-champion": "not applicable",
        "bundle-sound": "pass",
    }


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
