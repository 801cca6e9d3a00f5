"""The cart in the words of the domain: lines, the origins that may send them, the options of shipping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from parcelcast.calendar import WorkingCalendar
from parcelcast.place import Place
from parcelcast.promise import PromisePolicy
from parcelcast.shipment import Origin, Shipment


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the answer had to assume, for machines (`code`) and people."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cart; weight and value are of all its pieces, sizes of one."""

    item_id: str
    quantity: int
    weight_g: float | None
    size_mm: tuple[float | None, float | None, float | None]
    category: str | None
    value: float | None
    handling: Mapping[str, int]  # working days at each candidate origin, best known first
    handling_limit_days: float | None = None  # the seller's own limit to dispatch

    @property
    def stacked_mm(self) -> float | None:
        """Height of all pieces on top of each other."""
        height = self.size_mm[2]
        return None if height is None else height * self.quantity

    @property
    def signature(self) -> tuple[tuple[str, int], ...]:
        """What decides where this line can come from; lines with the same signature travel together."""
        return tuple(self.handling.items())


@dataclass(frozen=True, slots=True)
class Option:
    """One way of shipping: the carrier with its delivery days at the destination, and its quote."""

    carrier: str | None
    service: str | None
    quoted_days: float | None
    delivery_mode: str
    price: float | None
    calendar: WorkingCalendar


@dataclass(frozen=True, slots=True)
class Parcel:
    """Lines (by their number in the cart) that leave one origin together, after so many working days of handling."""

    origin_id: str
    handling_days: int
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cart:
    """All that is asked, resolved: nothing in it is an id that still has to be looked up."""

    ordered_at: datetime
    destination: Place
    lines: tuple[Line, ...]
    origins: Mapping[str, Origin]
    options: tuple[Option, ...]
    policy: PromisePolicy
    deliver_by: date | None
    currency: str | None
    split: str
    told_dispatch_on: date | None = None  # in place of what calendars and handling say
    notes: tuple[Note, ...] = ()

    def shipment(self, parcel: Parcel, option: Option) -> Shipment:
        """The order-time facts of one parcel. Pieces of several lines are taken as stacked on each other."""
        lines = [self.lines[number] for number in parcel.lines]
        origin = self.origins[parcel.origin_id]
        return Shipment(
            ordered_at=self.ordered_at,
            origin=replace(origin, handling_days=parcel.handling_days),
            destination=self.destination,
            carrier=option.carrier,
            service=option.service,
            delivery_mode=option.delivery_mode,
            quoted_transit_days=option.quoted_days,
            handling_limit_days=_largest([line.handling_limit_days for line in lines]),
            told_dispatch_on=self.told_dispatch_on,
            weight_g=_total([line.weight_g for line in lines]),
            length_mm=_largest([line.size_mm[0] for line in lines]),
            width_mm=_largest([line.size_mm[1] for line in lines]),
            height_mm=_total([line.stacked_mm for line in lines]),
            item_count=sum(line.quantity for line in lines),
            item_category=_shared([line.category for line in lines]),
            order_value=_total([line.value for line in lines]),
            currency=self.currency,
            freight_cost=option.price,
        )

    def parcel_of(self, origin_id: str, lines: Sequence[int]) -> Parcel:
        """The parcel of these lines from one origin: it waits for the line that takes longest to handle."""
        return Parcel(origin_id, max(self.lines[number].handling[origin_id] for number in lines), tuple(lines))


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _largest(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _shared(values: Sequence[str | None]) -> str | None:
    return values[0] if len(set(values)) == 1 else None
