"""A champion that is served goes on with what is recorded after it was made: here a strike, in which nothing comes."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.assembly import ORDER_COLUMNS, column_names
from features.engine.choice import EngineParameters
from features.feast_repo.config import OnlineParameters
from features.feast_repo.store import Repository
from features.feast_repo.views import VIEWS, differing, rows_of
from models.bundle import ALERTS, HISTORY, MANIFEST, NETWORK, SELF_TEST, WEATHER, Bundle
from models.living.training import LivingParameters
from models.snapshots import read_histories
from models.tracking import CHAMPION
from models.training import TrainParameters, train
from parcelcast.cli import main
from parcelcast.place import PlaceIndex
from pipelines.daystore import Addition, add_to_store
from pipelines.living.training import train_on_tables
from pipelines.modelling import AlertParameters, Split, make_bundle
from pipelines.parameters import read_all
from pipelines.preparation import last_known_day, prepare, read_tables
from pipelines.progress import SILENT
from pipelines.register import open_registry, register
from pipelines.simulator.library import small_world
from pipelines.stages import BUNDLES, CANONICAL, CHALLENGER, ONLINE, QUARANTINE, TRACKING, VALIDATED, run
from pipelines.workspace import ROOT, inside
from pipelines.workspace import prepare as prepare_workspace
from serving.bundle_sources import DirectorySource
from tests.features.engine.stores import known_by, midnight
from tests.features.worlds import check_same, day, live, live_features
from tests.serving.shop import open_shop

LAST, NEWEST = day("2026-02-18"), day("2026-02-25")  # the last days that the champion and the newest tables know
AS_OF = NEWEST + 1
FUTURE = datetime(2031, 3, 1, tzinfo=UTC)
QUICK = TrainParameters(rounds=5, calibration_days=15)
QUICK_LIVING = LivingParameters(rounds=5, landmarks=2000, calibration_days=15)
LEARNED = {ALERTS, "model.json", "places.csv.gz", "anchored.txt", "living-anchored.txt", "handover-anchored.txt"}
CURRENT = BUNDLES / "current"


def write(tables, until, folder: Path) -> None:
    """Write validated tables as they were known at the end of a day."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, table in {**tables, **known_by(tables, until)}.items():
        pq.write_table(table, folder / f"{name}.parquet")


@dataclass(frozen=True)
class Made:
    """A workspace whose champion is published, and all that will be recorded."""

    home: Path
    tables: dict
    trained: object
    living: object


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Made:
    home = tmp_path_factory.mktemp("workspace")
    prepare_workspace(home, {})
    tables = struck(small_world(11, shipments=3000, days=60))
    with inside(home):
        write(tables, LAST, VALIDATED)
        prepared = prepare(read_tables(VALIDATED), PlaceIndex.default())
        today = last_known_day(prepared.history) + 1
        assert today == LAST + 1
        trained = train(prepared.history, prepared.assembled, today, QUICK)
        living = train_on_tables(prepared, VALIDATED, today, QUICK_LIVING)
        split = Split(today - 28, today - 14, today)
        make_bundle(trained, living, prepared, split, AlertParameters(40), VALIDATED, CHALLENGER, SILENT)
        Path("scores.json").write_text("{}")
        registry = open_registry(TRACKING)
        boosters = {"anchored": CHALLENGER / "anchored.txt"}
        version = register(registry, CHALLENGER, Path("scores.json"), {}, read_all(), boosters, {})
        registry.give_name(CHAMPION, version)
        Path("reports").mkdir()
        run("publish")
        write(tables, NEWEST, VALIDATED)
    return Made(home, tables, trained, living)


def struck(world):
    """Return the tables of a world in which nothing is delivered any more after `LAST`."""
    strike, shipments, scans = midnight(LAST + 1), world["shipments"], world["scans"]
    shipments = shipments.filter(pc.invert(pc.is_in(shipments["status"], pa.array(["cancelled", "lost", "returned"]))))
    comes = pc.less(shipments["delivered_at"], strike)
    for name in ("delivered_at", "delivered_recorded_at"):
        told = pc.if_else(comes, shipments[name], pa.scalar(None, shipments[name].type))
        shipments = shipments.set_column(shipments.column_names.index(name), name, told)
    is_end = pc.is_in(scans["code"], pa.array(["out_for_delivery", "delivered"]))
    scans = scans.filter(pc.invert(pc.and_(is_end, pc.greater_equal(scans["occurred_at"], strike))))
    tables = {name: world[name] for name in ("origins", "carriers", "weather_daily")}
    return {**tables, "shipments": shipments, "scans": scans}


