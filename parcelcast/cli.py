"""The command line: the composition root.

Everything else is imported only by the command that runs, so that `--help` is instant and the serving process loads no
training stack. Stages read `params.yaml` and the `data/` folder of the working directory.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from parcelcast.benches import add_bench

if TYPE_CHECKING:
    from parcelcast.settings import Settings

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

Handler = Callable[[argparse.Namespace], int]

DESCRIPTION = """\
Delivery dates that hold with a stated probability, from a shop's own shipping history.

start here
  ./run demo                        simulate a parcel network, train on it, and open a shop that shows the promise
  ./run demo --source olist --data ../shared/datasets/olist
                                    the same with real orders
  ./run backtest --source olist --data DIR --test-from 2018-05-01 --test-until 2018-07-01 --out results
                                    how good would the promises have been?

with your own data
  1. Describe your export in a mapping file and name both in params.yaml (ingest: source, data, mapping).
  2. ./run dvc repro                runs every stage whose inputs changed, in the order
                                    ingest, validate, weather, featurize, train, calibrate, evaluate, register, check,
                                    publish
  3. ./run serve                    answers POST /v1/promises with the published model
  4. ./run dvc repro weather && ./run refresh
                                    each day: the same model, with what was recorded since
"""

EPILOG = """\
./run COMMAND --help explains a command. ./run test runs everything that CI runs.
./run dvc ... and ./run mlflow ... run those tools in the environment:
  ./run dvc metrics show
  ./run mlflow ui --backend-store-uri sqlite:///data/tracking/mlflow.db
"""

DAYS_DESCRIPTION = """\
Keep the daily tables of a shop's history in a store, and add to it what a day brought: a day costs its own records and
the parcels still under way, not the history. Files are Parquet, in the form of the canonical tables, as ./run ingest
writes them. Killed at any moment, the same command run again does the whole work; what is told late opens the days that
it changes again, and no others. One process builds in a store at a time.
"""

DAYS_EPILOG = """\
begin a store with all that is known, then add each day's files:
  ./run featurize days --store data/daily \\
      --shipments data/validated/shipments.parquet --scans data/validated/scans.parquet
  ./run featurize days --store data/daily \\
      --shipments shipments-2026-11-02.parquet --scans scans-2026-11-02.parquet

