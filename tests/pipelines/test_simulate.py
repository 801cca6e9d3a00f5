from datetime import date

import pyarrow.parquet as pq
import pytest

from parcelcast.errors import InputError
from parcelcast.tables import TABLES
from pipelines.ingest.storage import arrow_schema, load_tables
from pipelines.simulate import SimulateParameters, simulate
from pipelines.simulator import scans as scans_module

SMALL = SimulateParameters(seed=7, shipments=600, days=15, until=date(2026, 2, 1), regime="calm")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    told = []
    return folder, simulate(SMALL, folder, told.append), told


def test_every_canonical_table_and_the_truth_are_written(written):
    folder, rows, told = written
    assert {path.name for path in folder.iterdir()} == {f"{name}.parquet" for name in (*TABLES, "truth")}
    for name, table in TABLES.items():
        stored = pq.read_table(folder / f"{name}.parquet")
        assert stored.schema == arrow_schema(table)
        assert stored.num_rows == rows[name]
    assert set(load_tables(folder)) == set(TABLES)
    assert told[0] == "building the network"


def test_writing_scans_in_parts_changes_nothing(written, tmp_path, monkeypatch):
    folder, rows, _ = written
    monkeypatch.setattr(scans_module, "ROWS_AT_ONCE", 1000)
    assert simulate(SMALL, tmp_path) == rows
    assert rows["scans"] > 3000
    parts = pq.read_table(tmp_path / "scans.parquet")
    assert parts.equals(pq.read_table(folder / "scans.parquet"))


def test_a_regime_nobody_knows_is_refused():
    with pytest.raises(InputError, match="expected one of calm, default, storms"):
        SimulateParameters(regime="stormy").config()
    with pytest.raises(InputError, match="expected a seed from 0"):
        SimulateParameters(shipments=0).config()
