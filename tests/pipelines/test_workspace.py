import pytest
import yaml

from pipelines.workspace import ROOT, StageFailed, prepare, reproduce


@pytest.fixture
def workspace(tmp_path):
    prepare(tmp_path / "demo", {"ingest": {"source": "olist"}})
    return tmp_path / "demo"


def _read(path):
    return yaml.safe_load(path.read_text())


def test_a_workspace_has_our_parameters_but_for_the_changes(workspace):
    ours, its = _read(ROOT / "params.yaml"), _read(workspace / "params.yaml")

    assert its["ingest"] == {**ours["ingest"], "source": "olist"}
    assert its["simulate"] == ours["simulate"]


def test_its_stages_depend_on_data_in_it_and_on_the_hash_of_our_code(workspace):
    for name, stage in _read(workspace / "dvc.yaml")["stages"].items():
        assert "code.txt" in stage["deps"], name
        assert not [path for path in stage["deps"] if (ROOT / path).is_file()], name


def test_preparing_it_again_keeps_what_the_stages_made(workspace):
    (workspace / "dvc.lock").write_text("made")

    prepare(workspace, {"ingest": {"source": "canonical"}})

    assert (workspace / "dvc.lock").read_text() == "made"
    assert _read(workspace / "params.yaml")["ingest"]["source"] == "canonical"


def test_stages_run_once_and_again_when_a_parameter_changes(workspace):
    stage = {"cmd": "echo ran >> ran.txt", "params": ["ingest.source"]}
    (workspace / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"publish": stage}}))

    reproduce(workspace, "publish")
    reproduce(workspace, "publish")
    assert (workspace / "ran.txt").read_text().split() == ["ran"]

    parameters = _read(workspace / "params.yaml")
    (workspace / "params.yaml").write_text(yaml.safe_dump({**parameters, "ingest": {"source": "canonical"}}))
    reproduce(workspace, "publish")
    assert (workspace / "ran.txt").read_text().split() == ["ran", "ran"]


def test_a_stage_that_fails_stops_the_pipeline(workspace):
    (workspace / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"publish": {"cmd": "false"}}}))

    with pytest.raises(StageFailed, match="the reason is above"):
        reproduce(workspace, "publish")
