"""How far files of scans have been read: written with the scans themselves, so that none is skipped."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, text

from serving.stores.schema import Instant, drops

_KEEP = text(
    "insert into drops (drop_id, name, bytes_done, lines_done, refused, started_at, finished_at, digest) "
    "values (:drop_id, :name, :bytes_done, :lines_done, :refused, :now, :finished_at, :digest) "
    "on conflict (drop_id) do update set bytes_done = excluded.bytes_done, lines_done = excluded.lines_done, "
    "refused = excluded.refused, finished_at = excluded.finished_at, digest = excluded.digest"
).bindparams(bindparam("now", type_=Instant), bindparam("finished_at", type_=Instant))


@dataclass(frozen=True, slots=True)
class Drop:
    """A file and how far it has been read: bytes (unpacked), rows, and how many of those were refused.

    `digest` is of those bytes; None when nothing was read, or by a version that kept none.
    """

    drop_id: str
    name: str
    bytes_done: int = 0
    lines_done: int = 0
    refused: int = 0
    finished_at: datetime | None = None
    digest: str | None = None


def find_drop(connection: Connection, drop_id: str) -> Drop | None:
    """Return how far a file has been read; None when it is new."""
    columns = [drops.c[name] for name in Drop.__dataclass_fields__]
    row = connection.execute(select(*columns).where(drops.c.drop_id == drop_id)).one_or_none()
    return None if row is None else Drop(*row)


def keep_drop(connection: Connection, drop: Drop, now: datetime) -> None:
    """Keep how far a file has been read."""
    values = {name: getattr(drop, name) for name in Drop.__dataclass_fields__}
    connection.execute(_KEEP, values | {"now": now})
