"""What serving needs of a model bundle, where bundles come from, and what answers when there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from parcelcast.alerts import FittedAlerts
from parcelcast.eta import Eta, LivingForecaster, Underway, conditioned_eta
from parcelcast.forecast import Forecast, Forecaster, quoted_forecast
from parcelcast.place import PlaceIndex
from parcelcast.shipment import Carrier, Origin, Shipment

MANIFEST = "manifest.json"


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
    def living(self) -> LivingForecaster:
        """Forecasts parcels on their way; deterministic and thread-safe."""
        ...

    @property
    def fitted_alerts(self) -> FittedAlerts:
        """What backtests fitted for alerts; without points where nothing was."""
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
    def places(self) -> PlaceIndex:
        """What finds a place as it was found when the model learned."""
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

    def __str__(self) -> str:
        """Return the path."""
        return str(self.path)

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


class ConditionedForecaster:
    """Says of a parcel on its way what was said when it was ordered, given that it has not come until now."""

    def __init__(self, forecaster: Forecaster) -> None:
        self._forecaster = forecaster

    def etas(self, parcels: Sequence[Underway]) -> list[Eta]:
        """Return one ETA for each parcel, in order."""
        forecasts = self._forecaster.forecast([parcel.shipment for parcel in parcels])
        return [conditioned_eta(forecast, parcel) for forecast, parcel in zip(forecasts, parcels, strict=True)]


@dataclass(frozen=True)
class NoBundle:
    """The bundle of a server that has none yet."""

    version: str = "none"
    forecaster: Forecaster = field(default_factory=lambda: QuotedForecaster({}))
    living: LivingForecaster = field(default_factory=lambda: ConditionedForecaster(QuotedForecaster({})))
    fitted_alerts: FittedAlerts = field(default_factory=lambda: FittedAlerts(()))
    origins: Mapping[str, Origin] = field(default_factory=dict)
    carriers: Mapping[str, Carrier] = field(default_factory=dict)
    places: PlaceIndex = field(default_factory=PlaceIndex.default)
    shared_fate: float = 0.0
    as_of: datetime | None = None
