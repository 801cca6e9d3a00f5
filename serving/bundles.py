"""The model bundle that answers now: loaded as a whole, tested, swapped at once, kept when its successor fails."""

import logging
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from parcelcast.errors import ArtefactError, ParcelcastError
from parcelcast.shipment import Shipment
from serving.bundle_sources import BundleSource, NoBundle, ServingBundle
from serving.clock import Clock

logger = logging.getLogger("parcelcast.serving")

SELF_TEST_ORIGINS = 3


@dataclass(frozen=True)
class Loaded:
    """A bundle in use. The generation grows with every swap: what was computed from an older one is stale."""

    bundle: ServingBundle
    generation: int
    identity: str | None
    loaded_at: datetime | None


class Bundles:
    """Holds the bundle in use and replaces it when the source has another that passes the self-test."""

    def __init__(self, source: BundleSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._lock = Lock()
        self._tried: str | None = None
        self.current = Loaded(NoBundle(), 0, None, None)
        self.last_error: str | None = None

    def refresh(self, *, force: bool = False) -> bool:
        """Load the source's bundle if it changed (or by force) and return whether it was swapped in.

        A failure keeps the bundle in use and is told in `last_error`, as is a source that never had one; by force it is
        also raised as ArtefactError. Any thread may call it; the swap is one assignment.
        """
        with self._lock:
            identity = self._source.identity()
            if identity is None or (identity == self._tried and not force):
                return self._nothing_there(force=force) if identity is None else False
            self._tried = identity
            try:
                bundle = self._source.load()
                self_test(bundle, self._clock())
            except Exception as error:  # whatever is wrong with the new one, the old one goes on answering
                self.last_error = f"{type(error).__name__}: {error}"
                logger.exception("the new bundle is not used; version %s goes on", self.current.bundle.version)
                if force:
                    raise ArtefactError(f"the bundle cannot be used: {self.last_error}") from error
                return False
            self.current = Loaded(bundle, self.current.generation + 1, identity, self._clock())
            self.last_error = None
            logger.info("serving bundle %s", bundle.version)
            return True

    def _nothing_there(self, *, force: bool) -> bool:
        if force:
            raise ArtefactError("there is no bundle to load; publish one first")
        told = f"no bundle at {self._source}: answers rest on quotes and calendars; ./run dvc repro publish makes one"
        if not self.current.generation and told != self.last_error:
            self._tried, self.last_error = None, told
            logger.warning(told)
        return False


def age_days(as_of: datetime, now: datetime) -> int:
    """Return the whole days since a bundle's histories were known; 0 where the clock is behind them."""
    return max((now - as_of).days, 0)


def self_test(bundle: ServingBundle, now: datetime) -> None:
    """Ask a bundle for a few forecasts and check that they are usable; ArtefactError when they are not."""
    home = bundle.places.find("DE", "04109")
    origins = list(bundle.origins.values())[:SELF_TEST_ORIGINS]
    carriers: list[str | None] = [None, *bundle.carriers]
    shipments = [
        Shipment(now, origin, destination, carrier)
        for origin in origins
        for destination in (origin.place, home)
        for carrier in carriers
    ]
    try:
        forecasts = bundle.forecaster.forecast(shipments)
    except ParcelcastError as error:
        raise ArtefactError(f"the self-test failed: {error}") from error
    if len(forecasts) != len(shipments):
        raise ArtefactError(f"the self-test got {len(forecasts)} forecasts for {len(shipments)} shipments")
    for shipment, forecast in zip(shipments, forecasts, strict=True):
        if forecast.distribution.quantile(0.5) is None:
            where = f"{shipment.origin.origin_id} to {shipment.destination.country}"
            raise ArtefactError(f"the self-test found no likely date from {where} with {shipment.carrier}")
