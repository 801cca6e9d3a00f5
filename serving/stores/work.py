"""The queue of parcels to look at: news makes them due, workers take them by leases, and each is done once.

Rows are always locked in the order of their ids, and a parcel's `shipments` row before its `work` row, so that nobody
waits for each other in a circle.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import ColumnElement, Connection, bindparam, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from serving.stores.among import among
from serving.stores.schema import shipments, work

# As in `serving.stores.etas`: one statement for all rows.
_LATER_POSTGRESQL = """
update work set
    due_at = case when work.revision = told.at_revision then told.next else work.due_at end,
    lease = null, leased_until = null, failures = 0
from json_to_recordset(%s::json) as told ("of" text, at_revision bigint, next timestamptz)
where work.shipment_id = told."of"
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A parcel taken by a lease, the `revision` of its news by then, and how often looking at it failed in a row."""

    shipment_id: str
    revision: int
    failures: int


@dataclass(frozen=True, slots=True)
class Queue:
    """How much there is to do: parcels that are awaited, those due, failing ones, and since when the oldest is due."""

    awaited: int
    due: int
    failing: int
    oldest_due_at: datetime | None


def mark_due(connection: Connection, shipment_ids: Iterable[str], now: datetime) -> None:
    """Tell that there is news of these parcels, in the transaction that keeps the news; they must be in `shipments`."""
    rows = [{"shipment_id": one, "due_at": now, "revision": 1} for one in sorted(set(shipment_ids))]
    if not rows:
        return
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    news = insert(work)
    earlier = case((work.c.due_at < news.excluded.due_at, work.c.due_at), else_=news.excluded.due_at)
    told = news.on_conflict_do_update(
        index_elements=[work.c.shipment_id], set_={"due_at": earlier, "revision": work.c.revision + 1}
    )
    connection.execute(told, rows)


def anything_due(connection: Connection, now: datetime) -> bool:
    """Tell whether a claim would find something; it only reads."""
    return connection.execute(select(work.c.shipment_id).where(*_free(now)).limit(1)).first() is not None


def claim(connection: Connection, now: datetime, lease: str, until: datetime, limit: int) -> list[Claim]:
    """Take parcels that are due, the longest due first; nobody else gets them until the lease ends or is given back.

    ``lease`` is new for each claim.
    """
    found = connection.execute(
        select(work.c.shipment_id, work.c.revision, work.c.failures)
        .where(*_free(now))
        .order_by(work.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if found:
        taken = update(work).where(among(connection, work.c.shipment_id, [row.shipment_id for row in found]))
        connection.execute(taken.values(lease=lease, leased_until=until))
    return [Claim(row.shipment_id, row.revision, row.failures) for row in found]


def hold(connection: Connection, lease: str, shipment_ids: Sequence[str]) -> set[str]:
    """Lock these parcels until the transaction ends, and return those of which the lease is still one's own."""
    wanted = sorted(shipment_ids)
    connection.execute(
        select(shipments.c.shipment_id)
        .where(among(connection, shipments.c.shipment_id, wanted))
        .order_by(shipments.c.shipment_id)
        .with_for_update(key_share=True)
    ).all()
    held = select(work.c.shipment_id).where(among(connection, work.c.shipment_id, wanted), work.c.lease == lease)
    return set(connection.execute(held.order_by(work.c.shipment_id).with_for_update()).scalars())


def finish(connection: Connection, claims: Iterable[Claim], next_looks: Mapping[str, datetime | None]) -> None:
    """Give back parcels that are held (see `hold`): due again at their next look, gone from the queue where it is None.

    A parcel of which news came since it was claimed stays due.
    """
    done = sorted(claims, key=lambda one: one.shipment_id)
    later = [_key(one) | {"next": next_looks[one.shipment_id]} for one in done if next_looks[one.shipment_id]]
    over = [_key(one) for one in done if next_looks[one.shipment_id] is None]
    same = work.c.revision == bindparam("at_revision")
    this = work.c.shipment_id == bindparam("of")
    if over:
        connection.execute(delete(work).where(this, same), over)
        connection.execute(update(work).where(this).values(_GIVEN_BACK), over)
    if later and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_LATER_POSTGRESQL, (orjson.dumps(later).decode(),))
    elif later:
        due_at = case((same, _NEXT), else_=work.c.due_at)
        connection.execute(update(work).where(this).values(due_at=due_at, **_GIVEN_BACK), later)


def put_off(connection: Connection, lease: str, claims: Iterable[Claim], until: Mapping[str, datetime]) -> None:
    """Give back parcels at which looking failed, to be tried again then; those with news since then stay due."""
    rows = [_key(one) | {"next": until[one.shipment_id]} for one in sorted(claims, key=lambda one: one.shipment_id)]
    if rows:
        due_at = case((work.c.revision == bindparam("at_revision"), _NEXT), else_=work.c.due_at)
        failed = {"due_at": due_at, "lease": None, "leased_until": None, "failures": work.c.failures + 1}
        mine = (work.c.shipment_id == bindparam("of"), work.c.lease == lease)
        connection.execute(update(work).where(*mine).values(failed), rows)


def release(connection: Connection, lease: str) -> None:
    """Give back what is left of a claim, still due."""
    connection.execute(update(work).where(work.c.lease == lease).values(lease=None, leased_until=None))


def with_news(connection: Connection, shipment_ids: Sequence[str], now: datetime) -> set[str]:
    """Return those of the parcels that wait for a look, so that what is stored of them is not the newest."""
    waits = or_(work.c.due_at <= now, work.c.failures > 0)
    found = select(work.c.shipment_id).where(among(connection, work.c.shipment_id, shipment_ids), waits)
    return set(connection.execute(found).scalars())


def queue_of(connection: Connection, now: datetime) -> Queue:
    """Count what there is to do."""
    due = work.c.due_at <= now
    row = connection.execute(
        select(
            func.count(),
            func.count(case((due, 1))),
            func.count(case((work.c.failures > 0, 1))),
            func.min(case((due, work.c.due_at)), type_=work.c.due_at.type),
        ).select_from(work)
    ).one()
    return Queue(*row)


_NEXT = bindparam("next", type_=work.c.due_at.type)
_GIVEN_BACK = {"lease": None, "leased_until": None, "failures": 0}


def _free(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return work.c.due_at <= now, or_(work.c.leased_until.is_(None), work.c.leased_until <= now)


def _key(one: Claim) -> dict[str, object]:
    return {"of": one.shipment_id, "at_revision": one.revision}
