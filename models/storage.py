"""Fitted models on disk, as data: boosters in LightGBM's text, everything else as JSON."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm

from models.blend import Blend
from models.calibration import BetaMap
from models.living.handover import HandoverModel
from models.living.model import LivingModel
from models.training import Fitted, Trained
from parcelcast.errors import ArtefactError

_EARLIER, _MODEL = "earlier", "model"
_DAYS = "days.json"
_TOLD = "model.json"
_MAPS = "calibration.json"
_HANDOVER = "handover"


def save_fitted(fitted: Fitted, directory: Path) -> None:
    """Write both models and their windows."""
    for name, model in ((_EARLIER, fitted.earlier), (_MODEL, fitted.model)):
        _save(model.boosters, model.to_dict(), directory / name)
    days = {"first": fitted.first, "calibrated_from": fitted.calibrated_from, "as_of": fitted.as_of}
    (directory / _DAYS).write_text(json.dumps(days) + "\n", encoding="utf-8")


def load_fitted(directory: Path) -> Fitted:
    """Read them back; ArtefactError when something is missing."""
    return Fitted(_load_blend(directory / _EARLIER), _load_blend(directory / _MODEL), **_json(directory / _DAYS))


def save_living(living: LivingModel, directory: Path) -> None:
    """Write the living model with its calibration, and the one at the handover if there is one."""
    shutil.rmtree(directory, ignore_errors=True)
    _save(living.boosters, {"codes": living.hazard.codes}, directory)
    if living.handover is not None:
        _save(living.handover.boosters, living.handover.to_dict(), directory / _HANDOVER)
    (directory / _MAPS).write_text(json.dumps(living.maps_to_dict(), indent=1) + "\n", encoding="utf-8")


def load_living(directory: Path) -> LivingModel:
    """Read it back; ArtefactError when something is missing."""
    there = directory / _HANDOVER
    handover = HandoverModel.of(_boosters(there), _json(there / _TOLD)) if there.is_dir() else None
    return LivingModel.of(_boosters(directory), _json(directory / _TOLD)["codes"], _json(directory / _MAPS), handover)


def save_calibration(trained: Trained, path: Path) -> None:
    """Write the map, the proportion of the two opinions and the dependence."""
    content = {
        "calibration": trained.calibration.to_dict(),
        "location_share": trained.model.share,
        "shared_fate": trained.shared_fate,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load_trained(directory: Path, calibration: Path) -> Trained:
    """Read the model with its calibration."""
    fitted, told = load_fitted(directory), _json(calibration)
    return Trained(
        fitted.model.with_share(told["location_share"]),
        BetaMap(**told["calibration"]),
        told["shared_fate"],
        fitted.first,
        fitted.calibrated_from,
        fitted.as_of,
    )


def _save(boosters: Mapping[str, lightgbm.Booster], told: Mapping[str, Any], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, booster in boosters.items():
        booster.save_model(directory / f"{name}.txt")
    (directory / _TOLD).write_text(json.dumps(told, ensure_ascii=False) + "\n", encoding="utf-8")


def _boosters(directory: Path) -> dict[str, lightgbm.Booster]:
    found = {path.stem: lightgbm.Booster(model_file=path) for path in sorted(directory.glob("*.txt"))}
    if not found:
        raise ArtefactError(f"{directory} holds no fitted model; run ./run train first")
    return found


def _load_blend(directory: Path) -> Blend:
    return Blend.of(_boosters(directory), _json(directory / _TOLD))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path} cannot be read ({error}); run the stage that makes it first") from error
