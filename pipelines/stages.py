"""The stages as commands: where each reads and writes, and its parameters from `params.yaml`.

Everything is relative to the working directory, which is the repository or another workspace. A stage's implementation
is imported when it runs, so that a short stage does not pay for the libraries of the others.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.parameters import read_all, read_section
from pipelines.progress import TellShare, steps

if TYPE_CHECKING:
    from models.tracking import Version
    from parcelcast.place import PlaceIndex
    from pipelines.daily import DailyTables
    from pipelines.modelling import Split
    from pipelines.preparation import Prepared

DATA = Path("data")
RAW = DATA / "raw"
CANONICAL = DATA / "canonical"
VALIDATED = DATA / "validated"
WEATHER = DATA / "weather"
QUARANTINE = DATA / "quarantine"
FEATURES = DATA / "features" / "features.parquet"
MODEL = DATA / "model"
LIVING_MODEL = MODEL / "living"
CALIBRATION = DATA / "calibration" / "calibration.json"
CHALLENGER = DATA / "challenger"
BUNDLES = DATA / "bundle"
ONLINE = DATA / "online"
TRACKING = DATA / "tracking"
REPORTS = Path("reports")
EVALUATION = REPORTS / "evaluation"
SCORES = REPORTS / "scores.json"
REGISTERED = REPORTS / "registered.json"


def run(name: str) -> None:
    """Run one stage by its name."""
    STAGES[name]()


def simulate(out: Path, shipments: int | None, seed: int | None) -> None:
    """Simulate into a folder, with other numbers than those of `params.yaml` where given."""
    from pipelines.simulate import SimulateParameters
    from pipelines.simulate import simulate as run_simulation

    parameters = read_section(SimulateParameters, "simulate")
    parameters = replace(
        parameters,
        shipments=parameters.shipments if shipments is None else shipments,
        seed=parameters.seed if seed is None else seed,
    )
    with steps("simulate") as tell:
        run_simulation(parameters, out, tell)


@dataclass(frozen=True)
class IngestParameters:
    """Section ingest of params.yaml."""

    source: str
    data: Path
    mapping: Path | None
    critical_share: float


def _ingest() -> None:
    from pipelines.accounts import ingest_account
    from pipelines.ingest import ingest

    given = read_section(IngestParameters, "ingest")
    with steps("ingest") as tell:
        report = ingest(given.source, given.data, CANONICAL, given.mapping, tell, critical_share=given.critical_share)
    print(ingest_account(report))  # noqa: T201 - the person who waits wants to know


@dataclass(frozen=True)
class ValidateParameters:
    """Section validate of params.yaml."""

    critical_share: float


def _validate() -> None:
    from pipelines.accounts import validation_account
    from pipelines.validate import DOCS, validate

    given = read_section(ValidateParameters, "validate")
    with steps("validate") as tell:
        summary = validate(CANONICAL, VALIDATED, QUARANTINE, given.critical_share, tell, _now())
    print(validation_account(summary, VALIDATED / DOCS))  # noqa: T201 - the person who waits wants to know
    QUARANTINE.mkdir(exist_ok=True)  # DVC wants to see it even when every row was sound


def places(files: Sequence[Path], out: Path) -> str:
    """Make a table of places from GeoNames' postal codes; return what was made and what was set aside."""
    from pipelines.places.making import make_table

    with steps("places") as tell:
        return str(make_table(files, out, tell))


def backtest(
    source: str,
    data: Path,
    mapping: Path | None,
    window: tuple[date, date],
    out: Path,
    places: tuple[Path | None, str, str],
) -> str:
    """Backtest a source on orders from the window's first day to before its last; return the table of scores.

    `places` is a table of places, regions and areas, as in section places of params.yaml.
    """
    from models.training import TrainParameters
    from pipelines.backtest import Window
    from pipelines.backtest import backtest as run_backtest
    from pipelines.places import PlacesParameters, read_places
    from pipelines.scoreboard import scores_text

    table, region, area = places
    index = read_places(PlacesParameters(region, area, table))
    with steps("backtest") as tell:
        out.mkdir(parents=True, exist_ok=True)  # before the long work, which is for nothing where this fails
        metrics = run_backtest(source, data, mapping, Window(*window), out, TrainParameters(), tell, index, say=print)
    return f"{scores_text(metrics)}\n\nmetrics.json, predictions.parquet, report.html and its pictures are in {out}"


