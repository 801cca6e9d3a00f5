import os
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from models.tracking import CHALLENGER, CHAMPION, MlflowRegistry, Run, Version
from parcelcast.errors import ArtefactError


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> MlflowRegistry:
    return MlflowRegistry.in_directory(tmp_path_factory.mktemp("tracking"))


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    home = tmp_path_factory.mktemp("run")
    (home / "bundle").mkdir()
    table = np.array([[0.0, 1.0], [1.0, 0.0]] * 30)
    data = lightgbm.Dataset(table, label=table[:, 0], feature_name=["day", "weight_g"])
    booster = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, num_boost_round=2)
    booster.save_model(home / "bundle" / "hazard.txt")
    (home / "reliability.csv").write_text("stated,seen\n0.5,0.5\n")
    return Run(
        name="first",
        parameters={"train.rounds": 2},
        metrics={"crps": 1.25},
        bundle=home / "bundle",
        boosters={"hazard": home / "bundle" / "hazard.txt"},
        files={"plots": home / "reliability.csv"},
        tags={"source": "canonical"},
    )


@pytest.fixture(scope="module")
def version(registry, run) -> Version:
    return registry.record(run)


def test_there_is_no_champion_before_one_is_named(registry, version):
    assert registry.named("nobody") is None


def test_a_name_means_the_version_it_was_given_to_last(registry, run, version):
    registry.give_name(CHAMPION, version)
    later = registry.record(run)
    registry.give_name(CHALLENGER, later)

    assert registry.named(CHAMPION) == version
    assert registry.named(CHALLENGER) == later
    assert int(later.number) == int(version.number) + 1


def test_the_bundle_comes_back_as_it_was_recorded(registry, run, version, tmp_path):
    fetched = registry.fetch_bundle(version, tmp_path)

    assert (fetched / "hazard.txt").read_bytes() == (run.bundle / "hazard.txt").read_bytes()


def test_a_run_keeps_parameters_metrics_plots_and_tags(registry, version):
    kept = registry._client.get_run(version.run_id)

    assert kept.data.params == {"train.rounds": "2"}
    assert kept.data.metrics == {"crps": 1.25}
    assert kept.data.tags["source"] == "canonical"
    assert [file.path for file in registry._client.list_artifacts(version.run_id, "plots")] == ["plots/reliability.csv"]


def test_the_registered_model_states_its_signature_and_can_be_served_by_mlflow(registry, version):
    model = registry._mlflow.pyfunc.load_model(f"models:/parcelcast-eta/{version.number}")

    assert model.metadata.signature.inputs.input_names() == ["day", "weight_g"]
    assert 0 < model.predict([{"day": 1.0, "weight_g": 0.0}])[0] < 1


def test_notes_stay_with_the_version(registry, version):
    registry.annotate(version, {"check.calibrated": "pass"})

    assert registry._client.get_model_version("parcelcast-eta", version.number).tags == {"check.calibrated": "pass"}


def test_a_missing_bundle_is_reported_as_such(registry, tmp_path):
    with pytest.raises(ArtefactError, match="fetching the bundle of version 9"):
        registry.fetch_bundle(Version("9", "0" * 32), tmp_path)


def test_the_registry_survives_a_new_process(registry, version, tmp_path):
    home = Path(registry._mlflow.get_tracking_uri().removeprefix("sqlite:///")).parent

    assert MlflowRegistry.in_directory(home).named(CHAMPION) is not None


def test_opening_a_registry_tells_no_later_process_to_use_it(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    MlflowRegistry.in_directory(tmp_path)
    assert "MLFLOW_TRACKING_URI" not in os.environ
