"""Spark, the real thing, against DuckDB: the same tables."""

import os
import shutil

import pytest

from features.engine import counting
from features.engine.choice import EngineParameters, engine_of
from features.engine.daily import Batch, build
from features.engine.duck import DuckDB
from pipelines.simulator.library import small_world
from tests.features.engine.stores import batch_of, check_same, known_by, network_of_tables, repeats, sketches_of_store
from tests.features.worlds import day

UNTIL = day("2026-02-20")
HAS_JAVA = shutil.which("java") is not None or "JAVA_HOME" in os.environ

pytestmark = [
    pytest.mark.skipif(
        not HAS_JAVA and "CI" not in os.environ,
        reason="Spark needs a Java runtime: install Java 17 or 21 (Debian: apt-get install default-jre-headless)",
    ),
    # What Spark's own Python code does with pandas, sockets and threads is not ours to mend.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    parameters = EngineParameters("spark", "1GB", tmp_path_factory.mktemp("spark"), "local[2]")
    return engine_of(parameters)


def test_spark_and_duckdb_count_the_same_in_full_and_by_day(spark, tmp_path, monkeypatch):
    # A small world has no family that is large enough for its narrowest rows to stay as they are.
    monkeypatch.setattr(counting, "MANY", 1)
    tables = small_world(5, shipments=400, days=25)
    network = network_of_tables(tables)
    for name, engine in (("duckdb", DuckDB()), ("spark", spark)):
        known = known_by(tables, UNTIL)
        build(tmp_path / name, Batch(known["shipments"], known["scans"], UNTIL), network, engine)
        assert build(tmp_path / name, batch_of(tables, UNTIL + 1, UNTIL + 1), network, engine) == (UNTIL + 1,)
    found, expected = sketches_of_store(tmp_path / "spark"), sketches_of_store(tmp_path / "duckdb")
    check_same(found, expected)
    assert repeats(found["lead"][-1]) == repeats(expected["lead"][-1]) > 0