def backtest_journeys(data: Path, train_share: float, out: Path) -> str:
    """Backtest freight legs, learned from the first processes of the Cargo 2000 file; return the table of scores."""
    from models.journeys.model import JourneyParameters
    from pipelines.journeys import backtest_journeys as run_backtest
    from pipelines.journeys import journeys_text

    with steps("backtest") as tell:
        out.mkdir(parents=True, exist_ok=True)
        metrics = run_backtest(data, train_share, out, JourneyParameters(), tell)
    return f"{journeys_text(metrics)}\n\nmetrics.json, predictions.parquet, report.html and its pictures are in {out}"


def _weather() -> None:
    from pipelines.weather import WeatherParameters, weather

    given = read_section(WeatherParameters, "weather")
    with steps("weather") as tell:
        weather(VALIDATED, WEATHER, given, _places(), datetime.now(UTC), tell)


def _featurize() -> None:
    from pipelines.modelling import featurize
    from pipelines.weather import tables_with_weather

    with steps("featurize") as tell:
        featurize(tables_with_weather(VALIDATED, WEATHER), _places(), _daily().count, FEATURES, tell)


def featurize_days(
    store: Path, shipments: Sequence[Path], scans: Sequence[Path], network: Path, until: date | None
) -> str:
    """Add files to a store of daily tables, or begin it; return what was counted."""
    from features.engine.choice import EngineParameters
    from features.orders import epoch_day
    from pipelines.daystore import Addition, add_to_store

    today = epoch_day(_now().date())
    given = Addition(shipments, scans, network, None if until is None else epoch_day(until), today)
    parameters = read_section(EngineParameters, "features")
    with steps("featurize days") as tell:
        return add_to_store(store, given, _places(), parameters, tell)


def _daily() -> "DailyTables":
    from features.engine.choice import EngineParameters
    from pipelines.daily import DailyTables

    return DailyTables(VALIDATED, read_section(EngineParameters, "features"))


def _train() -> None:
    from models.living.training import LivingParameters
    from models.storage import save_fitted, save_living
    from models.training import TrainParameters, fit
    from pipelines.living.training import train_on_tables

    given, on_the_way = read_section(TrainParameters, "train"), read_section(LivingParameters, "living")
    with steps("train") as tell:
        prepared, split = read_workspace(tell)
        save_fitted(fit(prepared.history, prepared.assembled, split.start, given, tell), MODEL)
        save_living(train_on_tables(prepared, VALIDATED, split.start, on_the_way, tell), LIVING_MODEL)


def _calibrate() -> None:
    from models.storage import load_fitted, save_calibration
    from models.training import calibrate

    with steps("calibrate") as tell:
        prepared, _ = read_workspace(tell)
        tell("comparing with later orders")
        save_calibration(calibrate(load_fitted(MODEL), prepared.history, prepared.assembled), CALIBRATION)


def _evaluate() -> None:
    from models.storage import load_trained
    from models.training import TrainParameters
    from pipelines.modelling import judge_on_window
    from pipelines.scores import write_scores
    from pipelines.weather import told_of_weather

    given = read_section(TrainParameters, "train")
    with steps("evaluate") as tell:
        prepared, split = read_workspace(tell)
        trained, told = load_trained(MODEL, CALIBRATION), told_of_weather(WEATHER)
        judge_on_window(trained, given, prepared, split, told, EVALUATION, tell)
        write_scores(EVALUATION / "metrics.json", SCORES)


def _register() -> None:
    from models.hazard import BOOSTERS
    from models.storage import load_living, load_trained
    from pipelines.modelling import AlertParameters, make_bundle
    from pipelines.register import open_registry, register, weather_tags, write_version
    from pipelines.weather import told_of_weather

    alerts = read_section(AlertParameters, "alerts")
    with steps("register") as tell:
        prepared, split = read_workspace(tell)
        trained, living = load_trained(MODEL, CALIBRATION), load_living(LIVING_MODEL)
        make_bundle(trained, living, prepared, split, alerts, VALIDATED, CHALLENGER, tell)
        tell("recording the run in MLflow")
        boosters = {name: CHALLENGER / f"{name}.txt" for name in BOOSTERS}
        registry, files = open_registry(TRACKING), {"evaluation": EVALUATION}
        tags = weather_tags(told_of_weather(WEATHER))
        write_version(register(registry, CHALLENGER, SCORES, files, read_all(), boosters, tags), REGISTERED)


