"""The feed: events in the order in which they became visible, until retention removes them, and their alerts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from parcelcast.errors import NotFound
from serving.stores.schema import alerts, events


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the feed: CloudEvents as JSON, the number to go on after, and whether there is more already."""

    bodies: Sequence[str]
    after: int
    more: bool


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert and the CloudEvents that told of it, the oldest first of those that are kept."""

    alert_id: str
    shipment_id: str
    merchant_id: str
    incident: str
    type: str
    state: str
    revision: int
    opened_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    bodies: Sequence[str] = ()


def read_page(
    connection: Connection, after: int, limit: int, types: Collection[str] | None, shipment_id: str | None
) -> Page:
    """Return up to `limit` events after a number, of these types and this parcel if any are named.

    Without more it goes on after the last event of all, so that who wants few does not search in vain again.
    """
    # Asked first: what becomes visible after this is on a later page.
    last = connection.execute(select(func.max(events.c.seq))).scalar() or 0
    wanted = select(events.c.seq, events.c.body).where(
        events.c.seq > after, events.c.seq <= last, events.c.alert_id.is_not(None)
    )
    if types is not None:
        wanted = wanted.where(events.c.type.in_(types))
    if shipment_id is not None:
        wanted = wanted.where(events.c.shipment_id == shipment_id)
    rows = connection.execute(wanted.order_by(events.c.seq).limit(limit + 1)).all()
    if len(rows) > limit:
        return Page([row.body for row in rows[:limit]], rows[limit - 1].seq, more=True)
    return Page([row.body for row in rows], max(after, last), more=False)


def read_alert(connection: Connection, alert_id: str) -> StoredAlert:
    """Return an alert with its events; NotFound when there is none."""
    columns = [alerts.c[name] for name in StoredAlert.__slots__ if name != "bodies"]
    row = connection.execute(select(*columns).where(alerts.c.alert_id == alert_id)).mappings().first()
    if row is None:
        raise NotFound(f"no alert has the id {alert_id!a:.60}; expected the alert_id of an event")
    told = select(events.c.body).where(events.c.alert_id == alert_id).order_by(events.c.seq)
    return StoredAlert(**row, bodies=connection.execute(told).scalars().all())


def acknowledge(connection: Connection, alert_id: str, key_id: str, now: datetime) -> StoredAlert:
    """Note who saw an alert first, and return it; again changes nothing. NotFound when there is none."""
    fresh = update(alerts).where(alerts.c.alert_id == alert_id, alerts.c.acknowledged_at.is_(None))
    connection.execute(fresh.values(acknowledged_at=now, acknowledged_by=key_id))
    return read_alert(connection, alert_id)