@pytest.fixture
def workspace(made, tmp_path, monkeypatch) -> Path:
    """Return a copy of the workspace, and work in it."""
    home = Path(shutil.copytree(made.home, tmp_path / "shop", symlinks=True))
    monkeypatch.chdir(home)
    return home


@pytest.fixture(scope="module")
def refreshed(made, tmp_path_factory) -> Path:
    """Return a copy of the workspace in which the champion was refreshed; not to be changed."""
    home = Path(shutil.copytree(made.home, tmp_path_factory.mktemp("refreshed") / "shop", symlinks=True))
    with inside(home):
        assert main(["refresh"]) == 0
    return home


def histories_in(bundle: Path):
    return read_histories(bundle / HISTORY, bundle / WEATHER)


def features_of_the_newest_day(made, bundle: Path, folder: Path):
    """Return the features of the first orders after the newest tables: as training has them, and as a bundle serves."""
    write(made.tables, AS_OF, folder)
    tables = read_tables(folder)
    prepared = prepare(tables, PlaceIndex.default())
    mine = np.flatnonzero(prepared.history.orders.known_day == AS_OF)
    frame = tables["shipments"].astype(object)
    rows = frame.where(frame.notna(), None).set_index("shipment_id", drop=False)
    served = Bundle.load(bundle)
    requests = [
        live({**row, "ordered_at": row["ordered_at"].to_pydatetime()}, served)
        for row in rows.loc[prepared.history.shipment_id[mine]].to_dict("records")
    ]
    assert len(requests) > 10
    return prepared.assembled.take(mine), live_features(requests, histories_in(bundle), served)


def test_orders_after_the_newest_day_are_served_with_the_features_that_training_sees(made, refreshed, tmp_path):
    trained, served = features_of_the_newest_day(made, refreshed / CURRENT, tmp_path)

    check_same(trained, served)


def test_what_the_champion_knew_before_does_not_tell_of_the_strike(made, refreshed, tmp_path):
    pace = column_names(ORDER_COLUMNS).index("transit_pace_7d")

    _, before = features_of_the_newest_day(made, made.home / CURRENT, tmp_path / "before")
    _, now = features_of_the_newest_day(made, refreshed / CURRENT, tmp_path / "now")

    assert now.static[:, pace].mean() < before.static[:, pace].mean() - 0.5


def test_the_bundle_is_the_one_that_register_would_make_of_the_same_model(made, refreshed, tmp_path):
    with inside(refreshed):
        prepared = prepare(read_tables(VALIDATED), PlaceIndex.default())
        split = Split(AS_OF - 28, AS_OF - 14, AS_OF)
        out = tmp_path / "bundle"
        make_bundle(made.trained, made.living, prepared, split, AlertParameters(0), VALIDATED, out, SILENT)

    for name in (HISTORY, WEATHER, NETWORK, SELF_TEST):
        assert (refreshed / CURRENT / name).read_bytes() == (out / name).read_bytes(), name
    expected, got = manifest_of(out), manifest_of(refreshed / CURRENT)
    same = ("as_of", "as_of_day", "shift", "living_shift", "shared_fate", "fit", "calibration", "schema")
    assert {name: got[name] for name in same} == {name: expected[name] for name in same}
    assert max(got["shift"], got["living_shift"]) < -0.1


def manifest_of(bundle: Path):
    return json.loads((bundle / MANIFEST).read_text())


def test_what_was_learned_stays_byte_by_byte(made, refreshed):
    before, now = manifest_of(made.home / CURRENT), manifest_of(refreshed / CURRENT)
    stays = before["files"].keys() - {HISTORY, WEATHER, NETWORK, SELF_TEST}

    assert stays >= LEARNED
    assert before["files"].keys() == now["files"].keys()
    for name in stays:
        assert (made.home / CURRENT / name).read_bytes() == (refreshed / CURRENT / name).read_bytes(), name
    assert now["version"] == f"{before['version']}+2026-02-26"
    assert now["files"][HISTORY] != before["files"][HISTORY]


def test_the_online_store_tells_the_history_that_is_served(refreshed):
    check_online(refreshed)


def check_online(home: Path) -> None:
    repository = Repository(home / ONLINE, OnlineParameters("sqlite", "", "parcelcast"), {})
    for name, rows in rows_of(histories_in(home / CURRENT)).items():
        told = repository.online(VIEWS[name], rows[VIEWS[name].key].to_pylist()).rows
        assert len(rows), name
        assert not differing(told, rows).any(), name


