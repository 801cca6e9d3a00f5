"""The database goes away and comes back, or its disk is full: promises go on, nothing is lost, nobody has to help."""

import resource
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from serving.background import Background
from serving.errors import StoreUnavailableError
from serving.scans import recorder
from serving.stores.database import Database
from serving.stores.work import anything_due
from serving.worker.peers import PeerDesk
from tests.serving.fakes import FakeClock
from tests.serving.shop import Shop, open_shop
from tests.serving.stores.conftest import POSTGRESQL, database_url
from tests.serving.worker.depot import Depot

__all__ = ["database_url"]

PARCEL = {
    "shipment_id": "S1",
    "order_id": "O1",
    "carrier": "kranich",
    "origin_id": "wh-leipzig",
    "destination": {"country": "DE", "postal_code": "80331"},
    "ordered_at": "2026-11-23T08:00:00Z",
    "promised_on": "2026-11-26",
}


def scan(hour: int) -> dict[str, Any]:
    return {"shipment_id": "S1", "code": "hub_arrival", "occurred_at": f"2026-11-23T{hour:02}:00:00+00:00"}


def eventually(is_so: Callable[[], object], patience: float = 20.0) -> None:
    """Wait until something is so: threads take their time on a busy machine."""
    deadline = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.02)


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Iterator[Shop]:
    with open_shop(tmp_path, "2026-11-23T10:00:00+01:00", database=database_url, worker=True) as shop:
        yield shop


def _is_looked_at(shop: Shop) -> bool:
    with shop.services.database.reading() as connection:
        return not anything_due(connection, shop.clock.now)


def _check_that_it_goes_on(shop: Shop, before: int) -> None:
    """Scans are taken and looked at again, and none of those that were taken before is missing."""
    eventually(lambda: shop.post("/v1/scans", json=scan(8)).status_code == 200)
    eventually(lambda: shop.get("/readyz").json()["status"] == "ready")
    eventually(lambda: _is_looked_at(shop))
    assert len(shop.get("/v1/shipments/S1").json()["timeline"]) == before + 1


def _check_that_it_is_away(shop: Shop) -> None:
    refused = shop.post("/v1/scans", json=scan(7))
    assert refused.status_code == 503
    assert refused.json()["type"] == "urn:parcelcast:problem:store-unavailable"
    assert shop.promise()["options"]
    assert shop.get("/healthz").status_code == 200
    ready = shop.get("/readyz")
    assert ready.status_code == 200
    assert (ready.json()["status"], ready.json()["database"]["status"]) == ("degraded", "unavailable")
    assert shop.get("/v1/shipments/S1").status_code == 503
    assert "parcelcast_database_up 0" in shop.get("/metrics").text


def test_a_server_starts_without_its_database(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_shop(tmp_path, database="postgresql://nobody@127.0.0.1:1/none", worker=True) as shop:
        eventually(lambda: shop.get("/readyz").json()["worker"]["status"] == "waiting")
        _check_that_it_is_away(shop)
        for told in (shop.get("/readyz").text, caplog.text):
            assert "Connection refused" in told
            assert "127.0.0.1" not in told
            assert "nobody" not in told


def test_the_schema_is_made_as_soon_as_the_database_is_there(tmp_path: Path) -> None:
    path = tmp_path / "parcels.sqlite"
    path.write_bytes(b"this is no database " * 100)
    database = Database(f"sqlite:///{path}")
    background = Background(database, PeerDesk(database), retry_seconds=0.01)
    background.start()
    path.unlink()
    eventually(lambda: path.exists() and _has_tables(path))
    background.stop()


def _has_tables(path: Path) -> bool:
    depot = Depot(Database(f"sqlite:///{path}"))
    try:
        return depot.next_due() is None
    except Exception:  # noqa: BLE001 - not yet
        return False
    finally:
        depot.database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_that_goes_away_and_comes_back(shop: Shop, database_url: str) -> None:
    assert shop.post("/v1/shipments", json=PARCEL).status_code == 200
    assert shop.post("/v1/scans", json=scan(6)).status_code == 200
    name = database_url.rpartition("/")[2]
    with psycopg.connect(POSTGRESQL, autocommit=True) as admin:
        admin.execute(f"alter database {name} allow_connections false")
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        _check_that_it_is_away(shop)
        admin.execute(f"alter database {name} allow_connections true")

    _check_that_it_goes_on(shop, before=1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_connections_that_are_cut_are_made_anew(shop: Shop, database_url: str) -> None:
    assert shop.post("/v1/shipments", json=PARCEL).status_code == 200
    assert shop.post("/v1/scans", json=scan(6)).status_code == 200
    with psycopg.connect(POSTGRESQL, autocommit=True) as admin:
        name = database_url.rpartition("/")[2]
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])

    _check_that_it_goes_on(shop, before=1)


