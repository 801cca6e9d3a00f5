"""Parcels on their way: the distribution of the delivery as of an instant, and what silence may mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

import numpy as np

from parcelcast.calendar import local_date
from parcelcast.distribution import LEVEL_TOLERANCE, DeliveryDistribution
from parcelcast.forecast import Basis, Forecast
from parcelcast.peers import Moves
from parcelcast.progress import Progress
from parcelcast.shipment import Shipment

# By the date by which so many of such parcels have come, silence means nothing.
USUAL = 0.9


@dataclass(frozen=True)
class Underway:
    """A parcel as of ``progress.as_of``: its order-time facts, and how far it has come by what was known then.

    ``peers`` are None where they were not counted, or where it is compared with nobody (`parcelcast.peers.cohort_of`).
    """

    shipment: Shipment
    progress: Progress
    peers: Moves | None = None

    @property
    def today(self) -> date:
        """Date of ``progress.as_of`` at the destination: the anchor of its distribution."""
        return local_date(self.progress.as_of, self.shipment.destination.time_zone)


@dataclass(frozen=True, slots=True)
class Silence:
    """What the absence of news may mean; the three add up to 1.

    ``unscanned``: it moves as usual, only nobody scanned it; ``stuck``: it comes, but later than such parcels usually
    do; ``lost``: it does not come within the horizon.
    """

    unscanned: float
    stuck: float
    lost: float


@dataclass(frozen=True)
class Eta:
    """The delivery of one parcel as of an instant (UTC), as a distribution over local dates at the destination.

    The distribution is anchored at the local date of ``as_of``. ``stage`` is one of `parcelcast.progress.STAGES`.
    ``silence`` is None for a parcel that is not awaited: delivered, returned or cancelled.
    """

    as_of: datetime
    stage: str
    distribution: DeliveryDistribution
    basis: Basis
    silence: Silence | None = None

    def delay_risk(self, promised_on: date) -> float:
        """P(delivered after a local date)."""
        return self.distribution.probability_after(promised_on)


class LivingForecaster(Protocol):
    """Anything that forecasts parcels on their way, one ETA for each, in order."""

    def etas(self, parcels: Sequence[Underway]) -> list[Eta]:
        """ETAs as of each parcel's own instant."""
        ...


def silence_of(distribution: DeliveryDistribution, usual_by: date) -> Silence:
    """Tell what silence may mean; ``usual_by`` is the local date by which most such parcels have come."""
    usual = distribution.probability_by(usual_by)
    lost = max(distribution.beyond, 0.0)
    return Silence(usual, max(1.0 - usual - lost, 0.0), lost)


def conditioned_eta(forecast: Forecast, parcel: Underway) -> Eta:
    """Return the order-time forecast, given that the parcel has not come until now: all that can be said without scans.

    A delivery later today is still possible, so only the days before today are ruled out. "Usual" is the date by which
    nine of ten such parcels were expected at order time. After the forecast's horizon nothing is left to expect.
    """
    today = parcel.today
    told = forecast.distribution
    usual_by = told.quantile(USUAL) or told.last_day
    if told.probability_after(today - timedelta(days=1)) <= LEVEL_TOLERANCE or today > told.last_day:
        now = DeliveryDistribution(today, np.zeros(1))
    else:
        now = told.given_not_delivered_by(today - timedelta(days=1)).rebase(today)
    return Eta(parcel.progress.as_of, parcel.progress.stage, now, forecast.basis, silence_of(now, usual_by))
