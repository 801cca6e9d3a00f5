"""The serving bundle: one directory of data that answers promises, verified before it is used."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import lightgbm
import numpy as np

from features.orders import EPOCH, Floats
from models.blend import LOCATION, Blend
from models.calibration import BetaMap
from models.forecaster import BundleForecaster
from models.hazard import BOOSTERS
from models.living.forecaster import BundleLivingForecaster
from models.living.handover import HandoverModel
from models.living.model import LivingModel
from models.snapshots import read_histories
from parcelcast.alerts import FittedAlerts
from parcelcast.calendar import WorkingCalendar
from parcelcast.errors import ArtefactError, DataError, InputError
from parcelcast.eta import Underway
from parcelcast.place import PlaceIndex
from parcelcast.progress import parcel_progress
from parcelcast.regions import Grouping
from parcelcast.shipment import Carrier, Origin, Service, Shipment
from parcelcast.tracking.handover import handover_report

SCHEMA = 8
MANIFEST = "manifest.json"
MODEL, NETWORK, PLACES, SELF_TEST = "model.json", "network.json", "places.csv.gz", "selftest.json"
MODEL_PARTS = "order"
ALERTS = "alerts.json"  # where thresholds of alerts were fitted
LIVING, HANDOVER = "living", "handover"  # begin the names of the boosters of parcels on their way
HISTORY, WEATHER = "history.parquet", "weather.parquet"
CASE_CDFS = ("cdf", "eta_cdf", "handover_cdf")
_CASE_AGES = (timedelta(days=1), timedelta(seconds=1))
_SAME = 1e-9  # a CDF further than this from the one the bundle was written with is another forecast


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: what it knows and the forecaster made of it. `as_of` is UTC; `manifest` is its own file."""

    version: str
    forecaster: BundleForecaster
    living: BundleLivingForecaster
    origins: Mapping[str, Origin]
    carriers: Mapping[str, Carrier]
    places: PlaceIndex
    shared_fate: float
    as_of: datetime
    fitted_alerts: FittedAlerts
    manifest: Mapping[str, Any]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read, compare every hash, and run the self-test; ArtefactError when anything is not as it was written."""
        manifest = _manifest(path)
        network = _json(path / NETWORK)
        places = _places_of(path / PLACES, network)
        origins, carriers = _network_of(network, places)
        described = _json(path / MODEL)
        try:
            histories = read_histories(path / HISTORY, path / WEATHER)
            model = Blend.of(_boosters(path, "", _names(described[MODEL_PARTS])), described[MODEL_PARTS])
            calibration = BetaMap(**described["calibration"])
            forecaster = BundleForecaster(model, calibration, histories, manifest["shift"], carriers)
            told = described[LIVING]
            on_the_way = _boosters(path, f"{LIVING}-", told["boosters"])
            handover = _handover_of(path, told[HANDOVER])
            living = LivingModel.of(on_the_way, told["codes"], told["calibration"], handover)
        except (lightgbm.basic.LightGBMError, KeyError, OSError, TypeError, ValueError) as error:
            raise ArtefactError(f"the bundle in {path} cannot be read ({error}); publish it again") from error
        bundle = cls(
            manifest["version"],
            forecaster,
            BundleLivingForecaster(living, histories, manifest["living_shift"], carriers, forecaster),
            origins,
            carriers,
            places,
            manifest["shared_fate"],
            datetime.combine(EPOCH + timedelta(days=manifest["as_of_day"]), datetime.min.time(), UTC),
            _alerts_of(path, manifest),
            manifest,
        )
        bundle.self_test(_json(path / SELF_TEST))
        return bundle

    @property
    def trained_until(self) -> date:
        """Return the first day (UTC) of which the model has seen nothing."""
        return date.fromisoformat(self.manifest["calibration"][1])

    def self_test(self, cases: Sequence[Mapping[str, Any]]) -> None:
        """Forecast the cases that were written with the bundle; ArtefactError when one came out differently.

        Each is forecast at its order and, on its way, as of the bundle's instant: a day after its handover, and right
        after it.
        """
        shipments = [_case_shipment(case, self.origins, self.places) for case in cases]
        for case, got in zip(cases, case_cdfs(shipments, self.as_of, self.forecaster, self.living), strict=True):
            if not all(_is_same(np.array(case[name]), cdf) for name, cdf in got.items()):
                raise ArtefactError(
                    f"self-test: bundle {self.version} forecasts {case['origin_id']} to {case['postal_code']} "
                    "differently than when it was written; expected the same, publish it again with this version"
                )


def _boosters(path: Path, prefix: str, names: Sequence[str]) -> dict[str, lightgbm.Booster]:
    return {name: lightgbm.Booster(model_file=path / f"{prefix}{name}.txt") for name in names}


def _names(described: Mapping[str, Any]) -> Sequence[str]:
    """Return the names of the boosters of a `Blend`."""
    return BOOSTERS if described["errors"] is None else (*BOOSTERS, LOCATION)


def _handover_of(path: Path, told: Mapping[str, Any] | None) -> HandoverModel | None:
    return None if told is None else HandoverModel.of(_boosters(path, f"{HANDOVER}-", _names(told)), told)


def _manifest(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = _json(path / MANIFEST)
    if manifest.get("schema") != SCHEMA:
        raise ArtefactError(
            f"the bundle in {path} has schema {manifest.get('schema')}; expected {SCHEMA}: publish it with this version"
        )
    for name, expected in manifest["files"].items():
        file = path / name
        if not file.is_file() or sha256_of(file) != expected:
            raise ArtefactError(f"{name} in {path} is missing or was changed after it was written; publish it again")
    return manifest


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path} cannot be read ({error}); expected a bundle made by ./run publish") from error


def trained_version(version: str) -> str:
    """Return the version of the trained model in that of a bundle whose histories were refreshed.

    >>> trained_version("2026-03-01-8f3a11c0de42+2026-03-21"), trained_version("2026-03-01-8f3a11c0de42")
    ('2026-03-01-8f3a11c0de42', '2026-03-01-8f3a11c0de42')
    """
    return version.partition("+")[0]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _alerts_of(path: Path, manifest: Mapping[str, Any]) -> FittedAlerts:
    if ALERTS not in manifest["files"]:
        return FittedAlerts(())
    try:
        return FittedAlerts.from_dict(_json(path / ALERTS))
    except InputError as error:
        raise ArtefactError(f"{ALERTS} in {path} cannot be read ({error}); publish it again") from error


def _places_of(path: Path, network: Mapping[str, Any]) -> PlaceIndex:
    try:
        return PlaceIndex.from_csv(path, Grouping.parse(**network["places"]))
    except (DataError, InputError, KeyError, TypeError) as error:
        raise ArtefactError(f"the places of the bundle cannot be read ({error}); publish it again") from error


def _network_of(content: Mapping[str, Any], places: PlaceIndex) -> tuple[dict[str, Origin], dict[str, Carrier]]:
    origins = {
        row["origin_id"]: Origin(
            row["origin_id"],
            places.find(row["country"], row["postal_code"]),
            WorkingCalendar.from_dict(row["calendar"]),
            row["handling_days"],
        )
        for row in content["origins"]
    }
    carriers = {
        row["carrier_id"]: Carrier(
            row["carrier_id"],
            tuple(Service(**service) for service in row["services"]),
            frozenset(row["delivery_weekdays"]),
            row["observes_holidays"],
        )
        for row in content["carriers"]
    }
    return origins, carriers


def _is_same(expected: np.ndarray, got: np.ndarray) -> bool:
    return expected.shape == got.shape and bool(np.abs(expected - got).max() <= _SAME)


def case_cdfs(
    shipments: Sequence[Shipment], as_of: datetime, forecaster: BundleForecaster, living: BundleLivingForecaster
) -> list[dict[str, Floats]]:
    """Return for each sample P(delivered by day k) at the order, a day after the handover, and right after it."""
    parts = [[one.distribution.cdf for one in forecaster.forecast(shipments)]]
    for age in _CASE_AGES:
        etas = living.etas([underway_case(one, as_of, age) for one in shipments])
        parts.append([one.distribution.cdf for one in etas])
    return [dict(zip(CASE_CDFS, cdfs, strict=True)) for cdfs in zip(*parts, strict=True)]


def underway_case(shipment: Shipment, as_of: datetime, age: timedelta = _CASE_AGES[0]) -> Underway:
    """Return a sample shipment as one that was handed over so long before an instant."""
    handed = as_of - age
    told = handover_report(shipment.carrier or "", "sample", handed, handed)
    return Underway(shipment, parcel_progress([told], as_of))


CASE_FIELDS = (
    "carrier", "service", "delivery_mode", "quoted_transit_days", "handling_limit_days", "weight_g", "length_mm",
    "width_mm", "height_mm", "item_count", "item_category", "order_value", "currency", "freight_cost", "payment_method",
)  # fmt: skip


def _case_shipment(case: Mapping[str, Any], origins: Mapping[str, Origin], places: PlaceIndex) -> Shipment:
    return Shipment(
        ordered_at=datetime.fromisoformat(case["ordered_at"]),
        origin=origins[case["origin_id"]],
        destination=places.find(case["country"], case["postal_code"]),
        **{name: case[name] for name in CASE_FIELDS},
    )