def test_the_same_tables_again_are_nothing_new(refreshed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(shutil.copytree(refreshed, tmp_path / "shop", symlinks=True))
    before = contents(Path("data"))

    assert main(["refresh"]) == 0

    assert capsys.readouterr().out.startswith("nothing new: ")
    assert contents(Path("data")) == before


def contents(folder: Path):
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*") if path.is_file()}


def test_the_next_day_takes_the_place_of_this_one_and_the_model_before_stays(workspace, made):
    other = BUNDLES / "v0"
    shutil.copytree(CURRENT, other)
    (BUNDLES / "previous").symlink_to("v0")
    write(made.tables, NEWEST - 1, VALIDATED)
    assert main(["refresh"]) == 0
    write(made.tables, NEWEST, VALIDATED)

    assert main(["refresh"]) == 0

    assert CURRENT.resolve().name == "v1+2026-02-26"
    assert (BUNDLES / "previous").resolve().name == "v0"
    assert manifest_of(CURRENT)["version"].count("+") == 1
    assert {path.name for path in BUNDLES.iterdir()} == {
        "current", "previous", "v0", "v1+2026-02-25", "v1+2026-02-26",
    }  # fmt: skip


def test_publishing_again_does_not_go_back_to_the_day_of_training(refreshed, tmp_path, monkeypatch):
    monkeypatch.chdir(shutil.copytree(refreshed, tmp_path / "shop", symlinks=True))
    served = manifest_of(CURRENT)
    shutil.rmtree(ONLINE)

    run("publish")

    assert manifest_of(CURRENT) == served
    check_online(Path.cwd())


def test_wrong_histories_are_taken_back_by_publishing_what_was_judged(made, refreshed, tmp_path, monkeypatch):
    monkeypatch.chdir(shutil.copytree(refreshed, tmp_path / "shop", symlinks=True))
    CURRENT.unlink()

    run("publish")

    assert manifest_of(CURRENT) == manifest_of(made.home / CURRENT)
    check_online(Path.cwd())


def test_a_running_server_takes_the_refreshed_bundle(workspace, tmp_path):
    trained = manifest_of(CURRENT)["version"]
    with open_shop(tmp_path, now="2026-02-28T10:00:00+01:00", source=DirectorySource(CURRENT)) as shop:  # type: ignore[arg-type]
        origin, carrier = (next(iter(one)) for one in (_bundle(shop).origins, _bundle(shop).carriers))
        asked = {
            "destination": {"country": "DE", "postal_code": "80331"},
            "items": [{"id": "sneaker", "origins": [origin]}],
            "options": [{"carrier": carrier, "service": "standard"}],
        }
        before = shop.promise(asked)
        assert (before["model"]["version"], shop.get("/readyz").json()["bundle"]["age_days"]) == (trained, 9)

        assert main(["refresh"]) == 0
        assert shop.services.bundles.refresh()

        now = shop.promise(asked)
        assert now["model"]["version"] == f"{trained}+2026-02-26"
        assert now["options"][0]["percentiles"] != before["options"][0]["percentiles"]
        assert shop.get("/readyz").json()["bundle"]["age_days"] == 2
        assert "parcelcast_bundle_age_days 2\n" in shop.get("/metrics").text


def _bundle(shop):
    return shop.services.bundles.current.bundle


# Before the fresh bundle is written, when the online store is ahead of what is served, and before the link is swapped.
DEATHS = ("pipelines.refresh.renew_bundle", "pipelines.online._check_equal", "pipelines.publish._link")


def test_a_refresh_that_is_killed_leaves_the_champion_whole_and_the_next_one_ends_the_same(workspace, refreshed):
    before = manifest_of(CURRENT)
    for death in DEATHS:
        assert _killed_at(death, workspace) == -signal.SIGKILL, death
        assert manifest_of(CURRENT) == before
        Bundle.load(CURRENT)

    assert main(["refresh"]) == 0

    assert manifest_of(CURRENT) == manifest_of(refreshed / CURRENT)
    assert {path.name for path in BUNDLES.iterdir()} == {"current", "v1", "v1+2026-02-26"}


def _killed_at(function: str, workspace: Path) -> int:
    """Refresh in a process that is killed when it comes to a function; return its status."""
    module, _, name = function.rpartition(".")
    code = (
        "import importlib, os, signal, sys; from parcelcast.cli import main; "
        f"setattr(importlib.import_module({module!r}), {name!r}, lambda *_: os.kill(os.getpid(), signal.SIGKILL)); "
        "sys.exit(main(['refresh']))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-P", "-c", code], cwd=workspace, env=environment, check=False).returncode


