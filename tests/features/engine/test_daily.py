"""Daily tables on disk: built in full, by day, late, corrected, killed; always the same counts."""

import subprocess
import sys
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.engine import counting
from features.engine.daily import Batch, build
from features.engine.duck import DuckDB
from features.engine.families import FAMILIES
from features.engine.store import read_manifest
from features.orders import day_of
from features.sketches import UNKNOWN
from parcelcast.errors import DataError
from pipelines.simulator.library import small_world
from tests.features.engine.stores import (
    Known,
    batch_of,
    changed,
    check_same,
    files_of,
    known_by,
    known_of,
    levels_of,
    network_of_tables,
    repeats,
    sketches_of_arrays,
    sketches_of_store,
)
from tests.features.worlds import day

UNTIL = day("2026-02-27")
BEFORE = UNTIL - 6
ENGINE = DuckDB()


def check_untouched(store: Path, before: Known, days: Collection[int]) -> None:
    """Hold the counts of all other days as they were, in the files where they were."""
    after = known_of(store)
    others = before.build_of.keys() - set(days)
    assert others
    assert {day: after.build_of[day] for day in others} == {day: before.build_of[day] for day in others}
    files = [file for build in {before.build_of[day] for day in others} for file in before.counts[build]]
    assert {name: after.files[name] for name in files} == {name: before.files[name] for name in files}


@pytest.fixture(scope="module")
def world() -> dict[str, pa.Table]:
    return known_by_all(small_world(3, shipments=1500, days=45))


