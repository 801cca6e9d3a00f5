"""The model bundle that answers now: loaded as a whole, tested, swapped at once, kept when its successor fails."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Protocol

from parcelcast.errors import ArtefactError, ParcelcastError
from parcelcast.forecast import Forecast, Forecaster, quoted_forecast
from parcelcast.place import PlaceIndex
from parcelcast.shipment import Carrier, Origin, Shipment
from serving.clock import Clock

logger = logging.getLogger("parcelcast.serving")

MANIFEST = "manifest.json"
SELF_TEST_ORIGINS = 3


class ServingBundle(Protocol):
    """What serving needs of a bundle; `models.bundle.Bundle` has it."""

    @property
    def version(self) -> str:
        """Name of this model version."""
        ...

    @property
    def forecaster(self) -> Forecaster:
        """Deterministic and thread-safe."""
        ...

    @property
    def origins(self) -> Mapping[str, Origin]:
        """The known origins by id."""
        ...

    @property
    def carriers(self) -> Mapping[str, Carrier]:
        """The known carriers by id."""
        ...

    @property
    def shared_fate(self) -> float:
        """Dependence of parcels that share origin, carrier and dispatch day, 0 to 1."""
        ...

    @property
    def as_of(self) -> datetime | None:
        """Instant (UTC) up to which the history behind it was known."""
        ...


class BundleSource(Protocol):
    """Where bundles come from."""

    def identity(self) -> str | None:
        """Return what changes when another bundle is published; None when there is none."""
        ...

    def load(self) -> ServingBundle:
        """Read and verify the bundle; ArtefactError when it cannot be used."""
        ...


@dataclass(frozen=True)
class DirectorySource:
    """A directory (or a link to one) that holds the bundle to serve."""

    path: Path

    def identity(self) -> str | None:
        """Return the real directory and the age of its manifest."""
        try:
            directory = self.path.resolve(strict=True)
            stat = (directory / MANIFEST).stat()
        except OSError:
            return None
        return f"{directory}:{stat.st_mtime_ns}:{stat.st_size}"

    def load(self) -> ServingBundle:
        """Load through `models.bundle`, from the directory that the link names now."""
        # Here, because only a server with a bundle needs LightGBM in memory.
        from models.bundle import Bundle  # noqa: PLC0415

        return Bundle.load(self.path.resolve(strict=True))


class QuotedForecaster:
    """Answers from the carrier's quote and the calendar: what is left when there is no model."""

    def __init__(self, carriers: Mapping[str, Carrier]) -> None:
        self._carriers = carriers

    def forecast(self, shipments: Sequence[Shipment]) -> list[Forecast]:
        """Return one forecast per shipment, of basis `carrier_quote` or `policy`."""
        return [
            quoted_forecast(shipment, self._carrier(shipment).delivery_calendar(shipment.destination))
            for shipment in shipments
        ]

    def _carrier(self, shipment: Shipment) -> Carrier:
        name = shipment.carrier or ""
        return self._carriers.get(name) or Carrier(name)


@dataclass(frozen=True)
class NoBundle:
    """The bundle of a server that has none yet."""

    version: str = "none"
    forecaster: Forecaster = field(default_factory=lambda: QuotedForecaster({}))
    origins: Mapping[str, Origin] = field(default_factory=dict)
    carriers: Mapping[str, Carrier] = field(default_factory=dict)
    shared_fate: float = 0.0
    as_of: datetime | None = None


@dataclass(frozen=True)
class Loaded:
    """A bundle in use. The generation grows with every swap: what was computed from an older one is stale."""

    bundle: ServingBundle
    generation: int
    identity: str | None
    loaded_at: datetime | None


class Bundles:
    """Holds the bundle in use and replaces it when the source has another that passes the self-test."""

    def __init__(self, source: BundleSource, clock: Clock, places: PlaceIndex) -> None:
        self._source = source
        self._clock = clock
        self._places = places
        self._lock = Lock()
        self._tried: str | None = None
        self.current = Loaded(NoBundle(), 0, None, None)
        self.last_error: str | None = None

    def refresh(self, *, force: bool = False) -> bool:
        """Load the source's bundle if it changed (or by force) and return whether it was swapped in.

        A failure keeps the bundle in use and is told in `last_error`; by force it is also raised as ArtefactError. Any
        thread may call it; the swap is one assignment.
        """
        with self._lock:
            identity = self._source.identity()
            if identity is None or (identity == self._tried and not force):
                return self._nothing_there(force=force) if identity is None else False
            self._tried = identity
            try:
                bundle = self._source.load()
                self_test(bundle, self._places, self._clock())
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
        return False


def self_test(bundle: ServingBundle, places: PlaceIndex, now: datetime) -> None:
    """Ask a bundle for a few forecasts and check that they are usable; ArtefactError when they are not."""
    home = places.find("DE", "04109")
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
