"""What is forgotten of parcels of which nobody has told anything for long, and of scans that never had a parcel."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, select, tuple_

from parcelcast.tracking.scan import Number
from serving.stores.among import among
from serving.stores.scans import PARCELS_LOCK
from serving.stores.schema import alerts, deliveries, etas, events, links, numbers, scans, shipments, work

# Scans wait while parcels are removed.
PARCELS, STRAYS = 100, 500
# A parcel's place in the order in which shops last told of them.
Place = tuple[datetime, str]


def remove_parcels(
    connection: Connection, before: datetime, after: Place | None = None, most: int = PARCELS
) -> Place | None:
    """Look at up to `most` parcels after a place, and remove those that were last told of and looked at before then.

    A parcel that waits for a look stays, and so does the one of the newest event. With the others goes all that was
    kept of them: scans, but not of a number that another parcel has too, alerts and their events, delivered or not, and
    the history of dates. Return the place to go on after, None when the shop has told of all others since.
    """
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({PARCELS_LOCK})")
    place = shipments.c.updated_at, shipments.c.shipment_id
    page = select(*place).where(shipments.c.updated_at < before).order_by(*place).limit(most)
    if after is not None:
        page = page.where(tuple_(*place) > after)
    rows = connection.execute(page).all()
    if not rows:
        return None
    _remove(connection, _forgotten(connection, before, [row.shipment_id for row in rows]))
    return rows[-1].updated_at, rows[-1].shipment_id


def remove_strays(connection: Connection, before: datetime, after: int = 0, most: int = STRAYS) -> int | None:
    """Look at up to `most` scans after a number, and remove those from before an instant that belong to no parcel.

    Return the number to go on after, None when nothing of the page was old.
    """
    page = select(scans.c.seq, scans.c.recorded_at).where(scans.c.seq > after).order_by(scans.c.seq).limit(most)
    rows = connection.execute(page).all()
    old = [row.seq for row in rows if row.recorded_at < before]
    if not old:
        return None
    is_told = exists().where(numbers.c.carrier == scans.c.carrier, numbers.c.tracking_number == scans.c.tracking_number)
    connection.execute(delete(scans).where(scans.c.seq.in_(old), ~is_told))
    return int(rows[-1].seq)


def _forgotten(connection: Connection, before: datetime, shipment_ids: Sequence[str]) -> list[str]:
    """Return those of the parcels that nobody waits for, and of which nothing was told since."""
    this = shipments.c.shipment_id
    is_awaited = exists().where(work.c.shipment_id == this)
    told = and_(scans.c.carrier == numbers.c.carrier, scans.c.tracking_number == numbers.c.tracking_number)
    is_heard_of = exists().where(numbers.c.shipment_id == this, told, scans.c.recorded_at >= before)
    # As in `serving.stores.retention`: its number would be given again.
    newest = select(func.max(events.c.seq)).scalar_subquery()
    has_newest = exists().where(events.c.shipment_id == this, events.c.seq == newest)
    found = select(this).where(
        among(connection, this, shipment_ids),
        func.coalesce(shipments.c.computed_at, shipments.c.updated_at) < before,
        ~is_awaited,
        ~is_heard_of,
        ~has_newest,
    )
    return list(connection.execute(found.order_by(this)).scalars())


def _remove(connection: Connection, shipment_ids: Sequence[str]) -> None:
    """Remove parcels and all that is theirs alone."""
    own = [{"of_carrier": one.carrier, "number": one.tracking_number} for one in _own(connection, shipment_ids)]
    if own:
        for carrier, number in (
            (scans.c.carrier, scans.c.tracking_number),
            (links.c.predecessor_carrier, links.c.predecessor),
            (links.c.successor_carrier, links.c.successor),
        ):
            this = carrier == bindparam("of_carrier"), number == bindparam("number")
            connection.execute(delete(carrier.table).where(*this), own)
    told = select(events.c.seq).where(among(connection, events.c.shipment_id, shipment_ids))
    connection.execute(delete(deliveries).where(deliveries.c.seq.in_(told)))
    for table in (events, alerts, etas, numbers, shipments):
        connection.execute(delete(table).where(among(connection, table.c.shipment_id, shipment_ids)))


def _own(connection: Connection, shipment_ids: Sequence[str]) -> list[Number]:
    """Return the numbers that no other parcel has."""
    other = numbers.alias()
    is_shared = exists().where(
        other.c.carrier == numbers.c.carrier,
        other.c.tracking_number == numbers.c.tracking_number,
        ~among(connection, other.c.shipment_id, shipment_ids),
    )
    number = numbers.c.carrier, numbers.c.tracking_number
    mine = select(*number).where(among(connection, numbers.c.shipment_id, shipment_ids), ~is_shared)
    return [Number(*row) for row in connection.execute(mine.distinct().order_by(*number))]
