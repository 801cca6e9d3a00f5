"""What goes from the database when it is old: deliveries that arrived, events nobody waits for, what was refused."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, exists, func, select, tuple_

from serving.stores.schema import alerts, deliveries, events, refused

BATCH = 500


def remove_events(connection: Connection, before: datetime, after: int = 0, most: int = BATCH) -> int | None:
    """Look at up to `most` events after a number, and remove of those from before an instant what is done.

    A delivery goes that arrived before it; pending ones and dead letters stay. An event goes when no delivery of it is
    left and its alert is not open. Return the number to go on after, None when nothing of the page was old. What others
    have locked is passed over, so that any number may do this at once.
    """
    page = select(events.c.seq, events.c.created_at).where(events.c.seq > after).order_by(events.c.seq).limit(most)
    rows = connection.execute(page.with_for_update(skip_locked=True)).all()
    old = [row.seq for row in rows if row.created_at < before]
    if not old:
        return None
    _remove_arrived(connection, old, before)
    is_open = exists().where(alerts.c.alert_id == events.c.alert_id, alerts.c.state == "open")
    is_sent = exists().where(deliveries.c.seq == events.c.seq)
    # The newest stays: SQLite would give its number again, and readers of the feed are past it.
    newest = select(func.max(events.c.seq)).scalar_subquery()
    connection.execute(delete(events).where(events.c.seq.in_(old), events.c.seq < newest, ~is_open, ~is_sent))
    return int(rows[-1].seq)


def remove_refused(connection: Connection, before: datetime, most: int = BATCH) -> int:
    """Remove up to `most` refused rows from before an instant, the oldest first; return how many went."""
    first = select(func.min(refused.c.seq)).scalar_subquery()
    old = select(refused.c.seq).where(refused.c.seq < first + most, refused.c.received_at < before)
    found = connection.execute(old.with_for_update(skip_locked=True)).scalars().all()
    if found:
        connection.execute(delete(refused).where(refused.c.seq.in_(found)))
    return len(found)


def _remove_arrived(connection: Connection, seqs: Sequence[int], before: datetime) -> None:
    """Remove the deliveries of events that arrived before an instant, in one statement however many they are."""
    key = deliveries.c.endpoint_id, deliveries.c.seq
    arrived = select(*key).where(
        deliveries.c.seq.in_(seqs), deliveries.c.state == "delivered", deliveries.c.ended_at < before
    )
    connection.execute(delete(deliveries).where(tuple_(*key).in_(arrived.with_for_update(skip_locked=True))))
