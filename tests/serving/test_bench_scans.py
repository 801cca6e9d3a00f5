"""`./run bench scans`, on few rows."""

import pytest

from serving.bench.load import Measured
from serving.bench.scans import comparison
from serving.bench.scans.comparison import Taken, bench_scans, report
from serving.bench.scans.rows import bare_insert, scans
from serving.scans.intake import accept_scans
from serving.stores.database import Database
from tests.serving.fakes import FakeClock


def test_a_bare_insert_writes_what_scans_in_writes(tmp_path):
    rows, kept = scans(60, parcels=20), []
    for way in ("bare", "ours"):
        database = Database(f"sqlite:///{tmp_path / way}.sqlite")
        database.migrate()
        if way == "bare":
            statement, values = bare_insert(rows, sqlite=True)
            with database.writing() as connection:
                connection.exec_driver_sql(statement, values)
        else:
            clock = FakeClock(None)
            clock.set("2026-11-21T05:00:00Z")
            assert accept_scans(database, rows, "http", clock()).accepted == 60
        with database.reading() as connection:
            kept.append(connection.exec_driver_sql("select * from scans order by seq").all())
        database.close()

    assert kept[0] == kept[1]
    assert "info_only" not in {row[4] for row in kept[0]}  # the table knows the codes


def test_it_measures_and_tells_the_goal(monkeypatch, capsys):
    monkeypatch.setattr(comparison, "PARCELS", 50)
    monkeypatch.setattr(comparison, "DATABASES", ("SQLite",))

    (taken,) = bench_scans(rows=1_000, singles=40, rounds=1)

    assert taken.ratio > 0
    assert taken.singles.answers == 40
    assert "lists of 1000" in capsys.readouterr().out


@pytest.mark.parametrize(("batches", "word"), [(40_000.0, "met"), (30_000.0, "missed")])
def test_the_goal_is_a_third_of_the_bare_insert_on_each_database(batches, word):
    singles = Measured(4_000, 4.0, 0, 9.0, 20.0, 0.2)
    found = [Taken("SQLite", 100_000.0, batches, singles), Taken("PostgreSQL", 50_000.0, 30_000.0, singles)]

    assert report(found).endswith(f"goal 0.33 on each database: {word}")
