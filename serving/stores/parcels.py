"""Parcels in the database: what the shop told of them, their numbers, and everything known of them at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, TypeVar

import orjson
from sqlalchemy import Connection, Date, bindparam, select, text

from parcelcast.tracking.links import Link
from parcelcast.tracking.scan import Number, Scan
from serving.stores.among import among
from serving.stores.scans import PARCELS_LOCK
from serving.stores.schema import Instant, links, numbers, scans, shipments
from serving.stores.work import mark_due

DEFAULT_MERCHANT = "default"

T = TypeVar("T")
Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class ParcelFacts:
    """What a shop tells of one parcel. Instants are aware, dates local at the destination, units stand in the names.

    `planned_dispatch_on` is local at the origin, as planned when the order came. `dispatched_recorded_at` is when we
    learned of `dispatched_at`. `destination_city` stands in for a postal code.
    """

    shipment_id: str
    order_id: str
    ordered_at: datetime
    destination_country: str
    destination_postal_code: str = ""
    destination_city: str = ""
    merchant_id: str = DEFAULT_MERCHANT
    carrier: str | None = None
    service: str | None = None
    delivery_mode: str = "home"
    origin_id: str | None = None
    origin_country: str | None = None
    origin_postal_code: str | None = None
    promised_on: date | None = None
    promise_id: str | None = None
    carrier_promised_on: date | None = None
    pickup_until: date | None = None
    ready_at: datetime | None = None
    dispatched_at: datetime | None = None
    dispatched_recorded_at: datetime | None = None
    quoted_transit_days: float | None = None
    handling_limit_days: float | None = None
    planned_dispatch_on: date | None = None
    weight_g: float | None = None
    length_mm: float | None = None
    width_mm: float | None = None
    height_mm: float | None = None
    item_count: int | None = None
    item_category: str | None = None
    order_value: float | None = None
    currency: str | None = None
    freight_cost: float | None = None
    payment_method: str | None = None
    locale: str | None = None
    is_return: bool = False


@dataclass(frozen=True, slots=True)
class NewParcel:
    """A parcel to register: `told` are its facts by name (what is left out stays as it was), `links` pairs of numbers.

    A link leads from a number to the one under which the parcel travels on; both belong to the parcel. `withdrawn` are
    numbers that were told of it by mistake.
    """

    told: dict[str, Any]
    numbers: tuple[Number, ...] = ()
    links: tuple[tuple[Number, Number], ...] = ()
    withdrawn: tuple[Number, ...] = ()

    @property
    def shipment_id(self) -> str:
        """Its id."""
        return str(self.told["shipment_id"])

    @property
    def all_numbers(self) -> dict[Number, None]:
        """All its numbers in order: those told, those at the ends of links, and the one that stands for its id."""
        ends = (end for link in self.links for end in link)
        return dict.fromkeys([*self.numbers, *ends, id_number(self.shipment_id)])


@dataclass(frozen=True, slots=True)
class StoredParcel:
    """Everything known of a parcel. Scans come in any order, from all its numbers; others may have them too."""

    facts: ParcelFacts
    registered_at: datetime
    numbers: tuple[Number, ...]
    links: tuple[Link, ...]
    scans: tuple[Scan, ...]


@dataclass(frozen=True, slots=True)
class Registered:
    """What became of a parcel that was told: what is kept of it now, all its numbers, and whether that is new."""

    facts: ParcelFacts
    registered_at: datetime
    numbers: tuple[Number, ...]
    outcome: Outcome


def id_number(shipment_id: str) -> Number:
    """Return the number that stands for a shipment id, under which scans without a tracking number are kept.

    Numbers lose case and blanks, ids must not, so it is spelled in hexadecimal.

    >>> id_number("S-1")
    Number(carrier='', tracking_number='ID:532D31')
    """
    return Number("", "ID:" + shipment_id.encode().hex().upper())


def register_parcels(connection: Connection, parcels: Sequence[NewParcel], now: datetime) -> list[Registered]:
    """Keep parcels, and tell of each what became of it. What was told before and is left out now stays.

    Whatever changed is due at once. A parcel may come twice; the later one adds to the earlier.
    """
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({PARCELS_LOCK})")
    ids = list(dict.fromkeys(parcel.shipment_id for parcel in parcels))
    register = _Register(connection, ids, now)
    found = [register.add(parcel) for parcel in parcels]
    register.write(connection)
    mark_due(connection, register.changed, now)
    return found


class _Register:
    """Parcels as they are kept, and what is to be written of those that are told."""

    def __init__(self, connection: Connection, ids: Sequence[str], now: datetime) -> None:
        self._now = now
        self._known = _registered(connection, ids)
        self._numbers: dict[str, dict[Number, None]] = {}
        for name, number in _numbers(connection, ids):
            self._numbers.setdefault(name, {})[number] = None
        self._links = dict.fromkeys((link.predecessor, link.successor) for _, link in _links(connection, ids))
        self._kept_numbers, self._kept_links = self._owned(), dict(self._links)
        self.changed: set[str] = set()

    def add(self, parcel: NewParcel) -> Registered:
        name = parcel.shipment_id
        kept, registered_at = self._known.get(name, (None, self._now))
        facts = _merged(kept, parcel.told, self._now)
        held = self._numbers.setdefault(name, {})
        wrong = [number for number in dict.fromkeys(parcel.withdrawn) if number in held]
        # A parcel that travels on under another number is not delivered under its own, so such a link must go too.
        broken = [link for link in self._links if link[1] in wrong and link[0] in held] if wrong else []
        numbers = [number for number in parcel.all_numbers if number not in held]
        links = [link for link in dict.fromkeys(parcel.links) if link not in self._links]
        self._known[name] = (facts, registered_at)
        for number in wrong:
            del held[number]
        for link in broken:
            del self._links[link]
        held.update(dict.fromkeys(numbers))
        self._links.update(dict.fromkeys(links))
        changed = facts != kept or bool(numbers or links or wrong)
        if changed:
            self.changed.add(name)
        outcome: Outcome = "created" if kept is None else "updated" if changed else "unchanged"
        return Registered(facts, registered_at, tuple(held), outcome)

    def write(self, connection: Connection) -> None:
        told = [_row(self._known[name][0], self._now) for name in sorted(self.changed)]
        numbers, links = self._owned(), self._links
        changes = (
            (_UPSERT, told),
            (_DROP_NUMBER, [_number_row(*one) for one in self._kept_numbers if one not in numbers]),
            (_DROP_LINK, [_link_row(*one) for one in self._kept_links if one not in links]),
            (_ADD_NUMBER, [_number_row(*one, self._now) for one in numbers if one not in self._kept_numbers]),
            (_ADD_LINK, [_link_row(*one, self._now) for one in links if one not in self._kept_links]),
        )
        for statement, rows in changes:
            if rows:
                connection.execute(statement, rows)

    def _owned(self) -> dict[tuple[str, Number], None]:
        return dict.fromkeys((name, number) for name, held in self._numbers.items() for number in held)


def read_parcels(connection: Connection, shipment_ids: Sequence[str]) -> dict[str, StoredParcel]:
    """Return what is known of parcels, by id and in the order asked; those that nobody registered are left out."""
    ids = list(dict.fromkeys(shipment_ids))
    registered = _registered(connection, ids)
    numbers_of = _grouped(_numbers(connection, ids))
    links_of = _grouped(_links(connection, ids))
    scans_of = _grouped(_scans(connection, ids))
    return {
        name: StoredParcel(*registered[name], numbers_of.get(name, ()), links_of.get(name, ()), scans_of.get(name, ()))
        for name in ids
        if name in registered
    }


def parcels_of_order(connection: Connection, order_id: str, limit: int) -> list[str]:
    """Return the shipment ids of an order, in order of registration, at most `limit`."""
    query = select(shipments.c.shipment_id).where(shipments.c.order_id == order_id)
    query = query.order_by(shipments.c.registered_at, shipments.c.shipment_id).limit(limit)
    return list(connection.execute(query).scalars())


def _merged(kept: ParcelFacts | None, told: Mapping[str, Any], now: datetime) -> ParcelFacts:
    facts = ParcelFacts(**told) if kept is None else replace(kept, **{**_left(kept, told), **told})
    if facts.dispatched_at is None or (kept is not None and facts.dispatched_at == kept.dispatched_at):
        return facts
    return replace(facts, dispatched_recorded_at=now)


def _left(kept: ParcelFacts, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of the destination that are left out and do not stay: another part is of another place."""
    before = {name: getattr(kept, name) for name in _PLACE}
    moved = any(before[name] and told.get(name, before[name]).casefold() != before[name].casefold() for name in _PLACE)
    return {name: "" for name in _PLACE if moved and name not in told}


