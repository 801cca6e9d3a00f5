"""What became of the deliveries of an endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from serving.stores.deliveries import DEAD, DELIVERED, PENDING
from serving.stores.schema import deliveries, events

RECENT = 100


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivery: what was sent and how the last attempt went; `due_at` is that of the next attempt."""

    seq: int
    event_id: str
    type: str
    shipment_id: str | None
    created_at: datetime
    state: str
    attempts: int
    due_at: datetime
    first_tried_at: datetime | None
    last_tried_at: datetime | None
    last_status: int | None
    last_error: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Deliveries by state, and which share of the attempts at the last RECENT tried deliveries succeeded."""

    pending: int
    delivered: int
    dead: int
    success_share: float | None


def read_history(
    connection: Connection, endpoint_id: str, state: str | None, before: int | None, limit: int
) -> Sequence[Delivered]:
    """Return up to `limit` deliveries of an endpoint, the newest event first, of events before a number."""
    tables = {name: events.c if name in events.c and name != "seq" else deliveries.c for name in Delivered.__slots__}
    query = select(*(tables[name][name] for name in Delivered.__slots__)).join(events, events.c.seq == deliveries.c.seq)
    query = query.where(deliveries.c.endpoint_id == endpoint_id)
    if state is not None:
        query = query.where(deliveries.c.state == state)
    if before is not None:
        query = query.where(deliveries.c.seq < before)
    rows = connection.execute(query.order_by(deliveries.c.seq.desc()).limit(limit))
    return [Delivered(*row) for row in rows]


def tally(connection: Connection, endpoint_id: str) -> Tally:
    """Count the deliveries of an endpoint."""
    mine = deliveries.c.endpoint_id == endpoint_id
    states = select(deliveries.c.state, func.count().label("many")).where(mine).group_by(deliveries.c.state)
    counts = {row.state: row.many for row in connection.execute(states)}
    tried = select(deliveries.c.state, deliveries.c.attempts).where(mine, deliveries.c.attempts > 0)
    recent = connection.execute(tried.order_by(deliveries.c.seq.desc()).limit(RECENT)).all()
    attempts = sum(row.attempts for row in recent)
    share = sum(row.state == DELIVERED for row in recent) / attempts if attempts else None
    return Tally(counts.get(PENDING, 0), counts.get(DELIVERED, 0), counts.get(DEAD, 0), share)
