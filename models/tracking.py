"""The door to MLflow: runs, registered versions and the names they go by. No other module imports MLflow."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import lightgbm

from parcelcast.errors import ArtefactError

MODEL = "parcelcast-eta"
CHALLENGER = "challenger"
CHAMPION = "champion"
_EXPERIMENT = "parcelcast"
_BUNDLE = "bundle"
_ADDRESS = "MLFLOW_TRACKING_URI"
_NO_SUCH_THING = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # MLflow has said either, for a missing alias


@dataclass(frozen=True)
class Version:
    """A registered model version and the run that made it."""

    number: str
    run_id: str


@dataclass(frozen=True)
class Run:
    """What a training run leaves behind.

    `bundle` is the serving bundle's directory, `boosters` the LightGBM text files in it that get a signature of their
    own (name -> file), `files` further files or directories (artifact folder -> path).
    """

    name: str
    parameters: Mapping[str, object]
    metrics: Mapping[str, float]
    bundle: Path
    boosters: Mapping[str, Path]
    files: Mapping[str, Path] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class Registry(Protocol):
    """Where runs are recorded and versions get their names."""

    def record(self, run: Run) -> Version:
        """Record a run and register its model as a new version."""
        ...

    def give_name(self, alias: str, version: Version) -> None:
        """Let `alias` mean this version from now on."""
        ...

    def named(self, alias: str) -> Version | None:
        """Return the version that goes by `alias`, None when there is none yet."""
        ...

    def annotate(self, version: Version, notes: Mapping[str, str]) -> None:
        """Attach short notes to a version."""
        ...

    def fetch_bundle(self, version: Version, into: Path) -> Path:
        """Copy the version's bundle below `into` and return its directory."""
        ...


class MlflowRegistry:
    """MLflow as the registry; by default one SQLite file and a folder of artifacts, no server."""

    def __init__(self, uri: str, artifacts: str | None = None) -> None:
        self._mlflow = _quiet_mlflow()
        with _translated(f"opening the tracking store {uri}"):
            with _environment_kept():
                self._mlflow.set_tracking_uri(uri)
            self._client = self._mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
            experiment = self._client.get_experiment_by_name(_EXPERIMENT)
            self._experiment_id: str = (
                experiment.experiment_id
                if experiment
                else self._client.create_experiment(_EXPERIMENT, artifact_location=artifacts)
            )

    @classmethod
    def in_directory(cls, directory: Path) -> "MlflowRegistry":
        """Open (or make) the registry in `directory`: `mlflow.db` and `artifacts/`."""
        directory.mkdir(parents=True, exist_ok=True)
        home = directory.resolve()
        return cls(f"sqlite:///{home / 'mlflow.db'}", (home / "artifacts").as_uri())

    def record(self, run: Run) -> Version:
        """Record parameters, metrics, bundle and files, and register the first booster with its signature."""
        with (
            _translated(f"recording the run {run.name}"),
            self._mlflow.start_run(experiment_id=self._experiment_id, run_name=run.name, tags=dict(run.tags)) as active,
        ):
            self._mlflow.log_params(dict(run.parameters))
            self._mlflow.log_metrics(dict(run.metrics))
            for folder, path in {_BUNDLE: run.bundle, **run.files}.items():
                self._log(path, folder)
            models = [self._log_booster(name, path) for name, path in run.boosters.items()]
            return self._register(models[0], active.info.run_id)

    def give_name(self, alias: str, version: Version) -> None:
        """Let `alias` mean this version from now on."""
        with _translated(f"naming version {version.number} {alias}"):
            self._client.set_registered_model_alias(MODEL, alias, version.number)

    def named(self, alias: str) -> Version | None:
        """Return the version that goes by `alias`, None when there is none yet."""
        from mlflow.exceptions import MlflowException

        try:
            found = self._client.get_model_version_by_alias(MODEL, alias)
        except MlflowException as error:
            if error.error_code in _NO_SUCH_THING:
                return None
            raise ArtefactError(f"looking up the {alias} in MLflow failed: {error}") from error
        return Version(str(found.version), found.run_id)

    def annotate(self, version: Version, notes: Mapping[str, str]) -> None:
        """Attach short notes to a version, as tags."""
        with _translated(f"annotating version {version.number}"):
            for key, value in notes.items():
                self._client.set_model_version_tag(MODEL, version.number, key, value)

    def fetch_bundle(self, version: Version, into: Path) -> Path:
        """Copy the version's bundle below `into` and return its directory."""
        into.mkdir(parents=True, exist_ok=True)
        with _translated(f"fetching the bundle of version {version.number}"):
            return Path(self._client.download_artifacts(version.run_id, _BUNDLE, str(into)))

    def _register(self, model: Any, run_id: str) -> Version:
        """Make the next version. MLflow's own shortcut does the same and writes to the terminal."""
        if not self._client.search_registered_models(f"name = '{MODEL}'"):
            self._client.create_registered_model(MODEL)
        made = self._client.create_model_version(MODEL, model.model_uri, run_id, model_id=model.model_id)
        return Version(str(made.version), run_id)

    def _log(self, path: Path, folder: str) -> None:
        log = self._mlflow.log_artifacts if path.is_dir() else self._mlflow.log_artifact
        log(str(path), folder)

    def _log_booster(self, name: str, path: Path) -> Any:
        booster = lightgbm.Booster(model_file=path)
        return self._mlflow.lightgbm.log_model(
            booster,
            name=name,
            signature=_signature(booster),
            # Stated, because inferring it loads the model in another process.
            pip_requirements=[f"lightgbm=={lightgbm.__version__}"],
        )


def _signature(booster: lightgbm.Booster) -> Any:
    """Return the signature: one double per feature (categories are codes, NaN is missing) in, one double out."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = Schema([ColSpec("double", name) for name in booster.feature_name()])
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec("double")]))


def _quiet_mlflow() -> Any:
    """Import MLflow with telemetry, progress bars and migration chatter off; these are read at import."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # MLflow 3.17 meets deprecations of SQLAlchemy 2.1 and of its own type hints while it is being imported.
        warnings.simplefilter("ignore")
        import mlflow
        import mlflow.lightgbm
        import mlflow.pyfunc
        import mlflow.store.tracking.sqlalchemy_store

    return mlflow


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Undo that MLflow writes the address into the environment, where processes we start would take it for a wish."""
    before = os.environ.get(_ADDRESS)
    try:
        yield
    finally:
        os.environ.pop(_ADDRESS, None)
        if before is not None:
            os.environ[_ADDRESS] = before


@contextmanager
def _translated(what: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise ArtefactError(f"{what} in MLflow failed: {error}") from error