def _row(facts: ParcelFacts, now: datetime) -> dict[str, Any]:
    told = {name: value for name, value in asdict(facts).items() if value is not None}
    return {
        "shipment_id": facts.shipment_id,
        "order_id": facts.order_id,
        "merchant_id": facts.merchant_id,
        "now": now,
        "promised_on": facts.promised_on,
        "facts": orjson.dumps(told).decode(),
    }


def _number_row(name: str, number: Number, now: datetime | None = None) -> dict[str, Any]:
    return {"carrier": number.carrier, "number": number.tracking_number, "id": name, "now": now}


def _link_row(one: Number, other: Number, now: datetime | None = None) -> dict[str, Any]:
    ends = {"one": one.carrier, "first": one.tracking_number, "other": other.carrier, "then": other.tracking_number}
    return ends | {"now": now}


_NOW = bindparam("now", type_=Instant)
_UPSERT = text(
    "insert into shipments (shipment_id, order_id, merchant_id, registered_at, updated_at, promised_on, facts) "
    "values (:shipment_id, :order_id, :merchant_id, :now, :now, :promised_on, :facts) on conflict (shipment_id) "
    "do update set order_id = excluded.order_id, merchant_id = excluded.merchant_id, facts = excluded.facts, "
    "updated_at = excluded.updated_at, promised_on = excluded.promised_on"
).bindparams(_NOW, bindparam("promised_on", type_=Date))
_ADD_NUMBER = text(
    "insert into numbers (carrier, tracking_number, shipment_id, recorded_at) values (:carrier, :number, :id, :now) "
    "on conflict do nothing"
).bindparams(_NOW)
_ADD_LINK = text(
    "insert into links (predecessor_carrier, predecessor, successor_carrier, successor, recorded_at) "
    "values (:one, :first, :other, :then, :now) on conflict do nothing"
).bindparams(_NOW)


