"""Writing a serving bundle, which is read back and tested before anybody can publish it."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import lightgbm

from features.assembly import Histories
from features.orders import EPOCH, Floats
from features.table import Network
from models.blend import Blend
from models.bundle import (
    ALERTS,
    CASE_FIELDS,
    HANDOVER,
    HISTORY,
    LIVING,
    MANIFEST,
    MODEL,
    MODEL_PARTS,
    NETWORK,
    PLACES,
    SCHEMA,
    SELF_TEST,
    WEATHER,
    Bundle,
    case_cdfs,
    sha256_of,
    trained_version,
)
from models.calibration import BetaMap
from models.forecaster import BundleForecaster
from models.living.forecaster import BundleLivingForecaster
from models.living.model import LivingModel
from models.snapshots import write_histories
from models.training import Trained
from parcelcast.alerts import FittedAlerts
from parcelcast.shipment import Service, Shipment

# What a day changes in a bundle, with the manifest.
_OF_DAY = (HISTORY, WEATHER, NETWORK, SELF_TEST)


def write_bundle(
    path: Path,
    trained: Trained,
    living: LivingModel,
    histories: Histories,
    day: int,
    shifts: tuple[float, float],
    network: Network,
    samples: Sequence[Shipment],
    fitted_alerts: FittedAlerts,
) -> Bundle:
    """Write a bundle whose history ends before UTC day `day`, and load it back.

    `shifts` are the online corrections of that day, at the order and on the way; `samples` are shipments for the
    self-test. The version is the day and a hash of the content, so the same content has the same version.
    """
    path.mkdir(parents=True, exist_ok=True)
    boosters = _boosters(trained, living)
    for name, booster in boosters.items():
        booster.save_model(path / f"{name}.txt")
    handover = None if living.handover is None else living.handover.to_dict()
    on_the_way = {
        "codes": living.hazard.codes,
        "boosters": sorted(living.boosters),
        "calibration": living.maps_to_dict(),
        HANDOVER: handover,
    }
    described = {MODEL_PARTS: trained.model.to_dict(), "calibration": trained.calibration.to_dict(), LIVING: on_the_way}
    _write_json(path / MODEL, described)
    network.places.write_csv(path / PLACES)
    models = trained.model, trained.calibration, living
    told_of_day = _write_day(path, models, histories, day, shifts, network, samples)
    alerts = [ALERTS] if fitted_alerts.points else []
    for name in alerts:
        _write_json(path / name, fitted_alerts.to_dict())
    names = [*(f"{name}.txt" for name in boosters), *alerts, MODEL, PLACES, *_OF_DAY]
    hashes = {name: sha256_of(path / name) for name in names}
    digest = hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
    _write_json(
        path / MANIFEST,
        {
            "schema": SCHEMA,
            "version": f"{_day(day)}-{digest[:12]}",
            **told_of_day,
            "shared_fate": trained.shared_fate,
            "fit": [_day(trained.first), _day(trained.calibrated_from)],
            "calibration": [_day(trained.calibrated_from), _day(trained.as_of)],
            "files": hashes,
        },
    )
    return Bundle.load(path)


def renew_bundle(
    path: Path,
    champion: Bundle,
    histories: Histories,
    day: int,
    shifts: tuple[float, float],
    network: Network,
    samples: Sequence[Shipment],
) -> Bundle:
    """Let the copy of a champion's bundle at `path` tell what is known at the start of UTC day `day`; load it back.

    Histories, corrections, origins, carriers and the self-test are of that day; whatever was learned stays, byte by
    byte. The version is that of the trained model with the day.
    """
    models = *champion.forecaster.parts, champion.living.model
    told_of_day = _write_day(path, models, histories, day, shifts, network, samples)
    hashes = {name: sha256_of(path / name) for name in _OF_DAY}
    changed = {"version": f"{trained_version(champion.version)}+{_day(day)}", **told_of_day}
    _write_json(path / MANIFEST, {**champion.manifest, **changed, "files": {**champion.manifest["files"], **hashes}})
    return Bundle.load(path)


def _write_day(
    path: Path,
    models: tuple[Blend, BetaMap, LivingModel],
    histories: Histories,
    day: int,
    shifts: tuple[float, float],
    network: Network,
    samples: Sequence[Shipment],
) -> dict[str, Any]:
    """Write the files `_OF_DAY`, and return what the manifest tells of the day."""
    (model, calibration, living), (shift, living_shift) = models, shifts
    write_histories(histories, path / HISTORY, path / WEATHER)
    _write_json(path / NETWORK, _network(network))
    forecaster = BundleForecaster(model, calibration, histories, shift, network.carriers)
    on_their_way = BundleLivingForecaster(living, histories, living_shift, network.carriers, forecaster)
    now = datetime.combine(EPOCH + timedelta(days=day), datetime.min.time(), UTC)
    told = zip(samples, case_cdfs(samples, now, forecaster, on_their_way), strict=True)
    _write_json(path / SELF_TEST, [_case(shipment, cdfs) for shipment, cdfs in told])
    return {"as_of": _day(day), "as_of_day": day, "shift": shift, "living_shift": living_shift}


def _boosters(trained: Trained, living: LivingModel) -> dict[str, lightgbm.Booster]:
    """Return the boosters of all models by the names of their files."""
    at_handover = {} if living.handover is None else living.handover.boosters
    parts = (("", trained.model.boosters), (f"{LIVING}-", living.boosters), (f"{HANDOVER}-", at_handover))
    return {f"{prefix}{name}": booster for prefix, boosters in parts for name, booster in boosters.items()}


def _day(number: int) -> str:
    return str(EPOCH + timedelta(days=number))


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _network(network: Network) -> dict[str, Any]:
    grouping = network.places.grouping
    return {
        "places": {"region": str(grouping.region), "area": str(grouping.area)},
        "origins": [
            {
                "origin_id": origin.origin_id,
                "country": origin.place.country,
                "postal_code": origin.place.postal_code,
                "calendar": origin.calendar.to_dict(),
                "handling_days": origin.handling_days,
            }
            for origin in network.origins.values()
        ],
        "carriers": [
            {
                "carrier_id": carrier.carrier_id,
                "delivery_weekdays": sorted(carrier.delivery_weekdays),
                "observes_holidays": carrier.observes_holidays,
                "services": [_service(service) for service in carrier.services],
            }
            for carrier in network.carriers.values()
        ],
    }


def _service(service: Service) -> dict[str, Any]:
    """Return the fields of a service, prices that are no numbers as unknown."""
    price = service.price if service.price is not None and math.isfinite(service.price) else None
    return {
        "service_id": service.service_id,
        "quoted_days": service.quoted_days,
        "price": price,
        "currency": service.currency,
    }


def _case(shipment: Shipment, cdfs: Mapping[str, Floats]) -> dict[str, Any]:
    return {
        "ordered_at": shipment.ordered_at.isoformat(),
        "origin_id": shipment.origin.origin_id,
        "country": shipment.destination.country,
        "postal_code": shipment.destination.postal_code,
        **{name: getattr(shipment, name) for name in CASE_FIELDS},
        **{name: cdf.tolist() for name, cdf in cdfs.items()},
    }
