"""Fitted models on disk, as data: boosters in LightGBM's text, everything else as JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightgbm

from features.assembly import ALL_COLUMNS
from features.columns import Column
from features.landmarks import LIVING_COLUMNS
from models.calibration import BetaMap
from models.hazard import BOOSTERS, HazardModel
from models.living.model import LivingModel
from models.training import Fitted, Trained
from parcelcast.errors import ArtefactError

_EARLIER, _MODEL = "earlier", "model"
_DAYS = "days.json"
_CODES = "codes.json"
_MAPS = "calibration.json"


def save_fitted(fitted: Fitted, directory: Path) -> None:
    """Write both models and their windows."""
    for name, model in ((_EARLIER, fitted.earlier), (_MODEL, fitted.model)):
        _save_model(model, directory / name)
    days = {"first": fitted.first, "calibrated_from": fitted.calibrated_from, "as_of": fitted.as_of}
    (directory / _DAYS).write_text(json.dumps(days) + "\n", encoding="utf-8")


def load_fitted(directory: Path) -> Fitted:
    """Read them back; ArtefactError when something is missing."""
    return Fitted(_load_model(directory / _EARLIER), _load_model(directory / _MODEL), **_json(directory / _DAYS))


def save_living(living: LivingModel, directory: Path) -> None:
    """Write the living model with its calibration."""
    _save_model(living.hazard, directory)
    (directory / _MAPS).write_text(json.dumps(living.maps_to_dict(), indent=1) + "\n", encoding="utf-8")


def load_living(directory: Path) -> LivingModel:
    """Read it back; ArtefactError when something is missing."""
    return LivingModel.of(_load_model(directory, LIVING_COLUMNS), _json(directory / _MAPS))


def save_calibration(trained: Trained, path: Path) -> None:
    """Write the map and the dependence."""
    content = {"calibration": trained.calibration.to_dict(), "shared_fate": trained.shared_fate}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load_trained(directory: Path, calibration: Path) -> Trained:
    """Read the model with its calibration."""
    fitted, told = load_fitted(directory), _json(calibration)
    return Trained(
        fitted.model,
        BetaMap(**told["calibration"]),
        told["shared_fate"],
        fitted.first,
        fitted.calibrated_from,
        fitted.as_of,
    )


def _save_model(model: HazardModel, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, booster in model.boosters.items():
        booster.save_model(directory / f"{name}.txt")
    (directory / _CODES).write_text(json.dumps(model.codes, ensure_ascii=False) + "\n", encoding="utf-8")


def _load_model(directory: Path, columns: Sequence[Column] = ALL_COLUMNS) -> HazardModel:
    try:
        boosters = {name: lightgbm.Booster(model_file=directory / f"{name}.txt") for name in BOOSTERS}
    except lightgbm.basic.LightGBMError as error:
        raise ArtefactError(f"{directory} holds no fitted model ({error}); run ./run train first") from error
    return HazardModel(boosters, _json(directory / _CODES), columns)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path} cannot be read ({error}); run the stage that makes it first") from error
