"""The stage `register`: record the run in the tracking store and name its model challenger."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.tracking import CHALLENGER, MlflowRegistry, Registry, Run, Version
from parcelcast.errors import DataError
from pipelines.parameters import flattened

_LONGEST_PARAMETER = 500  # characters, of MLflow


def open_registry(directory: Path) -> MlflowRegistry:
    """Return the registry of MLFLOW_TRACKING_URI where that is set, else the one in `directory`."""
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    return MlflowRegistry(uri) if uri else MlflowRegistry.in_directory(directory)


def register(
    registry: Registry,
    bundle: Path,
    scores: Path,
    files: Mapping[str, Path],
    parameters: Mapping[str, Any],
    boosters: Mapping[str, Path],
    tags: Mapping[str, str],
) -> Version:
    """Record a run: the numbers of the JSON file `scores`, `parameters`, `files`, and the bundle with its boosters.

    `files` are further files and folders by the name of their artifact folder, `boosters` the bundle's LightGBM text
    files by name, the one to register first; `tags` are added to that of the bundle's version. The new
    version becomes the challenger.
    """
    manifest = _json(bundle / "manifest.json")
    run = Run(
        name=f"{parameters['ingest']['source']} as of {manifest['as_of']}",
        parameters={name: str(value)[:_LONGEST_PARAMETER] for name, value in flattened(parameters).items()},
        metrics=numbers(_json(scores)),
        bundle=bundle,
        boosters=boosters,
        files=files,
        tags={"bundle": str(manifest["version"]), **tags},
    )
    version = registry.record(run)
    registry.give_name(CHALLENGER, version)
    return version


def weather_tags(told: Mapping[str, Any]) -> dict[str, str]:
    """Return what `pipelines.weather.told_of_weather` tells as a tag of the run.

    >>> weather_tags({"source": "meteostat", "forecast": "observed_as_forecast", "optimistic": True})
    {'weather': 'meteostat, observed_as_forecast (optimistic)'}
    >>> weather_tags({"source": "table", "forecast": None, "optimistic": False}), weather_tags({})
    ({'weather': 'table'}, {})
    """
    if not told:
        return {}
    words = ", ".join(filter(None, (told["source"], told["forecast"])))
    return {"weather": f"{words} (optimistic)" if told["optimistic"] else words}


def numbers(content: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of nested metrics under dotted names; lists and text are left to the artifacts.

    >>> numbers({"model": {"crps": 1.5, "parcels": 3}, "window": "May", "pit": [0.5, 0.5]})
    {'model.crps': 1.5, 'model.parcels': 3.0}
    """
    return {
        _mlflow_name(name): float(value)
        for name, value in flattened(content).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def write_version(version: Version, path: Path) -> None:
    """Write which version a stage registered or published."""
    path.write_text(
        json.dumps({"version": version.number, "run_id": version.run_id}, indent=1) + "\n", encoding="utf-8"
    )


def read_version(path: Path) -> Version:
    """Read it back."""
    content = _json(path)
    return Version(content["version"], content["run_id"])


def _mlflow_name(name: str) -> str:
    """MLflow takes letters, digits and `_-. :/` in the name of a metric."""
    return "".join(letter if letter.isalnum() or letter in "_-. :/" else "_" for letter in name)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(
            "no such file", file=str(path), remedy="run ./run dvc repro publish, which makes it first"
        ) from error