def test_without_a_champion_it_is_refused(workspace, capsys):
    shutil.rmtree(TRACKING)

    assert main(["refresh"]) == 1

    assert "there is no champion" in capsys.readouterr().err


def test_another_bundle_than_the_champions_is_not_refreshed(workspace, capsys):
    (BUNDLES / "v1").rename(BUNDLES / "v9")
    CURRENT.unlink()
    CURRENT.symlink_to("v9")

    assert main(["refresh"]) == 1

    assert "current is v9; expected the champion v1: run ./run publish first" in capsys.readouterr().err


def test_other_places_than_the_champion_learned_with_are_refused(workspace, capsys):
    prepare_workspace(workspace, {"places": {"area": "prefix:3"}})

    assert main(["refresh"]) == 1

    assert "places of params.yaml are not those that the champion learned with" in capsys.readouterr().err
    assert CURRENT.resolve().name == "v1"


def test_a_record_of_a_wrong_year_is_set_aside_and_stops_no_day(workspace, made):
    write(made.tables, NEWEST, CANONICAL)
    rows = pq.read_table(CANONICAL / "shipments.parquet")
    told = [row if row["delivered_at"] else {**row, "status": "dispatched"} for row in rows.to_pylist()]
    told.append({**told[0], "shipment_id": "wrong", "delivered_recorded_at": FUTURE})
    pq.write_table(pa.Table.from_pylist(told, rows.schema), CANONICAL / "shipments.parquet")
    run("validate")

    assert main(["refresh"]) == 0

    assert CURRENT.resolve().name == "v1+2026-02-26"
    told = json.loads((VALIDATED / "validation.json").read_text())["tables"]["shipments"]
    assert told["rules"]["later_than_now"]["rows"] == 1
    assert "wrong" in pq.read_table(QUARANTINE / "shipments.parquet")["shipment_id"].to_pylist()


def run_at(now: datetime, monkeypatch) -> None:
    """Let the stages find this instant on the clock."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return now

    monkeypatch.setattr("pipelines.stages.datetime", Clock)


def test_a_champion_that_knows_of_days_to_come_is_refused_with_the_way_back(workspace, monkeypatch, capsys):
    run_at(datetime(2026, 2, 17, 12, tzinfo=UTC), monkeypatch)
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("2026-11-01", "2026-02-16"))

    assert main(["refresh"]) == 1

    assert "knows all before 2026-02-19, which has not come" in capsys.readouterr().err
    assert CURRENT.resolve().name == "v1"


def test_a_simulated_history_may_run_ahead_of_the_clock(workspace, monkeypatch):
    run_at(datetime(2025, 1, 1, tzinfo=UTC), monkeypatch)

    assert main(["refresh"]) == 0

    assert CURRENT.resolve().name == "v1+2026-02-26"


def test_tables_that_lost_their_scans_are_refused(workspace, capsys):
    (VALIDATED / "scans.parquet").unlink()

    assert main(["refresh"]) == 1

    assert "counted with scans, and there are none now" in capsys.readouterr().err
    assert CURRENT.resolve().name == "v1"


@pytest.fixture
def store(made, workspace) -> Path:
    """Return a store that was begun with what the champion knew."""
    write(made.tables, LAST, Path("before"))
    add(Path("store"), Path("before"))
    return Path("store")


def add(store: Path, folder: Path) -> None:
    parameters = EngineParameters("duckdb", "1GB", Path("spill"), "")
    shipments, scans = folder / "shipments.parquet", folder / "scans.parquet"
    add_to_store(store, Addition([shipments], [scans], VALIDATED), PlaceIndex.default(), parameters)


def test_counts_can_come_from_a_store_that_is_up_to_date(store, refreshed, capsys):
    assert main(["refresh", "--store", str(store)]) == 1
    assert "store tells of days until 2026-02-18, the tables until 2026-02-25; add" in capsys.readouterr().err
    add(store, VALIDATED)

    assert main(["refresh", "--store", str(store)]) == 0

    assert manifest_of(CURRENT) == manifest_of(refreshed / CURRENT)


def test_a_store_of_other_lanes_is_refused(store, made, capsys):
    add(store, VALIDATED)
    shipments = made.tables["shipments"]
    at = shipments.column_names.index("carrier")
    renamed = shipments.set_column(at, "carrier", pc.binary_join_element_wise(shipments["carrier"], "x", ""))
    write({**made.tables, "shipments": renamed}, NEWEST, VALIDATED)

    assert main(["refresh", "--store", str(store)]) == 1

    assert "knows nothing of" in capsys.readouterr().err
