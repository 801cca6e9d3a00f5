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

from features.orders import EPOCH
from models.calibration import BetaMap
from models.forecaster import BundleForecaster
from models.hazard import BOOSTERS, HazardModel
from models.snapshots import read_histories
from parcelcast.calendar import WorkingCalendar
from parcelcast.errors import ArtefactError, DataError, InputError
from parcelcast.place import PlaceIndex
from parcelcast.regions import Grouping
from parcelcast.shipment import Carrier, Origin, Service, Shipment

SCHEMA = 2
MANIFEST = "manifest.json"
MODEL, NETWORK, PLACES, SELF_TEST = "model.json", "network.json", "places.csv.gz", "selftest.json"
HISTORY, WEATHER = "history.parquet", "weather.parquet"
_SAME = 1e-9  # a CDF further than this from the one the bundle was written with is another forecast


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: what it knows and the forecaster made of it. `as_of` is UTC; `manifest` is its own file."""

    version: str
    forecaster: BundleForecaster
    origins: Mapping[str, Origin]
    carriers: Mapping[str, Carrier]
    places: PlaceIndex
    shared_fate: float
    as_of: datetime
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
            boosters = {name: lightgbm.Booster(model_file=path / f"{name}.txt") for name in BOOSTERS}
            model = HazardModel(boosters, described["codes"])
            calibration = BetaMap(**described["calibration"])
            forecaster = BundleForecaster(
                model, calibration, read_histories(path / HISTORY, path / WEATHER), manifest["shift"], carriers
            )
        except (lightgbm.basic.LightGBMError, KeyError, OSError, TypeError, ValueError) as error:
            raise ArtefactError(f"the bundle in {path} cannot be read ({error}); publish it again") from error
        bundle = cls(
            manifest["version"],
            forecaster,
            origins,
            carriers,
            places,
            manifest["shared_fate"],
            datetime.combine(EPOCH + timedelta(days=manifest["as_of_day"]), datetime.min.time(), UTC),
            manifest,
        )
        bundle.self_test(_json(path / SELF_TEST))
        return bundle

    @property
    def trained_until(self) -> date:
        """Return the first day (UTC) of which the model has seen nothing."""
        return date.fromisoformat(self.manifest["calibration"][1])

    def self_test(self, cases: Sequence[Mapping[str, Any]]) -> None:
        """Forecast the cases that were written with the bundle; ArtefactError when one came out differently."""
        shipments = [_case_shipment(case, self.origins, self.places) for case in cases]
        for case, forecast in zip(cases, self.forecaster.forecast(shipments), strict=True):
            expected, got = np.array(case["cdf"]), forecast.distribution.cdf
            if expected.shape != got.shape or not np.abs(expected - got).max() <= _SAME:
                raise ArtefactError(
                    f"self-test: bundle {self.version} forecasts {case['origin_id']} to {case['postal_code']} "
                    "differently than when it was written; expected the same, publish it again with this version"
                )


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


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
