"""A small parcel network whose forecaster is a formula, and a clock that is set by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from parcelcast.alerts import FittedAlerts
from parcelcast.calendar import WorkingCalendar, zone
from parcelcast.distribution import mixture
from parcelcast.errors import ArtefactError
from parcelcast.forecast import Evidence, Forecast, quoted_forecast
from parcelcast.place import PlaceIndex
from parcelcast.shipment import Carrier, Origin, Service, Shipment
from serving.bundle_sources import ConditionedForecaster

KRANICH = Carrier("kranich", (Service("standard", 2), Service("express", 1)))
POSTFUCHS = Carrier("postfuchs", (Service("standard", 3),))
CARRIERS = {carrier.carrier_id: carrier for carrier in (KRANICH, POSTFUCHS)}


class FakeClock:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def set(self, text: str) -> None:
        self.now = datetime.fromisoformat(text).astimezone(UTC)


class FakeForecaster:
    """The carrier's quote, made slower by late local hours, by weight and by `slower_days`.

    Like the real one it knows the local hour and date of the order and nothing finer.
    """

    def __init__(self, slower_days: int = 0) -> None:
        self.slower_days = slower_days
        self.asked: list[Shipment] = []

    def forecast(self, shipments: Sequence[Shipment]) -> list[Forecast]:
        self.asked.extend(shipments)
        return [self._one(shipment) for shipment in shipments]

    def _one(self, shipment: Shipment) -> Forecast:
        carrier = CARRIERS.get(shipment.carrier or "") or Carrier("?")
        quoted = quoted_forecast(shipment, carrier.delivery_calendar(shipment.destination)).distribution
        hour = shipment.ordered_at.astimezone(zone(shipment.origin.calendar.time_zone)).hour
        heavy = min((shipment.weight_g or 0.0) / 100_000, 1.0)
        slow = 0.1 + 0.3 * hour / 24 + 0.3 * heavy
        distribution = mixture([quoted, quoted.shift(2).rebase(quoted.anchor)], [1 - slow, slow])
        if self.slower_days:
            distribution = distribution.shift(self.slower_days).rebase(quoted.anchor)
        known = shipment.carrier in CARRIERS
        return Forecast(distribution, "model", Evidence("lane" if known else "all", 120.0 if known else 3000.0))


def origin(origin_id: str, country: str, postal_code: str, cutoff: time = time(14), handling_days: int = 0) -> Origin:
    place = PlaceIndex.default().find(country, postal_code)
    calendar = WorkingCalendar(
        place.time_zone, default_cutoff=cutoff, holiday_country=place.country, holiday_region=place.region
    )
    return Origin(origin_id, place, calendar, handling_days)


ORIGINS = {
    found.origin_id: found
    for found in (
        origin("wh-leipzig", "DE", "04109"),
        origin("wh-koeln", "DE", "50667", cutoff=time(16, 30)),
        origin("wh-wien", "AT", "1010", cutoff=time(12)),
        origin("wh-slow", "DE", "20095", handling_days=3),
    )
}


@dataclass(frozen=True)
class FakeBundle:
    """What `models.bundle.Bundle` offers to serving."""

    version: str = "fake-1"
    forecaster: FakeForecaster = field(default_factory=FakeForecaster)
    origins: dict[str, Origin] = field(default_factory=lambda: ORIGINS)
    carriers: dict[str, Carrier] = field(default_factory=lambda: CARRIERS)
    places: PlaceIndex = field(default_factory=PlaceIndex.default)
    shared_fate: float = 0.4
    fitted_alerts: FittedAlerts = field(default_factory=lambda: FittedAlerts(()))
    as_of: datetime | None = datetime(2026, 11, 20, tzinfo=UTC)

    @property
    def living(self) -> ConditionedForecaster:
        return ConditionedForecaster(self.forecaster)


@dataclass
class FakeSource:
    """A place where bundles are published by hand; None: there is none, an error: it is broken."""

    published: FakeBundle | Exception | None = field(default_factory=FakeBundle)
    identity_now: str | None = "1"

    def publish(self, bundle: FakeBundle | Exception) -> None:
        self.published = bundle
        self.identity_now = f"{self.identity_now}+"

    def identity(self) -> str | None:
        return None if self.published is None else self.identity_now

    def load(self) -> FakeBundle:
        if isinstance(self.published, Exception):
            raise self.published
        if self.published is None:
            raise ArtefactError("nothing is published")
        return self.published
