"""Promises: the dates that a merchant tells a shopper, made from a forecast under the merchant's policy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Literal

from parcelcast.calendar import WorkingCalendar
from parcelcast.distribution import DeliveryDistribution
from parcelcast.errors import InputError
from parcelcast.forecast import Basis, Evidence, Forecast
from parcelcast.shipment import Shipment

PERCENTILES = (50, 75, 85, 90, 95, 97, 99)
EARLIEST = 0.05
LIKELY = 0.5
_NAMED_LEVELS = (EARLIEST, LIKELY, *(percent / 100 for percent in PERCENTILES))
_SOME_CHANCE = 1e-9

ReasonKind = Literal["warehouse", "transit", "closed_days", "safety"]


@dataclass(frozen=True)
class PromisePolicy:
    """How a merchant turns a distribution into a date: a service level, or what slow and late promises cost.

    Either ``service_level`` (the probability, between 0 and 1, with which the promise shall hold) or, with
    ``service_level=None``, both costs in one currency: ``cost_per_day`` of a promise that is a day slower, and
    ``cost_of_lateness`` of one late parcel.
    """

    service_level: float | None = 0.9
    cost_per_day: float | None = None
    cost_of_lateness: float | None = None

    def __post_init__(self) -> None:
        costs = (self.cost_per_day, self.cost_of_lateness)
        if self.service_level is not None:
            if costs != (None, None) or not 0.0 < self.service_level < 1.0:
                raise InputError(
                    f"policy has service level {self.service_level} and costs {costs}; "
                    "expected a service level between 0 and 1 and no costs, or service_level None and both costs"
                )
        elif not all(cost is not None and isfinite(cost) and cost >= 0 for cost in costs):
            raise InputError(f"policy has costs {costs}; expected both, each 0 or more, or a service level")

    def promised(
        self, distribution: DeliveryDistribution, delivery_calendar: WorkingCalendar, not_before: date
    ) -> date | None:
        """Choose the deliverable date to promise, none before ``not_before``; None when the horizon ends before it."""
        if self.service_level is not None:
            return named_date(distribution, self.service_level, delivery_calendar, not_before)
        costs = (self.cost_per_day or 0.0, self.cost_of_lateness or 0.0)
        return _cheapest_date(distribution, *costs, delivery_calendar, not_before)


@dataclass(frozen=True)
class Reason:
    """Days of a promise that one cause accounts for."""

    kind: ReasonKind
    days: int


@dataclass(frozen=True)
class Promise:
    """The dates of one parcel with one delivery option, local to the destination unless said otherwise.

    ``order_by`` is the cut-off (UTC), ``dispatch_on`` is local to the origin, ``confidence`` is P(delivered by
    ``promised``), ``percentiles`` maps 50, 75, ... to dates, ``on_time_probability`` is P(delivered by ``deliver_by``).
    A date beyond the horizon is None. The days of ``reasons`` add up to ``promised`` minus ``ordered_on``.
    """

    ordered_on: date
    order_by: datetime
    dispatch_on: date
    earliest: date | None
    likely: date | None
    promised: date | None
    confidence: float | None
    percentiles: dict[int, date | None]
    deliver_by: date | None
    on_time_probability: float | None
    basis: Basis
    evidence: Evidence
    reasons: tuple[Reason, ...]


def make_promise(
    shipment: Shipment,
    forecast: Forecast,
    delivery_calendar: WorkingCalendar,
    policy: PromisePolicy,
    deliver_by: date | None = None,
) -> Promise:
    """Make the promise for a shipment; each date it names is deliverable and not before the parcel leaves."""
    distribution = forecast.distribution
    leaves_on = shipment.leaves_on
    earliest, likely, *others = named_dates(distribution, _NAMED_LEVELS, delivery_calendar, leaves_on)
    promised = policy.promised(distribution, delivery_calendar, leaves_on)
    return Promise(
        ordered_on=shipment.ordered_on,
        order_by=shipment.order_by,
        dispatch_on=shipment.planned_dispatch_on,
        earliest=earliest,
        likely=likely,
        promised=promised,
        confidence=None if promised is None else distribution.probability_by(promised),
        percentiles=dict(zip(PERCENTILES, others, strict=True)),
        deliver_by=deliver_by,
        on_time_probability=None if deliver_by is None else distribution.probability_by(deliver_by),
        basis=forecast.basis,
        evidence=forecast.evidence,
        reasons=() if promised is None else _reasons(shipment, likely or promised, promised, delivery_calendar),
    )


def named_date(
    distribution: DeliveryDistribution, p: float, delivery_calendar: WorkingCalendar, not_before: date
) -> date | None:
    """First deliverable date, none before ``not_before``, whose CDF reaches ``p``; None beyond the horizon."""
    return named_dates(distribution, (p,), delivery_calendar, not_before)[0]


def named_dates(
    distribution: DeliveryDistribution, levels: Sequence[float], delivery_calendar: WorkingCalendar, not_before: date
) -> list[date | None]:
    """Dates of several levels at once, each as ``named_date`` gives it."""
    moved: dict[date, date] = {}
    named: list[date | None] = []
    for quantile in distribution.quantiles(levels):
        if quantile is None:
            named.append(None)
            continue
        day = max(quantile, not_before)
        if day not in moved:
            moved[day] = delivery_calendar.next_working_day(day)
        named.append(moved[day])
    return named


def _reasons(shipment: Shipment, likely: date, promised: date, calendar: WorkingCalendar) -> tuple[Reason, ...]:
    leaves_on = shipment.leaves_on
    travelled = (likely - leaves_on).days
    open_days = calendar.working_days_between(leaves_on, likely)
    return (
        Reason("warehouse", (leaves_on - shipment.ordered_on).days),
        Reason("transit", open_days),
        Reason("closed_days", travelled - open_days),
        Reason("safety", (promised - likely).days),
    )


def _cheapest_date(
    distribution: DeliveryDistribution,
    cost_per_day: float,
    cost_of_lateness: float,
    calendar: WorkingCalendar,
    not_before: date,
) -> date | None:
    """First deliverable date of least ``cost_per_day * days + cost_of_lateness * P(later)`` that can be kept at all."""
    first_chance = distribution.quantile(_SOME_CHANCE)
    if first_chance is None:
        return None
    start = max(not_before, first_chance)
    best: tuple[float, date] | None = None
    for days in range((distribution.last_day - start).days + 1):
        waiting = cost_per_day * days
        if best is not None and waiting >= best[0]:
            break
        day = start + timedelta(days=days)
        if calendar.is_working(day):
            cost = waiting + cost_of_lateness * distribution.probability_after(day)
            if best is None or cost < best[0]:
                best = (cost, day)
    return best[1] if best else None