def _check() -> None:
    from models.bundle import Bundle
    from models.checks import BetterThanLaneHistory, BundleSound, Calibrated, NotWorseThanChampion, WindowsApart
    from models.storage import load_trained
    from pipelines.check import judge, write_judgement
    from pipelines.judging import evidence_of
    from pipelines.register import open_registry, read_version

    registry = open_registry(TRACKING)
    with steps("check") as tell:
        prepared, split = read_workspace(tell)
        tell("comparing with the champion")
        evidence = evidence_of(load_trained(MODEL, CALIBRATION), prepared, split, CHALLENGER, registry)
        checks = (
            WindowsApart(),
            BetterThanLaneHistory(),
            Calibrated(),
            NotWorseThanChampion(),
            BundleSound(Bundle.load),
        )
        judgement = judge(registry, read_version(REGISTERED), evidence, checks)
        write_judgement(judgement, REPORTS / "checks.json")
    print(judgement)  # noqa: T201 - the person who waits wants to know


def _publish() -> None:
    from features.feast_repo.config import OnlineParameters
    from features.feast_repo.store import Repository
    from models.bundle import Bundle
    from pipelines.online import serve_from_online
    from pipelines.publish import publish
    from pipelines.register import open_registry, write_version

    given, now = read_section(OnlineParameters, "online"), _now()
    with steps("publish") as tell:
        tell("opening the feature store")
        repository = Repository(ONLINE, given, os.environ)
        tell("bringing the champion's history online")
        published = publish(
            open_registry(TRACKING),
            BUNDLES,
            Bundle.load,
            lambda bundle, version: serve_from_online(bundle, version, repository, now),
        )
        write_version(published.version, REPORTS / "published.json")


def refresh(store: Path | None) -> str:
    """Bring the histories of the champion that is served up to the newest tables; return what was done.

    With a `store` of daily tables its counts are read instead of counting the tables.
    """
    from features.feast_repo.config import OnlineParameters
    from features.feast_repo.store import Repository
    from pipelines.daystore import counts_of
    from pipelines.online import serve_from_online
    from pipelines.refresh import Newest
    from pipelines.refresh import refresh as run_refresh
    from pipelines.register import open_registry
    from pipelines.weather import tables_with_weather

    given, now = read_section(OnlineParameters, "online"), _now()
    count = _daily().count if store is None else counts_of(store)

    def from_online(bundle: Path, version: "Version") -> object:
        return serve_from_online(bundle, version, Repository(ONLINE, given, os.environ), now)

    with steps("refresh") as tell:
        tell("reading the tables")
        newest = Newest(VALIDATED, tables_with_weather(VALIDATED, WEATHER), _places(), count)
        return run_refresh(open_registry(TRACKING), BUNDLES, newest, from_online, now, tell)


def _now() -> datetime:
    """Return the instant of this run, or the end of the simulated history where that runs ahead of the clock."""
    from pipelines.simulate import SimulateParameters

    now = datetime.now(UTC)
    if "simulate" not in read_all():  # a shop has no need of it
        return now
    until = read_section(SimulateParameters, "simulate").until
    return max(now, datetime.combine(until, time(), UTC))


def _places() -> "PlaceIndex":
    """Return the index of places that the parameters describe."""
    from pipelines.places import PlacesParameters, read_places

    return read_places(read_section(PlacesParameters, "places"))


def read_workspace(tell: TellShare) -> "tuple[Prepared, Split]":
    """Return orders and features of the workspace, and how its days are split."""
    from pipelines.modelling import WindowParameters, read_prepared, split_of
    from pipelines.weather import tables_with_weather

    prepared = read_prepared(tables_with_weather(VALIDATED, WEATHER), _places(), _daily().count, FEATURES, tell)
    return prepared, split_of(prepared, read_section(WindowParameters, "window"))


STAGES: Mapping[str, Callable[[], None]] = {
    "ingest": _ingest,
    "validate": _validate,
    "weather": _weather,
    "featurize": _featurize,
    "train": _train,
    "calibrate": _calibrate,
    "evaluate": _evaluate,
    "register": _register,
    "check": _check,
    "publish": _publish,
}