def known_by_all(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    return {**tables, **known_by(tables, UNTIL)}


@pytest.fixture(scope="module")
def network(world):
    return network_of_tables(world)


@pytest.fixture(scope="module")
def expected(world, network):
    return levels_of(sketches_of_arrays(world, network, UNTIL), list(FAMILIES))


@pytest.fixture(scope="module")
def full(world, network, tmp_path_factory):
    store = tmp_path_factory.mktemp("full")
    build(store, Batch(world["shipments"], world["scans"], UNTIL), network, ENGINE)
    return store


@pytest.fixture
def early(world, network, tmp_path):
    """Return a store that knows what was recorded up to `BEFORE`."""
    known = known_by(world, BEFORE)
    build(tmp_path / "store", Batch(known["shipments"], known["scans"], BEFORE), network, ENGINE)
    return tmp_path / "store"


def test_a_full_build_equals_the_arrays(full, expected):
    found = sketches_of_store(full)
    check_same(found, expected)
    assert not any(repeats(level) for levels in found.values() for level in levels)


def test_parcels_that_hardly_share_a_story_are_not_added_up_on_their_narrowest_keys(
    world, network, expected, tmp_path, monkeypatch
):
    monkeypatch.setattr(counting, "MANY", 1)
    build(tmp_path, Batch(world["shipments"], world["scans"], UNTIL), network, ENGINE)
    found = sketches_of_store(tmp_path)
    check_same(found, expected)
    repeated = {name: [repeats(level) for level in levels] for name, levels in found.items()}
    assert repeated["lead"][-1] > 0
    assert repeated["handling"] == [0] * len(repeated["handling"])
    assert not any(any(wider) for *wider, _ in repeated.values())


def test_day_by_day_equals_a_full_build_and_leaves_earlier_days_alone(early, world, network, expected):
    before = known_of(early)
    for today in range(BEFORE + 1, UNTIL + 1):
        assert build(early, batch_of(world, today, today), network, ENGINE) == (today,)
    check_same(sketches_of_store(early), expected)
    check_untouched(early, before, ())


def test_a_day_looks_at_no_settled_parcel(early, world, network):
    manifest = read_manifest(early)
    for one in manifest.settled:
        (early / one).unlink()
    build(early, batch_of(world, BEFORE + 1, BEFORE + 1), network, ENGINE)


def test_late_records_open_only_the_days_they_touch(world, network, expected, tmp_path):
    # What was ordered in two hours of January reaches us only now, with scans that were recorded then.
    ordered, first = world["shipments"]["ordered_at"], pa.scalar(datetime(2026, 1, 27, 9, tzinfo=UTC))
    is_late = pc.and_(
        pc.greater_equal(ordered, first), pc.less(ordered, pa.scalar(datetime(2026, 1, 27, 11, tzinfo=UTC)))
    )
    late, in_time = world["shipments"].filter(is_late), world["shipments"].filter(pc.invert(is_late))
    of_late = pc.is_in(world["scans"]["shipment_id"], late["shipment_id"].combine_chunks())
    build(tmp_path, Batch(in_time, world["scans"].filter(pc.invert(of_late)), UNTIL), network, ENGINE)
    before = known_of(tmp_path)
    days = build(tmp_path, Batch(late, world["scans"].filter(of_late), UNTIL), network, ENGINE)
    check_same(sketches_of_store(tmp_path), expected)
    assert min(days) >= day("2026-01-26")
    assert max(days) < UNTIL - 10
    check_untouched(tmp_path, before, days)


def test_a_correction_of_a_settled_parcel_counts_anew_from_where_the_stories_part(full, world, network, tmp_path):
    shipments = world["shipments"]
    row = next(
        row
        for row, at in enumerate(shipments["delivered_at"].to_pylist())
        if at is not None and 20 < (day_of(UNTIL) - at.date()).days < 25
    )
    later = timedelta(days=2)
    corrected = changed(shipments, row, delivered_at=later, delivered_recorded_at=later)
    known = Batch(world["shipments"], world["scans"], UNTIL)
    build(tmp_path, known, network, ENGINE)
    before = known_of(tmp_path)
    days = build(tmp_path, Batch(corrected.slice(row, 1), world["scans"].slice(0, 0), UNTIL), network, ENGINE)
    at = shipments["delivered_recorded_at"][row].as_py()
    assert day(f"{at:%Y-%m-%d}") - 1 <= min(days)
    assert max(days) <= day(f"{at + later:%Y-%m-%d}") + 3
    told = levels_of(sketches_of_arrays({**world, "shipments": corrected}, network, UNTIL), list(FAMILIES))
    check_same(sketches_of_store(tmp_path), told)
    check_untouched(tmp_path, before, days)


def test_scans_that_were_forgotten_find_their_settled_parcels(full, world, network, expected, tmp_path):
    settled = pq.read_table(full / read_manifest(full).settled[0])["shipment_id"].slice(0, 20)
    is_forgotten = pc.and_(
        pc.is_in(world["scans"]["shipment_id"], settled.combine_chunks()),
        pc.is_in(world["scans"]["code"], pa.array(["handed_over", "origin_scan", "hub_arrival"])),
    )
    kept, forgotten = world["scans"].filter(pc.invert(is_forgotten)), world["scans"].filter(is_forgotten)
    build(tmp_path, Batch(world["shipments"], kept, UNTIL), network, ENGINE)
    before = known_of(tmp_path)
    days = build(tmp_path, Batch(world["shipments"].slice(0, 0), forgotten, UNTIL), network, ENGINE)
    check_same(sketches_of_store(tmp_path), expected)
    check_untouched(tmp_path, before, days)


def test_a_parcel_of_which_all_is_known_settles_once_every_calendar_has_been_open(full):
    # All calendars were open on the Thursday, and all but one on the Friday that is the last day.
    parcels = (
        pq.read_table(full / read_manifest(full).open).to_pandas().drop(columns=["shipment_id", "cancelled_known"])
    )
    known = parcels[(parcels != UNKNOWN).all(axis=1)]
    days = known[["dispatch_on", "dispatched_on", "delivered_on", "known_day", "dispatched_known", "delivered_known"]]
    assert set(days.max(axis=1)) == {UNTIL}


def test_the_same_batch_again_changes_nothing(early, world, network):
    before = (early / "manifest.json").read_bytes(), files_of(early)
    known = known_by(world, BEFORE)
    assert build(early, Batch(known["shipments"], known["scans"], BEFORE), network, ENGINE) == ()
    assert ((early / "manifest.json").read_bytes(), files_of(early)) == before
    assert {str(path.relative_to(early)) for path in early.rglob("*.parquet")} == set(before[1])


def test_a_build_that_is_killed_changes_nothing_and_run_again_gives_the_same(early, world, network, expected, tmp_path):
    for name in ("shipments", "scans", "origins", "carriers"):
        pq.write_table(world[name], tmp_path / f"{name}.parquet")
    before = files_of(early)
    code = (
        "import sys; from pathlib import Path; import pyarrow.parquet as pq\n"
        "from tests.features.engine.stores import batch_of, network_of_tables\n"
        "from features.engine.daily import build; from features.engine.duck import DuckDB\n"
        "folder, store, since, until = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])\n"
        "tables = {n: pq.read_table(folder / f'{n}.parquet') for n in ('shipments', 'scans', 'origins', 'carriers')}\n"
        "build(store, batch_of(tables, since, until), network_of_tables(tables), DuckDB())\n"
    )
    asked = [sys.executable, "-c", code, str(tmp_path), str(early), str(BEFORE + 1), str(UNTIL)]
    process = subprocess.Popen(asked)
    while process.poll() is None and not list(early.glob("days/2/*.parquet")):
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert process.returncode != 0
    assert files_of(early) == before
    build(early, batch_of(world, BEFORE + 1, UNTIL), network, ENGINE)
    check_same(sketches_of_store(early), expected)


def test_little_memory_is_enough(world, network, expected, tmp_path):
    engine = DuckDB("60MB", tmp_path / "spill")
    build(tmp_path / "store", Batch(world["shipments"], world["scans"], UNTIL), network, engine)
    check_same(sketches_of_store(tmp_path / "store"), expected)


def test_a_shop_without_scans_counts_what_it_knows(world, network, expected, tmp_path):
    build(tmp_path, Batch(world["shipments"], until=UNTIL), network, ENGINE)
    check_same(sketches_of_store(tmp_path), {name: expected[name] for name in ("lead", "handling")})


def test_nothing_but_returns_is_refused(world, network, tmp_path):
    with pytest.raises(DataError, match=r"no shipments but returns.*To do: "):
        build(tmp_path, Batch(world["shipments"].slice(0, 0)), network, ENGINE)


def test_a_manifest_of_another_version_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text('{"format": 0}', encoding="utf-8")
    with pytest.raises(DataError, match=r"format 0; expected 5.*build again"):
        read_manifest(tmp_path)
