"""Scans in the database: each event once, and with it the news for the parcels that it concerns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from parcelcast.tracking.scan import Scan
from serving.stores.schema import EPOCH, MICROSECOND, NO_TABLE_KNEW, refused, scans

REFUSED_BYTES = 2_048

_COLUMNS = tuple(column.name for column in scans.columns if column.name != "seq")
_TYPES = {"occurred_at": "timestamptz", "recorded_at": "timestamptz", "utc_offset_min": "int", "leg": "int"}
_INTO_SCANS = f"insert into scans ({', '.join(_COLUMNS)})"
_NEWS = """
insert into work (shipment_id, due_at, revision)
select distinct numbers.shipment_id, {now}, 1 from {fresh} as fresh join numbers using (carrier, tracking_number)
where true order by 1
on conflict (shipment_id) do update set
due_at = case when work.due_at < excluded.due_at then work.due_at else excluded.due_at end,
revision = work.revision + 1
"""

_SQLITE_INSERT = f"{_INTO_SCANS} values ({', '.join('?' * len(_COLUMNS))}) on conflict (scan_id) do nothing"
_SQLITE_NEWS = _NEWS.format(now="?", fresh="(select carrier, tracking_number from scans where seq > ?)")
# One statement, one way there and back. What is inserted is ordered, so that two servers with the same scans wait for
# each other and do not lock each other out. Registering a parcel takes the same lock alone: otherwise a scan and the
# parcel's number could be written at once, and neither would see the other.
_POSTGRESQL = f"""
with fresh as (
    {_INTO_SCANS}
    select * from unnest({", ".join(f"%s::{_TYPES.get(name, 'text')}[]" for name in _COLUMNS)})
    as told ({", ".join(_COLUMNS)}) order by scan_id
    on conflict (scan_id) do nothing returning scan_id, carrier, tracking_number
), news as ({_NEWS.format(now="%s::timestamptz", fresh="fresh")})
select scan_id from fresh
"""  # noqa: S608 - made of our own column names
PARCELS_LOCK = 7_202_612


@dataclass(frozen=True, slots=True)
class Recorded:
    """The ids of the scans that were new, and how many were told again."""

    new: frozenset[str]
    duplicates: int

    @property
    def accepted(self) -> int:
        """How many scans were new."""
        return len(self.new)


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that is no scan, as it came (its first 2048 bytes are kept), and what is wrong with it."""

    source: str
    content: bytes
    problem: str


@dataclass(frozen=True, slots=True)
class UnknownCode:
    """A raw code that no table knew: how many scans had it, and the text of one of them."""

    carrier: str
    raw_code: str
    source: str | None
    count: int
    example: str | None


def record_scans(connection: Connection, told: Sequence[Scan], now: datetime) -> Recorded:
    """Keep the scans that are new; their parcels are due at once, with a higher revision. `now` is aware."""
    if not told:
        return Recorded(frozenset(), 0)
    found = _in_sqlite(connection, told, now) if _is_sqlite(connection) else _in_postgresql(connection, told, now)
    new = frozenset(found)
    return Recorded(new, len(told) - len(new))


def refuse(connection: Connection, rows: Sequence[Refused], now: datetime) -> None:
    """Set aside what could not be used."""
    if rows:
        connection.execute(
            insert(refused),
            [
                {
                    "received_at": now,
                    "source": row.source,
                    "content": row.content[:REFUSED_BYTES],
                    "problem": row.problem,
                }
                for row in rows
            ],
        )


def unknown_codes(connection: Connection, limit: int) -> list[UnknownCode]:
    """Count the codes that no table knew, the most frequent first, by carrier and source."""
    count = func.count().label("count")
    by = (scans.c.carrier, scans.c.raw_code, scans.c.source)
    query = select(*by, count, func.min(scans.c.raw_text)).where(NO_TABLE_KNEW).group_by(*by)
    return [UnknownCode(*row) for row in connection.execute(query.order_by(count.desc(), *by).limit(limit))]


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _in_sqlite(connection: Connection, told: Sequence[Scan], now: datetime) -> list[str]:
    # Writers take turns, so what has a higher number than before is ours.
    before = connection.exec_driver_sql("select coalesce(max(seq), 0) from scans").scalar_one()
    rows = [
        (*row[:4], (row[4] - EPOCH) // MICROSECOND, (row[5] - EPOCH) // MICROSECOND, *row[6:])
        for row in map(_values, told)
    ]
    connection.exec_driver_sql(_SQLITE_INSERT, rows)
    found = connection.exec_driver_sql("select scan_id from scans where seq > ?", (before,)).scalars().all()
    if found:
        connection.exec_driver_sql(_SQLITE_NEWS, ((now - EPOCH) // MICROSECOND, before))
    return list(found)


def _in_postgresql(connection: Connection, told: Sequence[Scan], now: datetime) -> list[str]:
    connection.exec_driver_sql(f"select pg_advisory_xact_lock_shared({PARCELS_LOCK})")
    columns = [list(column) for column in zip(*map(_values, told), strict=True)]
    return list(connection.exec_driver_sql(_POSTGRESQL, (*columns, now)).scalars().all())


def _values(scan: Scan) -> tuple[Any, ...]:
    """Values of a scan in the order of the table's columns."""
    return (
        scan.scan_id,
        scan.carrier,
        scan.tracking_number,
        scan.code,
        scan.occurred_at,
        scan.recorded_at,
        scan.utc_offset_min,
        scan.reason,
        scan.party,
        scan.facility_id,
        scan.country,
        scan.place,
        scan.raw_code,
        scan.raw_text,
        scan.leg,
        scan.source,
        scan.map_version,
        scan.replaces,
        ",".join(scan.doubts) or None,
    )