_DROP_NUMBER = text("delete from numbers where carrier = :carrier and tracking_number = :number and shipment_id = :id")
_DROP_LINK = text(
    "delete from links where predecessor_carrier = :one and predecessor = :first and successor_carrier = :other "
    "and successor = :then"
)


def _registered(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[ParcelFacts, datetime]]:
    columns = (shipments.c.shipment_id, shipments.c.facts, shipments.c.registered_at)
    rows = connection.execute(select(*columns).where(among(connection, shipments.c.shipment_id, ids)))
    return {name: (_loaded(facts), registered_at) for name, facts, registered_at in rows}


def _numbers(connection: Connection, ids: Sequence[str]) -> list[tuple[str, Number]]:
    columns = (numbers.c.shipment_id, numbers.c.carrier, numbers.c.tracking_number)
    rows = connection.execute(
        select(*columns).where(among(connection, numbers.c.shipment_id, ids)).order_by(numbers.c.recorded_at, *columns)
    )
    return [(name, Number(carrier, tracking_number)) for name, carrier, tracking_number in rows]


def _links(connection: Connection, ids: Sequence[str]) -> list[tuple[str, Link]]:
    begins = (numbers.c.carrier == links.c.predecessor_carrier) & (numbers.c.tracking_number == links.c.predecessor)
    query = (
        select(numbers.c.shipment_id, links).join(links, begins).where(among(connection, numbers.c.shipment_id, ids))
    )
    rows = connection.execute(query.order_by(links.c.recorded_at, *links.primary_key))
    return [
        (name, Link(Number(one, first), Number(other, then), recorded_at))
        for name, one, first, other, then, recorded_at in rows
    ]


def _scans(connection: Connection, ids: Sequence[str]) -> list[tuple[str, Scan]]:
    same = (numbers.c.carrier == scans.c.carrier) & (numbers.c.tracking_number == scans.c.tracking_number)
    columns = [column for column in scans.columns if column.name not in {"seq", "scan_id", "doubts"}]
    query = select(numbers.c.shipment_id, scans.c.doubts, *columns).join(scans, same)
    names = [column.name for column in columns]
    rows = connection.execute(query.where(among(connection, numbers.c.shipment_id, ids)).order_by(scans.c.seq))
    return [
        (name, Scan(**dict(zip(names, rest, strict=True)), doubts=tuple(doubts.split(",")) if doubts else ()))
        for name, doubts, *rest in rows
    ]


def _grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    found: dict[str, list[T]] = {}
    for name, one in pairs:
        found.setdefault(name, []).append(one)
    return {name: tuple(ones) for name, ones in found.items()}


def _loaded(document: str) -> ParcelFacts:
    told = orjson.loads(document)
    for name in _INSTANTS & told.keys():
        told[name] = datetime.fromisoformat(told[name])
    for name in _DATES & told.keys():
        told[name] = date.fromisoformat(told[name])
    return ParcelFacts(**told)


_PLACE = ("destination_country", "destination_postal_code", "destination_city")
_INSTANTS = {"ordered_at", "ready_at", "dispatched_at", "dispatched_recorded_at"}
_DATES = {"promised_on", "carrier_promised_on", "pickup_until", "planned_dispatch_on"}
