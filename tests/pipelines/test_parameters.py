from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from parcelcast.errors import DataError
from pipelines.modelling import AlertParameters
from pipelines.parameters import flattened, read_section


@dataclass(frozen=True)
class Ingest:
    source: str
    data: Path
    mapping: Path | None
    share: float
    rows: int


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "params.yaml"

    def write(text: str) -> Path:
        path.write_text(text)
        return path

    return write


def test_a_section_arrives_in_its_types(file):
    path = file("ingest: {source: olist, data: data/raw, mapping: null, share: 1, rows: 5}")

    assert read_section(Ingest, "ingest", path) == Ingest("olist", Path("data/raw"), None, 1.0, 5)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("ingest: {source: a, data: b, mapping: null, share: 1, rows: 5, rwos: 6}", "has no parameter rwos"),
        ("ingest: {source: a, data: b, mapping: null, share: 1}", "lacks rows"),
        ("ingest: {source: a, data: b, mapping: null, share: 1, rows: 1.5}", "ingest.rows is 1.5; expected int"),
        ("ingest: {source: a, data: b, mapping: null, share: 1, rows: true}", "ingest.rows is True; expected int"),
        ("ingest: {source: a, data: b, mapping: 3, share: 1, rows: 1}", "ingest.mapping is 3; expected Path or null"),
        ("train: {}", "there is no section 'ingest'"),
        ("[1, 2]", "expected sections, got list"),
        ("ingest: {", "not YAML"),
    ],
)
def test_what_is_wrong_is_named(file, text, complaint):
    with pytest.raises(DataError, match=complaint):
        read_section(Ingest, "ingest", file(text))


def test_a_missing_file_says_where_to_run(tmp_path):
    with pytest.raises(DataError, match=r"run the stage in the folder that holds params\.yaml"):
        read_section(Ingest, "ingest", tmp_path / "params.yaml")


def test_a_value_that_the_section_refuses_is_named_with_its_section(file):
    assert read_section(AlertParameters, "alerts", file("alerts: {parcels: 0}")) == AlertParameters(0)
    with pytest.raises(DataError, match="section alerts: parcels is -1; expected 0 or more"):
        read_section(AlertParameters, "alerts", file("alerts: {parcels: -1}"))


@dataclass(frozen=True)
class Simulate:
    until: date


def test_a_date_is_written_as_text_which_every_tool_keeps(file):
    assert read_section(Simulate, "simulate", file("simulate: {until: '2026-11-01'}")) == Simulate(date(2026, 11, 1))


def test_what_is_no_date_is_refused(file):
    with pytest.raises(DataError, match=r"simulate\.until is '1 November'; expected date"):
        read_section(Simulate, "simulate", file("simulate: {until: 1 November}"))


def test_nested_parameters_get_dotted_names():
    assert flattened({"a": {"b": {"c": 1}, "d": [2]}}) == {"a.b.c": 1, "a.d": [2]}
