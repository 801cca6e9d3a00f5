"""What is known of a parcel when it is ordered: origin, destination, carrier and the parcel itself."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from parcelcast.calendar import WorkingCalendar, local_date, midnight
from parcelcast.errors import InputError
from parcelcast.lane import Lane
from parcelcast.place import Place

# Outside of these years an order time is a mistake, and date arithmetic would end.
_YEARS = range(1990, 2200)
# Forecasts reach no further; a mistyped year would have calendars made until then.
LONGEST_PLAN_DAYS = 90


@dataclass(frozen=True)
class Origin:
    """A warehouse or seller: its place, its own calendar, and the working days from cut-off to dispatch."""

    origin_id: str
    place: Place
    calendar: WorkingCalendar
    handling_days: int = 0


@dataclass(frozen=True)
class Service:
    """A carrier's product; ``quoted_days`` are deliverable days after dispatch, ``currency`` is ISO 4217."""

    service_id: str
    quoted_days: int | None = None
    price: float | None = None
    currency: str | None = None


@dataclass(frozen=True)
class Carrier:
    """A carrier: its services and the days on which it delivers (Monday is 0)."""

    carrier_id: str
    services: tuple[Service, ...] = ()
    delivery_weekdays: frozenset[int] = frozenset(range(6))
    observes_holidays: bool = True

    def service(self, service_id: str | None) -> Service | None:
        """Find the service of that id; None when the carrier has none."""
        return next((service for service in self.services if service.service_id == service_id), None)

    def delivery_calendar(self, destination: Place) -> WorkingCalendar:
        """Calendar of the days on which this carrier delivers at a destination, local to it."""
        return WorkingCalendar(
            time_zone=destination.time_zone,
            weekdays=self.delivery_weekdays,
            holiday_country=destination.country if self.observes_holidays else None,
            holiday_region=destination.region if self.observes_holidays else None,
        )


def counted_dispatch_on(told: date, ordered_at: datetime, time_zone: str) -> date:
    """Return as which day a shop's plan counts: that of the order at the earliest, the 90th after it at the latest.

    Both are local at the origin, whose `time_zone` that is.

    >>> from datetime import UTC
    >>> ordered_at = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    >>> print(counted_dispatch_on(date(2026, 11, 20), ordered_at, "Europe/Berlin"))
    2026-11-23
    """
    ordered_on = local_date(ordered_at, time_zone)
    return min(max(told, ordered_on), ordered_on + timedelta(days=LONGEST_PLAN_DAYS))


@dataclass(frozen=True)
class Shipment:
    """The order-time facts of one parcel: all that a forecaster may see.

    ``ordered_at`` is an aware instant, kept in UTC; without an offset or outside the years 1990 to 2199 it is refused
    with InputError. Everything from ``carrier`` on may be missing. Units stand in the names; ``order_value`` and
    ``freight_cost`` are in ``currency`` (ISO 4217), ``quoted_transit_days`` are deliverable days after dispatch,
    ``handling_limit_days`` the working days within which the seller says it dispatches at the latest.
    ``told_dispatch_on`` is the day, local at the origin, on which the shop itself planned to dispatch, as of the order.
    """

    ordered_at: datetime
    origin: Origin
    destination: Place
    carrier: str | None = None
    service: str | None = None
    delivery_mode: str = "home"
    quoted_transit_days: float | None = None
    handling_limit_days: float | None = None
    told_dispatch_on: date | None = None
    promised_on: date | None = None
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

    def __post_init__(self) -> None:
        at = self.ordered_at
        if at.tzinfo is None or at.year not in _YEARS:
            raise InputError(
                f"ordered_at is {at.isoformat()}; expected a time with an offset, such as 2027-03-01T10:00:00Z, "
                f"in the years {_YEARS[0]} to {_YEARS[-1]}"
            )
        object.__setattr__(self, "ordered_at", at.astimezone(UTC))

    @cached_property
    def ordered_on(self) -> date:
        """Date of the order at the destination: the anchor of its distribution."""
        return local_date(self.ordered_at, self.destination.time_zone)

    @cached_property
    def opening(self) -> tuple[date, datetime]:
        """Day, local at the origin, and cut-off (UTC) with which the origin takes up this order."""
        return self.origin.calendar.next_opening(self.ordered_at)

    @property
    def order_by(self) -> datetime:
        """Instant (UTC) until which an order still makes this dispatch: the next cut-off, or the end of the told day.

        Where the shop told a later day than its calendar would, the calendar's cut-off stays: for an order after that
        the shop may tell another day.
        """
        day_after = self.planned_dispatch_on + timedelta(days=1)
        return min(self.opening[1], midnight(day_after, self.origin.calendar.time_zone))

    @cached_property
    def planned_dispatch_on(self) -> date:
        """Date, local at the origin, on which the parcel should leave, by the shop or else by calendar and handling.

        A day that the shop told counts as `counted_dispatch_on` says.
        """
        if self.told_dispatch_on is None:
            return self.origin.calendar.add_working_days(self.opening[0], self.origin.handling_days)
        return counted_dispatch_on(self.told_dispatch_on, self.ordered_at, self.origin.calendar.time_zone)

    @cached_property
    def leaves_on(self) -> date:
        """Date at the destination at the cut-off of the planned dispatch; never before ``ordered_on``."""
        planned_on = self.planned_dispatch_on
        # The shop may plan for a day on which the calendar has no cut-off, or which is past it.
        cutoff = self.origin.calendar.cutoff_at(planned_on)
        leaves_on = planned_on if cutoff is None else local_date(cutoff, self.destination.time_zone)
        return max(leaves_on, self.ordered_on)

    @cached_property
    def lane(self) -> Lane:
        """The lane from origin to destination with this carrier and service."""
        return Lane.between(self.origin.place, self.destination, self.carrier, self.service)
