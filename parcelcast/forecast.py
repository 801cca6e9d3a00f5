"""Forecasts, the protocol of all forecasters, and the one that needs no history: the carrier's quote."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from math import erf, isfinite, log, sqrt
from typing import Literal, Protocol

from parcelcast.calendar import WorkingCalendar
from parcelcast.distribution import DeliveryDistribution
from parcelcast.shipment import Shipment

Basis = Literal["model", "lane_history", "carrier_quote", "policy"]

# Without history the distribution is log-normal in deliverable days after dispatch, deliberately wide: three of a
# hundred parcels meet something (a failed attempt, a wrong turn) that makes them take about three times as long.
HORIZON_DAYS = 90
_QUOTED_SPREAD = 0.4
_UNQUOTED_SPREAD = 0.6
_UNQUOTED_DOMESTIC_DAYS = 3.0
_UNQUOTED_ABROAD_DAYS = 7.0
_TROUBLED_SHARE = 0.03
_TROUBLED_FACTOR = 3.0


@dataclass(frozen=True)
class Evidence:
    """What a forecast rests on: the level of history that was used and how many parcels it held."""

    level: str
    parcels: float


@dataclass(frozen=True)
class Forecast:
    """A distribution over local dates at the destination, how it was made and on what evidence."""

    distribution: DeliveryDistribution
    basis: Basis
    evidence: Evidence


class Forecaster(Protocol):
    """Anything that forecasts parcels at order time, one forecast for each shipment, in order."""

    def forecast(self, shipments: Sequence[Shipment]) -> list[Forecast]:
        """Forecasts anchored at each shipment's ``ordered_on``."""
        ...


def quoted_forecast(shipment: Shipment, delivery_calendar: WorkingCalendar) -> Forecast:
    """Forecast from the carrier's quote and the calendar alone; a wider generic one without a usable quote.

    The quote counts deliverable days after dispatch. It is the median before rounding to whole days, so that a quote of
    one day holds for five of six parcels and one of five days for three of five. No mass lies on days on which the
    carrier does not deliver.
    """
    quote = shipment.quoted_transit_days
    if quote is not None and isfinite(quote) and 0 <= quote <= HORIZON_DAYS:
        distribution = _lognormal_days(shipment, delivery_calendar, quote, _QUOTED_SPREAD)
        return Forecast(distribution, "carrier_quote", Evidence("none", 0.0))
    days = _UNQUOTED_DOMESTIC_DAYS if shipment.lane.is_domestic else _UNQUOTED_ABROAD_DAYS
    distribution = _lognormal_days(shipment, delivery_calendar, days, _UNQUOTED_SPREAD)
    return Forecast(distribution, "policy", Evidence("none", 0.0))


def quoted_share(open_days: int, quoted_days: float) -> float:
    """P(delivered within so many deliverable days after the parcel leaves) by a carrier's quote alone.

    >>> round(quoted_share(1, 1.0), 2), round(quoted_share(5, 5.0), 2)
    (0.82, 0.58)
    """
    return _share_within(open_days, quoted_days, _QUOTED_SPREAD)


def _lognormal_days(
    shipment: Shipment, calendar: WorkingCalendar, median: float, spread: float
) -> DeliveryDistribution:
    """Log-normal number of deliverable days after the parcel leaves, told in calendar days."""
    return _days_after(shipment.ordered_on, shipment.leaves_on, calendar, median, spread)


@lru_cache(maxsize=1024)
def _days_after(
    ordered_on: date, leaves_on: date, calendar: WorkingCalendar, median: float, spread: float
) -> DeliveryDistribution:
    cdf = []
    reached = 0.0
    open_days = 0
    for k in range(HORIZON_DAYS + 1):
        day = ordered_on + timedelta(days=k)
        if day >= leaves_on and calendar.is_working(day):
            open_days += day > leaves_on
            reached = _share_within(open_days, median, spread)
        cdf.append(reached)
    return DeliveryDistribution.from_cdf(ordered_on, cdf)


def _share_within(days: int, median: float, spread: float) -> float:
    """P(at most so many deliverable days); only a quote of less than a day delivers on the day of dispatch."""
    if days == 0 and median >= 1.0:
        return 0.0
    usual = log((days + 0.5) / max(median, 0.5))
    troubled = usual - log(_TROUBLED_FACTOR)
    return (1.0 - _TROUBLED_SHARE) * _normal_cdf(usual / spread) + _TROUBLED_SHARE * _normal_cdf(troubled / spread)


def _normal_cdf(z: float) -> float:
    return 0.5 * (1.0 + erf(z / sqrt(2.0)))
