"""Scans of many requests share commits."""

from concurrent.futures import wait
from datetime import UTC, datetime

import pytest

from parcelcast.codes.mapping import CodeTables
from serving.errors import StoreRefusedError, StoreUnavailableError
from serving.scans import recorder as module
from serving.scans.intake import Reader, keep
from serving.scans.recorder import Recorder
from serving.stores.database import Database
from serving.stores.scans import Refused
from tests.serving.scans.reports import row, rows

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def recorder(database):
    found = Recorder(database)
    found.start()
    yield found
    found.stop()


def batch(*told):
    return Reader(CodeTables.default(), "test").rows(told, NOW)


def test_what_comes_while_another_commit_runs_is_committed_together(database, recorder, monkeypatch):
    groups = []

    def counted(database, batches):
        groups.append(len(batches))
        return keep(database, batches)

    monkeypatch.setattr(module, "keep", counted)
    with database.writing():  # SQLite's only writer; PostgreSQL lets others write meanwhile
        answers = [recorder.submit(batch(row)) for row in rows(200)]
    wait(answers)

    assert sum(groups) == 200
    assert sum(answer.result().accepted for answer in answers) == 200
    if database.is_sqlite:
        assert len(groups) <= 2


def test_the_same_scan_in_two_requests_of_a_commit_is_new_in_one(database, recorder):
    (row,) = rows(1)
    with database.writing():
        answers = [recorder.submit(batch(row, row)) for _ in range(3)]

    assert sorted((answer.result().accepted, answer.result().duplicates) for answer in answers) == [
        (0, 2),
        (0, 2),
        (1, 1),
    ]


def test_a_database_that_is_away_is_told_to_all_and_comes_back(database, recorder, monkeypatch):
    def away(*_):
        raise StoreUnavailableError("away")

    monkeypatch.setattr(module, "keep", away)
    answers = [recorder.submit(batch(row)) for row in rows(3)]
    for answer in answers:
        with pytest.raises(StoreUnavailableError, match="away"):
            answer.result()
    monkeypatch.undo()

    assert recorder.submit(batch(*rows(3))).result().accepted == 3


def test_what_the_database_does_not_take_costs_no_other_request_its_scans(database):
    bad = batch(row())
    bad.refused.append(Refused("\ud800" if database.is_sqlite else "\0", b"", "a source that it cannot keep"))
    recorder = Recorder(database)
    answers = [recorder.submit(one) for one in (batch(*rows(2)), bad, batch(*rows(3)))]
    recorder.start()
    recorder.stop()

    assert isinstance(answers[1].exception(), UnicodeEncodeError if database.is_sqlite else StoreRefusedError)
    assert sum(answers[number].result().accepted for number in (0, 2)) == 3
    assert recorder.accepted == 3


def test_what_waits_is_written_before_it_stops(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'parcels.sqlite'}")
    database.migrate()
    recorder = Recorder(database)
    answers = [recorder.submit(batch(row)) for row in rows(20)]
    recorder.start()
    recorder.stop()
    database.close()

    assert [answer.result(timeout=0).accepted for answer in answers] == [1] * 20