class _FullDisk:
    """A SQLite file that may not grow while `is_full`."""

    def __init__(self, database: Database) -> None:
        self.engine = database._engine
        self.pages = 0
        event.listen(self.engine, "begin", self._limit)

    def _limit(self, connection: Any) -> None:
        pages = self.pages or 2**30
        connection.exec_driver_sql(f"pragma max_page_count = {pages}")  # never below what is used already


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk(shop: Shop) -> None:
    assert shop.post("/v1/shipments", json=PARCEL).status_code == 200
    assert shop.post("/v1/scans", json=scan(6)).status_code == 200
    eventually(lambda: _is_looked_at(shop))
    disk = _FullDisk(shop.services.database)
    disk.pages = 1
    taken = 0
    big = {**scan(5), "raw_text": "x" * 200}
    while (answer := shop.post("/v1/scans", json={**big, "place": f"P{taken}"})).status_code == 200:
        taken += 1
        assert taken < 500
    assert answer.status_code == 503
    assert "full" in answer.json()["detail"]
    assert shop.promise()["options"]
    _check_that_it_is_unwritable(shop, "full")

    disk.pages = 0
    _check_that_it_goes_on(shop, before=1 + taken)
    assert "parcelcast_database_writable 1\n" in shop.get("/metrics").text


def _check_that_it_is_unwritable(shop: Shop, why: str) -> None:
    ready = shop.get("/readyz")
    assert ready.status_code == 200
    told = ready.json()
    assert (told["status"], told["database"]["status"]) == ("degraded", "unwritable")
    assert why in told["database"]["error"]
    assert told["database"]["queue"] is not None
    metrics = shop.get("/metrics").text
    assert "parcelcast_database_up 1\n" in metrics
    assert "parcelcast_database_writable 0\n" in metrics


def test_a_disk_without_a_byte_of_space_is_told_before_any_scan_is_refused(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        assert shop.post("/v1/scans", json=scan(6)).status_code == 200
        log = tmp_path / "parcels.sqlite-wal"
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, hard))
        try:
            _check_that_it_is_unwritable(shop, "disk")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert shop.get("/readyz").json()["status"] == "ready"


def test_a_refusal_is_forgotten_when_no_scans_come(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreUnavailableError("the disk is full")

    monkeypatch.setattr(recorder, "keep", full)
    assert shop.post("/v1/scans", json=scan(6)).status_code == 503
    _check_that_it_is_unwritable(shop, "the disk is full")
    shop.clock.now += timedelta(minutes=2)
    assert shop.get("/readyz").json()["status"] == "ready"


def test_a_stopped_server_has_finished_its_round(tmp_path: Path) -> None:
    with open_shop(tmp_path, worker=True) as shop:
        assert shop.post("/v1/shipments", json=PARCEL).status_code == 200
        eventually(lambda: _is_looked_at(shop))
    with open_shop(tmp_path) as again:
        depot = Depot(again.services.database)
        depot.clock = FakeClock(shop.clock.now)
        assert depot.stated("S1").dates.likely is not None
        assert depot.rounds() == 0
