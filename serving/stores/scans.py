"""Scans in the database: each event once, and with it the news for the parcels that it concerns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import Connection, func, insert, select

from parcelcast.tracking.scan import Scan
from serving.stores.schema import EPOCH, MICROSECOND, NO_TABLE_KNEW, refused, scans

REFUSED_BYTES = 2_048
PROBLEM_CHARACTERS = 1_000

_COLUMNS = tuple(column.name for column in scans.columns if column.name != "seq")
_INTO_SCANS = f"insert into scans ({', '.join(_COLUMNS)})"
_NEWS = """
insert into work (shipment_id, due_at, revision)
select distinct numbers.shipment_id, {now}, 1 from {fresh} as fresh join numbers using (carrier, tracking_number)
where true order by 1
on conflict (shipment_id) do update set
due_at = case when work.due_at < excluded.due_at then work.due_at else excluded.due_at end,
revision = work.revision + 1
"""

# Many rows in one statement: during each, other threads of the process go on, and the writer waits until they let it go
# on too. With one statement a row it would wait for the readers of the next scans after every row.
_SQLITE_ROWS = 500
_PLACES = f"({', '.join('?' * len(_COLUMNS))})"
_SQLITE_NEW = "select json_group_array(scan_id) from scans where seq > ?"
_SQLITE_NEWS = _NEWS.format(now="?", fresh="(select carrier, tracking_number from scans where seq > ?)")
# One statement, one way there and back, with the scans as JSON: that is several times quicker than as parameters. What
# is inserted is ordered, so that two servers with the same scans wait for each other and do not lock each other out.
# Registering a parcel takes the same lock alone: otherwise a scan and the parcel's number could be written at once, and
# neither would see the other.
_TYPES = {"occurred_at": "timestamptz", "recorded_at": "timestamptz", "utc_offset_min": "int", "leg": "int"}
_TYPES |= {"doubts": "text[]"}
_POSTGRESQL = f"""
with fresh as (
    {_INTO_SCANS}
    select {", ".join(name for name in _COLUMNS if name != "doubts")}, nullif(array_to_string(doubts, ','), '')
    from json_to_recordset(%s::json) as told ({", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _COLUMNS)})
    order by scan_id on conflict (scan_id) do nothing returning scan_id, carrier, tracking_number
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
    """Something that is no scan, as it came, and what is wrong with it: 2048 bytes and 1000 characters are kept."""

    source: str
    content: bytes
    problem: str


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """What is told of something that was set aside: nothing of its content."""

    seq: int
    received_at: datetime
    source: str
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
                    "problem": _told(row.problem),
                }
                for row in rows
            ],
        )


def _told(problem: str) -> str:
    r"""Cut a text to what is kept, and escape what not every database can keep: a pointer names whatever was sent.

    >>> _told("/a\0b\ud800: unknown")
    '/a\\x00b\\ud800: unknown'
    """
    escaped = problem[:PROBLEM_CHARACTERS].replace("\0", r"\x00").encode(errors="backslashreplace").decode()
    return escaped[:PROBLEM_CHARACTERS]


def read_refused(connection: Connection, before: int | None, limit: int) -> list[RefusedRow]:
    """Return what was set aside, the newest first; with `before` only what has a lower number."""
    query = select(*(refused.c[name] for name in RefusedRow.__dataclass_fields__))
    if before is not None:
        query = query.where(refused.c.seq < before)
    return [RefusedRow(*row) for row in connection.execute(query.order_by(refused.c.seq.desc()).limit(limit))]


def unknown_codes(connection: Connection, limit: int) -> list[UnknownCode]:
    """Count the codes that no table knew, the most frequent first, by carrier and source."""
    count = func.count().label("count")
    carrier = func.coalesce(scans.c.told_carrier, scans.c.carrier).label("told")
    by = (carrier, scans.c.raw_code, scans.c.source)
    query = select(*by, count, func.min(scans.c.raw_text)).where(NO_TABLE_KNEW).group_by(*by)
    return [UnknownCode(*row) for row in connection.execute(query.order_by(count.desc(), *by).limit(limit))]


# The columns before and after the two instants; `doubts` is the last.
_before = attrgetter(*_COLUMNS[: _COLUMNS.index("occurred_at")])
_after = attrgetter(*_COLUMNS[_COLUMNS.index("recorded_at") + 1 : -1])


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _in_sqlite(connection: Connection, told: Sequence[Scan], now: datetime) -> list[str]:
    # Writers take turns, so what has a higher number than before is ours.
    before = connection.exec_driver_sql("select coalesce(max(seq), 0) from scans").scalar_one()
    for start in range(0, len(told), _SQLITE_ROWS):
        rows = told[start : start + _SQLITE_ROWS]
        connection.exec_driver_sql(_sqlite_insert(len(rows)), tuple(chain.from_iterable(map(_sqlite_values, rows))))
    found: list[str] = orjson.loads(connection.exec_driver_sql(_SQLITE_NEW, (before,)).scalar_one())
    if found:
        connection.exec_driver_sql(_SQLITE_NEWS, (_microseconds(now), before))
    return found


@lru_cache(_SQLITE_ROWS)
def _sqlite_insert(rows: int) -> str:
    return f"{_INTO_SCANS} values {', '.join([_PLACES] * rows)} on conflict (scan_id) do nothing"


def _in_postgresql(connection: Connection, told: Sequence[Scan], now: datetime) -> list[str]:
    connection.exec_driver_sql(f"select pg_advisory_xact_lock_shared({PARCELS_LOCK})")
    return list(connection.exec_driver_sql(_POSTGRESQL, (orjson.dumps(told).decode(), now)).scalars().all())


def _sqlite_values(scan: Scan) -> tuple[Any, ...]:
    instants = _microseconds(scan.occurred_at), _microseconds(scan.recorded_at)
    return *_before(scan), *instants, *_after(scan), ",".join(scan.doubts) or None


def _microseconds(instant: datetime) -> int:
    return (instant - EPOCH) // MICROSECOND
