"""What is known of parcels now: the last statement while it is fresh, else a new look that is not kept."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from parcelcast.calendar import local_date
from parcelcast.errors import NotFound
from serving.bundle_sources import ServingBundle
from serving.stores.alerts import OpenAlert, read_open
from serving.stores.database import Database
from serving.stores.etas import DatesRow, read_dates, read_statements
from serving.stores.parcels import StoredParcel, parcels_of_order, read_parcels
from serving.stores.work import with_news
from serving.worker.look import Faced, face, is_awaited, look_at
from serving.worker.peers import PeerDesk
from serving.worker.rounds import dates_row
from serving.worker.stated import Stated

MAX_ORDER_PARCELS = 500


@dataclass(frozen=True)
class Seen:
    """A parcel as it is now, and what is said of it; `pending` are dates that differ from all that are kept."""

    faced: Faced
    stated: Stated
    pending: DatesRow | None


@dataclass(frozen=True)
class Found:
    """A parcel with its history of dates and its open alerts."""

    seen: Seen
    history: list[DatesRow]
    alerts: list[OpenAlert]


def find_shipment(database: Database, shipment_id: str, bundle: ServingBundle, peers: PeerDesk, now: datetime) -> Found:
    """Read one parcel; NotFound when nobody registered it."""
    with database.reading() as connection:
        ids = [shipment_id]
        stored = _stored(
            read_parcels(connection, ids), read_statements(connection, ids), with_news(connection, ids, now)
        )
        history = read_dates(connection, shipment_id)
        alerts = read_open(connection, shipment_id)
    if not stored:
        raise NotFound(f"no parcel has the id {ascii(shipment_id)[:60]}; expected the shipment_id of a registered one")
    [seen] = _seen(stored, bundle, peers, now)
    return Found(seen, history + ([] if seen.pending is None else [seen.pending]), alerts)


@dataclass(frozen=True)
class FoundOrder:
    """The parcels of an order that were registered first, and whether it has more."""

    parcels: list[Seen]
    more: bool


def find_order(database: Database, order_id: str, bundle: ServingBundle, peers: PeerDesk, now: datetime) -> FoundOrder:
    """Read the first MAX_ORDER_PARCELS of an order, as they were registered; NotFound when there are none."""
    with database.reading() as connection:
        ids = parcels_of_order(connection, order_id, MAX_ORDER_PARCELS + 1)
        more = len(ids) > MAX_ORDER_PARCELS
        ids = ids[:MAX_ORDER_PARCELS]
        stored = _stored(
            read_parcels(connection, ids), read_statements(connection, ids), with_news(connection, ids, now)
        )
    if not stored:
        raise NotFound(f"no parcel belongs to the order {ascii(order_id)[:60]}; expected the order_id of a parcel")
    return FoundOrder(_seen(stored, bundle, peers, now), more)


@dataclass(frozen=True, slots=True)
class _Stored:
    parcel: StoredParcel
    last: Stated | None
    has_news: bool

    def is_fresh(self, faced: Faced) -> bool:
        """Whether the last statement is of today, and there was no news since."""
        today = local_date(faced.progress.as_of, faced.calendar.time_zone)
        return (
            self.last is not None
            and not self.has_news
            and (local_date(self.last.as_of, faced.calendar.time_zone) == today or not is_awaited(faced.progress))
        )


def _stored(parcels: Mapping[str, StoredParcel], said: Mapping[str, str], news: Set[str]) -> list[_Stored]:
    return [
        _Stored(parcel, Stated.from_json(said[name]) if name in said else None, name in news)
        for name, parcel in parcels.items()
    ]


def _seen(stored: Sequence[_Stored], bundle: ServingBundle, peers: PeerDesk, now: datetime) -> list[Seen]:
    faced = [face(one.parcel, bundle, now) for one in stored]
    stale = [one for one, seen in zip(stored, faced, strict=True) if not one.is_fresh(seen)]
    looked = iter(look_at([(one.parcel, one.last) for one in stale], bundle, peers, now))
    found = []
    for one, seen in zip(stored, faced, strict=True):
        if one.last is not None and one.is_fresh(seen):
            found.append(Seen(seen, one.last, None))
        else:
            look = next(looked)
            found.append(Seen(look.faced, look.stated, dates_row(look) if look.is_new else None))
    return found
