"""A store of daily tables kept by files: what `./run featurize days` does and refuses."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.engine.choice import EngineParameters
from features.engine.families import FAMILIES
from features.engine.store import locked, read_manifest
from parcelcast.cli import main
from parcelcast.errors import DataError, InputError
from parcelcast.place import PlaceIndex
from pipelines.daystore import Addition, add_to_store, counts_of
from pipelines.simulator.library import small_world
from pipelines.workspace import ROOT
from tests.features.engine.stores import (
    batch_of,
    check_same,
    known_by,
    levels_of,
    network_of_tables,
    sketches_of_arrays,
    sketches_of_store,
)
from tests.features.worlds import day

BEFORE, UNTIL = day("2026-02-18"), day("2026-02-20")


@pytest.fixture(scope="module")
def world() -> Mapping[str, pa.Table]:
    tables = small_world(7, shipments=300, days=25)
    return {**tables, **known_by(tables, UNTIL)}


@pytest.fixture(scope="module")
def files(world, tmp_path_factory) -> Path:
    """Return a folder with the canonical tables as known at the end of `BEFORE`, and what each later day brought."""
    folder = tmp_path_factory.mktemp("files")
    for name in ("origins", "carriers"):
        pq.write_table(world[name], folder / f"{name}.parquet")
    for name, table in known_by(world, BEFORE).items():
        pq.write_table(table, folder / f"{name}.parquet")
    for number in range(BEFORE + 1, UNTIL + 1):
        brought = batch_of(world, number, number)
        pq.write_table(brought.shipments, folder / f"shipments-{number}.parquet")
        pq.write_table(brought.scans, folder / f"scans-{number}.parquet")
    return folder


def add(
    store: Path,
    files: Path,
    *names: str,
    scans: tuple[str, ...] = (),
    until: int | None = None,
    today: int | None = None,
) -> str:
    def paths(wanted: tuple[str, ...]) -> list[Path]:
        return [files / f"{name}.parquet" for name in wanted]

    parameters = EngineParameters("duckdb", "1GB", store.parent / "spill", "")
    return add_to_store(
        store, Addition(paths(names), paths(scans), files, until, today), PlaceIndex.default(), parameters
    )


def test_a_record_of_a_day_to_come_is_refused_and_counts_nothing(files, tmp_path):
    with pytest.raises(
        InputError, match=r"which has not come; expected none after 2026-02-0\d: mend its date, or name"
    ):
        add(tmp_path / "store", files, "shipments", scans=("scans",), today=BEFORE - 10)
    assert read_manifest(tmp_path / "store") is None
    add(tmp_path / "store", files, "shipments", scans=("scans",), until=BEFORE, today=BEFORE - 10)


def begin(store: Path, files: Path) -> str:
    return add(store, files, "shipments", scans=("scans",), until=BEFORE)


def test_a_store_that_gets_each_days_files_counts_what_one_build_counts(world, files, tmp_path):
    told = [begin(tmp_path / "store", files)]
    for number in range(BEFORE + 1, UNTIL + 1):
        names = f"shipments-{number}", f"scans-{number}"
        told.append(add(tmp_path / "store", files, names[0], scans=(names[1],), until=number))
    expected = sketches_of_arrays(world, network_of_tables(world), UNTIL)
    check_same(sketches_of_store(tmp_path / "store"), levels_of(expected, list(FAMILIES)))
    assert "days counted" in told[0]
    assert told[1].startswith("1 day counted (2026-02-19); ")
    assert told[2].endswith(f" days until {'2026-02-20'}")


def test_the_same_files_again_are_nothing_new(files, tmp_path):
    begin(tmp_path / "store", files)
    assert begin(tmp_path / "store", files).startswith("nothing new; ")


def test_older_files_after_newer_ones_take_no_delivery_back(world, files, tmp_path):
    begin(tmp_path / "store", files)
    for number in range(BEFORE + 1, UNTIL + 1):
        add(tmp_path / "store", files, f"shipments-{number}", scans=(f"scans-{number}",), until=number)
    assert begin(tmp_path / "store", files).startswith("nothing new; ")
    expected = sketches_of_arrays(world, network_of_tables(world), UNTIL)
    check_same(sketches_of_store(tmp_path / "store"), levels_of(expected, list(FAMILIES)))


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(files, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    pq.write_table(pq.read_table(files / "shipments.parquet"), mine / "shipments.parquet")
    with pytest.raises(InputError, match=r"is no store and holds shipments\.parquet; expected a store, or a new or"):
        begin(mine, files)
    assert [path.name for path in mine.iterdir()] == ["shipments.parquet"]


def test_files_beside_a_store_are_left_alone(files, tmp_path):
    begin(tmp_path / "store", files)
    pq.write_table(pq.read_table(files / "shipments.parquet"), tmp_path / "store" / "mine.parquet")
    begin(tmp_path / "store", files)
    assert (tmp_path / "store" / "mine.parquet").is_file()


def test_a_day_before_the_first_order_is_refused(files, tmp_path):
    with pytest.raises(
        InputError, match=r"to be counted until 2025-12-31; expected 2026-.*, the first order, or later"
    ):
        add(tmp_path / "store", files, "shipments", scans=("scans",), until=day("2025-12-31"))


def test_a_store_in_which_another_process_builds_is_refused(files, tmp_path):
    begin(tmp_path / "store", files)
    with locked(tmp_path / "store"), pytest.raises(InputError, match=r"another process builds in .*wait until it"):
        begin(tmp_path / "store", files)


def test_days_that_were_told_late_are_counted_again(files, tmp_path):
    begin(tmp_path / "store", files)
    late, whole = tmp_path / "late", pq.read_table(files / "shipments.parquet")
    late.mkdir()
    for name in ("origins", "carriers"):
        pq.write_table(pq.read_table(files / f"{name}.parquet"), late / f"{name}.parquet")
    forgotten = whole.slice(0, 1)
    forgotten = forgotten.set_column(0, "shipment_id", pa.array(["forgotten"]))
    pq.write_table(forgotten, late / "shipments.parquet")
    assert "of them again; " in add(tmp_path / "store", late, "shipments")


def test_a_shipment_that_is_told_of_twice_is_refused_and_changes_nothing(files, tmp_path):
    with pytest.raises(DataError, match=r"shipments are told of more than once: .*To do: leave only the last row"):
        add(tmp_path / "store", files, "shipments", "shipments", scans=("scans",))
    assert read_manifest(tmp_path / "store") is None


def test_scans_for_a_store_that_was_begun_without_are_refused(files, tmp_path):
    add(tmp_path / "store", files, "shipments", until=BEFORE)
    with pytest.raises(InputError, match="was begun without scans and counts none; leave them out, or begin another"):
        begin(tmp_path / "store", files)


def test_files_that_are_no_such_table_are_refused_by_name(files, tmp_path):
    shipments = pq.read_table(files / "shipments.parquet")
    pq.write_table(shipments.drop_columns(["ordered_at"]), tmp_path / "narrow.parquet")
    texts = shipments["ordered_at"].cast(pa.string())
    at = shipments.column_names.index("ordered_at")
    pq.write_table(shipments.set_column(at, "ordered_at", texts), tmp_path / "texts.parquet")
    (tmp_path / "no.parquet").write_text("shipment_id\n1\n", encoding="utf-8")
    for name, problem in (
        ("narrow", r"narrow\.parquet, column ordered_at: there is no such column"),
        ("texts", r"texts\.parquet, column ordered_at: its type is string; expected timestamp\[us, tz=UTC\]"),
        ("no", r"no\.parquet: this is no Parquet file"),
        ("absent", r"absent\.parquet: there is no such file"),
    ):
        with pytest.raises(DataError, match=problem):
            add(tmp_path / "store", tmp_path, name)


def test_the_command_adds_files_and_tells_of_it(files, tmp_path, monkeypatch, capsys):
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    asked = ["featurize", "days", "--store", "daily", "--network", str(files), "--until", "2026-02-18"]
    tables = ["--shipments", str(files / "shipments.parquet"), "--scans", str(files / "scans.parquet")]
    assert main([*asked, *tables]) == 0
    out = capsys.readouterr().out
    assert "days counted" in out
    assert out.endswith("days until 2026-02-18\n")
    assert main([*asked, "--shipments", "absent.parquet"]) == 1
    assert "absent.parquet: there is no such file" in capsys.readouterr().err


def test_the_command_teaches_how_a_store_is_begun(capsys):
    with pytest.raises(SystemExit):
        main(["featurize", "days", "--help"])
    assert "begin a store with all that is known" in capsys.readouterr().out


def test_a_folder_that_is_no_store_has_no_counts(tmp_path):
    with pytest.raises(InputError, match=r"absent is no store; expected one that \./run featurize days keeps"):
        counts_of(tmp_path / "absent")
