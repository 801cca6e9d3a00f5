import json
from pathlib import Path

import pytest

from models.tracking import CHALLENGER, Version
from parcelcast.errors import DataError
from pipelines.register import numbers, read_version, register, write_version


class FakeRegistry:
    def __init__(self) -> None:
        self.runs = []
        self.names = {}

    def record(self, run) -> Version:
        self.runs.append(run)
        return Version(str(len(self.runs)), "run")

    def give_name(self, alias, version) -> None:
        self.names[alias] = version


@pytest.fixture
def made(tmp_path) -> Path:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "manifest.json").write_text('{"version": "b1", "as_of": "2026-05-01"}')
    (tmp_path / "scores.json").write_text(json.dumps({"model": {"crps": 1.5}, "pit": [0.5, 0.5]}))
    return tmp_path


PARAMETERS = {"ingest": {"source": "olist", "mapping": None}}


def test_the_new_version_is_the_challenger(made):
    registry = FakeRegistry()

    version = register(registry, made / "bundle", made / "scores.json", {}, PARAMETERS, {}, {})

    assert registry.names == {CHALLENGER: version}


def test_a_version_is_written_down_for_the_next_stage(tmp_path):
    write_version(Version("3", "run"), tmp_path / "registered.json")

    assert read_version(tmp_path / "registered.json") == Version("3", "run")


def test_a_run_tells_parameters_numbers_and_where_the_orders_came_from(made):
    registry = FakeRegistry()

    tags = {"weather": "table"}
    register(registry, made / "bundle", made / "scores.json", {}, PARAMETERS, {}, tags)

    run = registry.runs[0]
    assert run.name == "olist as of 2026-05-01"
    assert run.parameters == {"ingest.source": "olist", "ingest.mapping": "None"}
    assert run.metrics == {"model.crps": 1.5}
    assert run.tags == {"bundle": "b1", "weather": "table"}


def test_names_of_metrics_fit_the_tracking_store():
    assert numbers({"coverage": {"90 %": 0.9}}) == {"coverage.90 _": 0.9}


def test_missing_metrics_name_the_file_and_the_remedy(made):
    (made / "scores.json").unlink()

    with pytest.raises(DataError, match=r"scores\.json: no such file.*dvc repro"):
        register(FakeRegistry(), made / "bundle", made / "scores.json", {}, PARAMETERS, {}, {})