docs/scaling.md tells how a store is laid out and read.
"""

SOURCES = ("canonical", "olist")
JOURNEYS = "cargo2000"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 failed with a message, 2 used wrongly."""
    from parcelcast.errors import ParcelcastError

    options = parser().parse_args(argv)
    handler: Handler = options.handler
    try:
        return handler(options)
    except ParcelcastError as error:
        print(f"parcelcast {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; what it parses carries the command's `handler`."""
    root = argparse.ArgumentParser(
        prog="./run", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    for add in (
        _add_demo,
        _add_backtest,
        _add_serve,
        _add_worker,
        _add_key,
        add_bench,
        _add_simulate,
        _add_places,
        _add_stages,
        _add_refresh,
    ):
        add(commands)
    return root


def _add_demo(commands: "Commands") -> None:
    command = commands.add_parser(
        "demo",
        help="history, pipeline, server and shop pages in one go",
        description="Make a history (simulated, or real orders), run the pipeline on it, and serve shop pages that "
        "show the promise. What is already done is not done again. Prints the addresses and the API key.",
    )
    command.add_argument(
        "--source", choices=("simulated", *SOURCES), default="simulated", help="where orders come from"
    )
    command.add_argument("--data", type=Path, metavar="PATH", help="the orders' folder, for any source but simulated")
    command.add_argument("--mapping", type=Path, metavar="FILE", help="what foreign columns mean (source canonical)")
    command.add_argument("--shipments", type=int, metavar="N", help="how many to simulate (default: params.yaml)")
    command.add_argument("--prepare-only", action="store_true", help="stop before serving")
    _add_address(command)
    command.set_defaults(handler=_demo)


def _add_backtest(commands: "Commands") -> None:
    command = commands.add_parser(
        "backtest",
        help="how good would the promises have been in a past window?",
        description="Train as of --test-from (nothing recorded later is visible), predict every order placed in the "
        "window, and write OUT/metrics.json, OUT/predictions.parquet, OUT/report.html and its pictures. The source "
        "cargo2000 has no calendar: train on the first --train-share of its processes, predict the rest at every scan.",
    )
    command.add_argument("--source", choices=(*SOURCES, JOURNEYS), required=True, help="the adapter that reads --data")
    command.add_argument("--data", type=Path, required=True, metavar="PATH", help="the orders' file or folder")
    command.add_argument("--mapping", type=Path, metavar="FILE", help="what foreign columns mean (source canonical)")
    command.add_argument("--test-from", type=date.fromisoformat, metavar="DATE", help="first day")
    command.add_argument("--test-until", type=date.fromisoformat, metavar="DATE", help="day after the last")
    command.add_argument("--train-share", type=float, default=0.7, metavar="S", help="cargo2000 only (default: 0.7)")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    command.add_argument("--places", type=Path, metavar="TABLE", help="places that ./run places made (default: ours)")
    command.add_argument("--region", default="iso", metavar="KIND", help="wide ends of lanes: iso, prefix:N or h3:N")
    command.add_argument("--area", default="prefix:2", metavar="KIND", help="narrow ends of lanes, as --region")
    command.set_defaults(handler=_backtest)


def _add_places(commands: "Commands") -> None:
    command = commands.add_parser(
        "places",
        help="make a table of places from GeoNames' postal codes",
        description="Merge files of https://download.geonames.org/export/zip/ (.txt, .txt.gz or .zip; CC BY 4.0) with "
        "our own table of places, and write a table to name in params.yaml (places: table). docs/places.md tells more.",
    )
    command.add_argument("files", type=Path, nargs="+", metavar="FILE", help="GeoNames' postal codes of a country")
    command.add_argument(
        "--out", type=Path, default=Path("data/places/places.csv.gz"), metavar="FILE", help="the table to write"
    )
    command.set_defaults(handler=_places)


def _add_serve(commands: "Commands") -> None:
    command = commands.add_parser(
        "serve",
        help="answer promises over HTTP with the published bundle",
        description="Serve the promise API until interrupted. Every setting is a variable PARCELCAST_*, which these "
        "options replace; docs/operations.md lists them.",
    )
    command.add_argument("--bundle", type=Path, metavar="DIR", help="model bundle (default: data/bundle/current)")
    command.add_argument("--workers", type=int, metavar="N", help="server processes (default: 1)")
    _add_address(command)
    command.set_defaults(handler=_serve)


def _add_worker(commands: "Commands") -> None:
    command = commands.add_parser(
        "worker",
        help="look at parcels and tell of alerts, beside servers that do not",
        description="Look at parcels when there is news or a day has passed, until interrupted. Servers do this "
        "themselves unless PARCELCAST_WORKER is false. Several workers on one PostgreSQL share the parcels. What is "
        "done (events that arrived, of alerts that are over; refused rows) leaves the database after 180 days, or as "
        "many as PARCELCAST_KEEP_DAYS says; 0 keeps it for ever. Parcels without news and promises leave after "
        "PARCELCAST_KEEP_PARCEL_DAYS, if that is set.",
    )
    command.add_argument("--bundle", type=Path, metavar="DIR", help="model bundle (default: data/bundle/current)")
    command.set_defaults(handler=_worker)


def _add_key(commands: "Commands") -> None:
    command = commands.add_parser(
        "key",
        help="make an API key for the server",
        description="Add a key to the server's key file and print it, this once: only its hash is kept. Running "
        "servers accept it after a restart.",
    )
    command.add_argument("name", help="who will use it")
    command.add_argument(
        "--scopes",
        nargs="+",
        default=["promises:read", "promises:write"],
        metavar="SCOPE",
        help="promises:read, promises:write, parcels:read, parcels:write, alerts:read, alerts:write, admin (default: "
        "the first two)",
    )
    command.set_defaults(handler=_key)


def _add_simulate(commands: "Commands") -> None:
    command = commands.add_parser(
        "simulate",
        help="stage: simulate a parcel network's history into data/raw",
        description="Simulate merchants, carriers, weather and parcels with their scans. The same seed gives the same "
        "history. Options replace the values of params.yaml.",
    )
    command.add_argument("--shipments", type=int, metavar="N", help="how many parcels")
    command.add_argument("--seed", type=int, metavar="N", help="of the random numbers")
    command.add_argument("--out", type=Path, default=Path("data/raw"), metavar="DIR", help="folder for the tables")
    command.set_defaults(handler=_simulate)


STAGES = {
    "ingest": "read the source's files into the canonical tables (data/canonical)",
    "validate": "stop on broken tables, quarantine bad rows, write data docs (data/validated)",
    "weather": "bring the weather of the days and regions of the orders (data/weather)",
    "featurize": "build lane sketches and the training table (data/features)",
    "train": "fit the hazard model",
    "calibrate": "fit the calibration on later parcels than the model saw",
    "evaluate": "backtest the model beside its baselines (reports/)",
    "register": "record the run in MLflow and name it challenger",
    "check": "run the promotion checks; champion moves only if all pass",
    "publish": "copy the champion's bundle to data/bundle/current, keeping the previous one",
}


def _add_stages(commands: "Commands") -> None:
    for name, purpose in STAGES.items():
        command = commands.add_parser(
            name,
            help=f"stage: {purpose}",
            description=f"{purpose[0].upper()}{purpose[1:]}. Takes its parameters from params.yaml; `./run dvc repro "
            f"{name}` runs it after the stages that it depends on.",
        )
        command.set_defaults(handler=_stage)
        if name == "ingest":
            _add_scans(command.add_subparsers(metavar="scans", help="instead: read scans into the server's database"))
        if name == "featurize":
            _add_days(command.add_subparsers(metavar="days", help="instead: add a day's files to a store of counts"))


def _add_refresh(commands: "Commands") -> None:
    command = commands.add_parser(
        "refresh",
        help="the model that is served goes on with the newest days of the tables",
        description="Bring histories, online corrections and weather of the champion that is served up to the newest "
        "day of data/validated, through the online store, and let data/bundle/current be the result. Nothing is "
        "learned. For every day, after ./run dvc repro weather; docs/operations.md tells more.",
    )
    command.add_argument(
        "--store", type=Path, metavar="DIR",
        help="read the daily counts from the store that ./run featurize days keeps (default: count data/validated)",
    )  # fmt: skip
    command.set_defaults(handler=_refresh)


def _add_scans(forms: "Commands") -> None:
    form = forms.add_parser(
        "scans",
        description="Read scans from files into the database of the server (PARCELCAST_DATABASE), which may run "
        "meanwhile. Killed at any moment, the same command goes on where it ended. docs/scans.md tells the columns.",
    )
    form.add_argument("files", type=Path, nargs="+", metavar="FILE", help=".csv, .tsv, .ndjson or .jsonl, also .gz")
    form.set_defaults(handler=_ingest_scans)


def _add_days(forms: "Commands") -> None:
    form = forms.add_parser(
        "days",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DAYS_DESCRIPTION,
        epilog=DAYS_EPILOG,
    )
    form.add_argument("--store", type=Path, required=True, metavar="DIR", help="folder of the daily tables")
    form.add_argument(
        "--shipments", type=Path, nargs="+", required=True, metavar="FILE",
        help="whole rows as known at the end of the files' last day: new shipments, and those of which more is known",
    )  # fmt: skip
    form.add_argument(
        "--scans",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="scans that are new; without any, a new store counts no times between scans",
    )
    form.add_argument(
        "--network", type=Path, default=Path("data/validated"), metavar="DIR",
        help="folder of the canonical tables origins and carriers (default: data/validated)",
    )  # fmt: skip
    form.add_argument(
        "--until", type=date.fromisoformat, metavar="DATE",
        help="last UTC day to count (default: that of the last record of the shipments)",
    )  # fmt: skip
    form.set_defaults(handler=_featurize_days)


def _add_address(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", type=int, help="port to listen on (default: 8000)")


def _demo(options: argparse.Namespace) -> int:
    from pipelines.demo import make_demo

    workspace = make_demo(options.source, options.data, options.mapping, options.shipments)
    if options.prepare_only:
        return 0
    from serving.demo.server import serve_demo

    data = workspace / "data"
    settings = replace(
        _settings(options),
        bundle=data / "bundle" / "current",
        store=data / "serving.sqlite",
        database=f"sqlite:///{data / 'parcels.sqlite'}",
        keys=data / "api-keys.json",
    )
    serve_demo(settings)
    return 0


def _backtest(options: argparse.Namespace) -> int:
    from parcelcast.errors import InputError
    from pipelines.stages import backtest, backtest_journeys

    if options.source == JOURNEYS:
        print(backtest_journeys(options.data, options.train_share, options.out))
        return 0
    if options.test_from is None or options.test_until is None:
        raise InputError(f"no window for the source {options.source}; expected --test-from and --test-until")
    window = (options.test_from, options.test_until)
    places = (options.places, options.region, options.area)
    print(backtest(options.source, options.data, options.mapping, window, options.out, places))
    return 0


def _ingest_scans(options: argparse.Namespace) -> int:
    from pipelines.progress import steps
    from serving.scans.main import ingest

    failed = False
    with steps("scans") as tell:
        for read in ingest(_settings(options), options.files, tell):
            print(read)
            failed = failed or read.is_useless
    return int(failed)


def _featurize_days(options: argparse.Namespace) -> int:
    from pipelines.stages import featurize_days

    print(featurize_days(options.store, options.shipments, options.scans, options.network, options.until))
    return 0


def _refresh(options: argparse.Namespace) -> int:
    from pipelines.stages import refresh

    print(refresh(options.store))
    return 0


def _places(options: argparse.Namespace) -> int:
    from pipelines.stages import places

    print(places(options.files, options.out))
    return 0


def _serve(options: argparse.Namespace) -> int:
    from serving.main import serve

    serve(_settings(options))
    return 0


def _worker(options: argparse.Namespace) -> int:
    from serving.worker.main import work

    work(_settings(options))
    return 0


def _key(options: argparse.Namespace) -> int:
    from serving.keys import create_key

    path = _settings(options).keys
    path.parent.mkdir(parents=True, exist_ok=True)
    print(create_key(path, options.scopes, options.name, datetime.now(UTC), os.urandom(64)))
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from pipelines.stages import simulate

    simulate(options.out, shipments=options.shipments, seed=options.seed)
    return 0


def _settings(options: argparse.Namespace) -> "Settings":
    """Return the settings of the environment, with those options that were given in their place."""
    from parcelcast.settings import Settings

    given = {name: value for name in ("host", "port", "workers", "bundle") if (value := getattr(options, name, None))}
    return replace(Settings.from_env(os.environ), **given)


def _stage(options: argparse.Namespace) -> int:
    from pipelines import stages

    stages.run(options.command)
    return 0


if __name__ == "__main__":
    sys.exit(main())
