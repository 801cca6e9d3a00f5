"""The snapshot that is published is the one that the online store tells, and the one that was judged."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.feast_repo.config import OnlineParameters
from features.feast_repo.offline import start_of
from features.feast_repo.refresh import refresh as really_refresh
from features.feast_repo.store import Repository
from models.bundle import HISTORY, MANIFEST, WEATHER, sha256_of
from models.snapshots import write_histories
from models.tracking import Version
from parcelcast.errors import ArtefactError
from pipelines import online
from pipelines.online import serve_from_online
from tests.features.worlds import day, shipment, sketches_of

TODAY = day("2026-03-14")
ROWS = [
    shipment(1, "2026-03-10 09:00", carrier="kranich", delivered_at="2026-03-12 15:00"),
    shipment(2, "2026-03-11 09:00", carrier="kranich", dispatched_at="2026-03-11 17:00"),
]
NOW = start_of(TODAY)


@pytest.fixture
def bundle(tmp_path):
    """Return as much of a judged bundle as is looked at here."""
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    write_histories(sketches_of(ROWS, TODAY).snapshot(TODAY), bundle / HISTORY, bundle / WEATHER)
    files = {name: sha256_of(bundle / name) for name in (HISTORY, WEATHER)}
    (bundle / MANIFEST).write_text(json.dumps({"version": "2026-03-14-ab12", "as_of_day": TODAY, "files": files}))
    return bundle


@pytest.fixture
def repository(tmp_path):
    repository = Repository(tmp_path / "online", OnlineParameters("sqlite", "", "shop"), {})
    yield repository
    repository.tear_down()


def test_the_snapshot_from_the_online_store_is_the_judged_one_to_the_last_bit(bundle, repository):
    judged = {name: (bundle / name).read_bytes() for name in (HISTORY, WEATHER)}
    manifest = json.loads((bundle / MANIFEST).read_text())

    written = serve_from_online(bundle, Version("7", "run"), repository, NOW)

    assert {name: (bundle / name).read_bytes() for name in judged} == judged
    assert json.loads((bundle / MANIFEST).read_text()) == manifest
    assert written["lead"] > 0
    assert repository.services().keys() == {"parcelcast_eta_v7"}
    assert sorted(path.name for path in bundle.iterdir()) == sorted([HISTORY, WEATHER, MANIFEST])


def test_windows_that_are_read_no_more_are_left_behind(bundle, repository):
    table = pq.read_table(bundle / HISTORY)
    window = pa.array([365] * len(table), table.schema.field("window").type)
    older = table.set_column(table.column_names.index("window"), "window", window)
    pq.write_table(pa.concat_tables([table, older]), bundle / HISTORY)

    serve_from_online(bundle, Version("7", "run"), repository, NOW)

    assert pq.read_table(bundle / HISTORY).equals(table)
    assert json.loads((bundle / MANIFEST).read_text())["files"][HISTORY] == sha256_of(bundle / HISTORY)


def test_another_snapshot_than_the_judged_one_stops_publishing(bundle, repository, monkeypatch):
    def refresh(repository, histories, *rest):
        return really_refresh(repository, sketches_of(ROWS[:1], TODAY).snapshot(TODAY), *rest)

    monkeypatch.setattr(online, "refresh", refresh)
    before = (bundle / HISTORY).read_bytes()

    with pytest.raises(ArtefactError, match=r"history.parquet from the online store is not .* made with: got \d+ rows"):
        serve_from_online(bundle, Version("7", "run"), repository, NOW)

    assert (bundle / HISTORY).read_bytes() == before
