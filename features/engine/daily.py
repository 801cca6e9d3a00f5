"""Daily tables from canonical ones: built in full, or by what a day brought.

A build takes a batch of shipments, new ones and those of which more is known than before, as rows of the canonical
table. What a day counts does not depend on later days, so a batch of one day's records costs that day's work: only
parcels that are open or of the batch are looked at. A batch that tells of earlier days what was not known at the last
build opens these days again, and no others. The first build is a batch of everything.

A shipment's `ordered_at` must not change between batches; where it does, build anew into an empty folder.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa

from features.engine import changes
from features.engine.counting import spells_of, write_counts
from features.engine.dimensions import Asked, Registry, dimension_tables, facility_table
from features.engine.engines import Engine, Session, Source, unbound
from features.engine.families import FAMILIES
from features.engine.lifetables import BASES, bound_table, cells, lives
from features.engine.opening import OpenDayTables
from features.engine.parcels import (
    ARROW,
    FAR,
    PARCELS,
    SCANS,
    STAGES_TOLD,
    announced,
    extent,
    first,
    ids,
    known,
    stages,
)
from features.engine.stages import facility_ids
from features.engine.store import Manifest, locked, read_manifest, sweep, write_manifest
from features.opendays import OpenDays
from features.orders import day_of
from features.table import Network
from parcelcast.errors import DataError, InputError

_WITHOUT_SCANS = ("lead", "handling")


@dataclass(frozen=True)
class Batch:
    """Rows of the canonical tables: shipments that are new or of which more is known, scans that are new.

    Without `scans` (a shop that has none) the families that come from scans are not counted. `until` is the last UTC
    day to be counted, by default the last one of a record of the shipments, which must not lie after `today`.
    """

    shipments: Source
    scans: Source | None = None
    until: int | None = None
    today: int | None = None


def build(store: Path, batch: Batch, network: Network, engine: Engine) -> tuple[int, ...]:
    """Bring the daily tables of a store up to date with a batch.

    Returns the days that were counted. DataError when the batch is empty and nothing was built before; InputError when
    it is to be counted until a day before its first order, or while another process builds. A build that is killed
    changes nothing: the same build run again gives the same tables.
    """
    with locked(store):
        before = read_manifest(store)
        sweep(store, before)
        with engine.session() as session:
            after, days = _build(session, store, _read(session, batch, network, before), before)
        if after is not before:
            write_manifest(store, after)
    return days


@dataclass(frozen=True)
class _Told:
    """A batch that the session knows as tables `announced` and `stages`: days to count, numbers and families in use."""

    first: int
    since: int
    until: int
    registry: Registry
    families: tuple[str, ...]


def _read(session: Session, batch: Batch, network: Network, before: Manifest | None) -> _Told:
    """Turn a batch into tables `announced` and `stages`, and make the calendars known."""
    session.give("shipments", batch.shipments)
    span = session.table(extent()).to_pylist()[0]
    if span["first"] is None:
        if before is None:
            raise DataError("no shipments but returns", file="shipments", remedy="ingest a history with orders")
        span = {"first": before.first + 1, "last": before.until, "ordered": before.until}
    registry = Registry.from_dict(before.registry) if before else Registry()
    # A local day may be one earlier than the UTC day.
    first = min(span["first"] - 1, before.first) if before else span["first"] - 1
    last = span["last"] if batch.until is None else batch.until
    if batch.until is None and batch.today is not None and last > batch.today:
        raise InputError(
            f"a record of {day_of(last)}, which has not come; expected none after {day_of(batch.today)}: mend its "
            "date, or name the last day to be counted (--until)"
        )
    last = max(last, before.until) if before else last
    if last < first:
        raise InputError(f"to be counted until {day_of(last)}; expected {day_of(first + 1)}, the first order, or later")
    families = before.families if before else tuple(FAMILIES) if batch.scans is not None else _WITHOUT_SCANS
    found = session.table(ids())
    if batch.scans is not None:
        session.give("scans", batch.scans)
    with ThreadPoolExecutor(1) as aside:
        # What ids and calendars stand for is looked up while the engine reads the scans, and what it is asked next is
        # translated.
        tables = aside.submit(_looked_up, found, network, registry, (first, last, span["ordered"]))
        if before is None:
            aside.submit(_translate_ahead, session, families)
        if batch.scans is None:
            session.give("stages", _nobody(STAGES_TOLD))
        else:
            session.give("facilities", facility_table(session.table(_hubs())["facility_id"].to_pylist(), registry))
            session.keep("stages", stages())
        for name, table in tables.result().items():
            session.give(name, table)
    since = before.until + 1 if before else first
    session.give("bound", bound_table(since, last))
    # The first build reads them once, when it makes parcels of them.
    hold = session.keep if before else session.define
    hold("announced", announced())
    return _Told(first, since, last, registry, families)


@cache
def _hubs() -> ibis.Table:
    return facility_ids(unbound("scans", SCANS))


def _translate_ahead(session: Session, families: tuple[str, ...]) -> None:
    """Translate what a first build asks for after the scans, where that takes longest."""
    parcels = changes.judged(first(), families)
    session.translate(announced(), parcels, spells_of(families, "current"), lives(), cells())


def _looked_up(
    found: pa.Table, network: Network, registry: Registry, days: tuple[int, int, int]
) -> dict[str, pa.Table]:
    """Return what the ids that were found stand for, and the calendars, from the first of these days to the last."""
    first, last, ordered = days
    asked: dict[str, list[tuple[str, str]]] = {"destination": [], "service": [], "origin": []}
    for kind, one, two in zip(*(found[name].to_pylist() for name in ("kind", "one", "two")), strict=True):
        asked[kind].append((one, two))
    origins = [one for one, _ in asked["origin"]]
    known = Asked(asked["destination"], asked["service"], origins, first, max(last, ordered) + 1)
    tables = dimension_tables(known, network, registry)
    keys = registry.calendar_keys()
    opened = OpenDayTables.of(OpenDays.of(keys, first, last + 1), first, last)
    numbers = np.arange(len(keys), dtype=np.int32)
    columns = (numbers, opened.base, opened.last_open, np.full(len(keys), first, dtype=np.int32))
    bases = pa.table(dict(zip(BASES, columns, strict=True)))
    return {**tables, "days": opened.days, "slots": opened.slots, "bases": bases}


def _build(session: Session, store: Path, told: _Told, before: Manifest | None) -> tuple[Manifest, tuple[int, ...]]:
    """Count the days that the batch touches, and tell what the store holds then."""
    number = before.build + 1 if before else 1
    again: set[int] = set()
    settled: tuple[str, ...] = ()
    if before is None:
        session.keep("current", changes.judged(first(), told.families))
    else:
        told_again, change = _give_current(session, store, told, before)
        if change < told.since:
            again = _touched_again(session, told)
        if change == FAR and told.since > told.until:
            return before, ()
        settled = _not_told(session, store, before.settled, told_again, number)
    counted = _give_counted(session, store, settled) if again and settled else "current"
    days = sorted(again | set(range(told.since, told.until + 1)))
    build_of, counts = (dict(before.days), dict(before.counts)) if before else ({}, {})
    if days:
        written = write_counts(session, told.families, counted, days, told.registry, store / "days" / str(number))
        counts[number] = tuple([str(path.relative_to(store)) for path in written])
        build_of.update(dict.fromkeys(days, number))
    opened, over = _write_parcels(session, store, number)
    after = Manifest(
        first=told.first,
        until=told.until,
        build=number,
        registry=told.registry.to_dict(),
        families=told.families,
        open=opened,
        settled=(*settled, *over),
        days=build_of,
        counts={build: counts[build] for build in sorted(set(build_of.values()))},
    )
    return after, tuple(days)


def _give_current(session: Session, store: Path, told: _Told, before: Manifest) -> tuple[list[str], int]:
    """Make known as table `open` what was known of the parcels that the batch can change, as `current` what is now.

    Returns the settled files with parcels that the batch tells of, and the first day of a record that is known
    otherwise than before.
    """
    session.give("open", [store / before.open])
    session.keep("current", changes.judged(known(), told.families))
    days = session.table(changes.first_days()).to_pylist()[0]
    again = []
    if before.settled and min(days.values()) < told.since and _number(session, changes.perhaps_settled()):
        again = _give_settled(session, store, before.settled)
        session.keep("current", changes.judged(known(), told.families))
        days = session.table(changes.first_days()).to_pylist()[0]
    return again, days["changed"]


def _give_settled(session: Session, store: Path, settled: Sequence[str]) -> list[str]:
    """Add to table `open` the parcels of settled files that the batch tells of; return the files that hold any."""
    again = []
    for file in settled:
        session.give("settled", [store / file])
        session.keep("found", changes.told_again("settled"))
        if not _number(session, unbound("found", PARCELS).count().as_table()):
            continue
        again.append(file)
        session.keep(f"open{len(again)}", ibis.union(unbound("open", PARCELS), unbound("found", PARCELS)))
        session.define("open", unbound(f"open{len(again)}", PARCELS))
    return again


def _not_told(
    session: Session, store: Path, settled: Sequence[str], again: Sequence[str], number: int
) -> tuple[str, ...]:
    """Take the parcels that the batch tells of out of the settled files; return all settled files."""
    files: list[str] = []
    for file in settled:
        name = f"settled/{number}-{len(files)}.parquet"
        if file in again:
            session.give("settled", [store / file])
            session.write(changes.not_told("settled"), store / name)
        files.append(name if file in again else file)
    return tuple(files)


def _number(session: Session, expression: ibis.Table) -> int:
    return int(session.table(expression).column(0)[0].as_py())


def _nobody(columns: Mapping[str, str]) -> pa.Table:
    return pa.table({name: pa.array([], ARROW[kind]) for name, kind in columns.items()})


def _touched_again(session: Session, told: _Told) -> set[int]:
    """Return the days before those of the batch that count otherwise than they did."""
    session.keep("previous", changes.told_again("open"))
    session.keep("fresh", changes.told_again("current"))
    session.define("told_now", changes.told(told.families, "fresh"))
    session.define("told_before", changes.told(told.families, "previous"))
    spans = session.table(changes.touched())
    days: set[int] = set()
    for first_day, last_day in zip(spans["first"].to_pylist(), spans["last"].to_pylist(), strict=True):
        days.update(range(max(first_day, told.first), min(last_day + 1, told.since)))
    return days


def _give_counted(session: Session, store: Path, settled: Sequence[str]) -> str:
    """Make all parcels known that can count on days before those of the batch; return the name of their table."""
    session.give("settled", [store / file for file in settled])
    session.keep("everybody", changes.everybody())
    return "everybody"


def _write_parcels(session: Session, store: Path, number: int) -> tuple[str, tuple[str, ...]]:
    """Write the parcels that are still open, and those that are settled since the last build."""
    opened, over = f"open/{number}.parquet", f"settled/{number}.parquet"
    for name in ("open", "settled"):
        (store / name).mkdir(exist_ok=True)
    session.write(changes.current(is_settled=False), store / opened)
    rows = session.write(changes.current(is_settled=True), store / over)
    return opened, (over,) if rows else ()
