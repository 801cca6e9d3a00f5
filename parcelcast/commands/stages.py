"""The stages of the pipeline, and what goes on with their work: days that are added, the model that is refreshed."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from parcelcast.commands import day
from parcelcast.commands.services import settings_of

if TYPE_CHECKING:
    from parcelcast.commands import Commands

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


def add_stages(commands: "Commands") -> None:
    """Add a command for each stage."""
    for name, purpose in STAGES.items():
        command = commands.add_parser(
            name,
            help=f"stage: {purpose}",
            description=f"{purpose[0].upper()}{purpose[1:]}. Takes its parameters from params.yaml; `./run dvc repro "
            f"{name}` runs it after the stages that it depends on.",
        )
        command.set_defaults(handler=_stage)
        if name == "ingest":
            _add_scans(command.add_subparsers(metavar="[scans]", help="instead: read scans into the server's database"))
        if name == "featurize":
            _add_days(command.add_subparsers(metavar="[days]", help="instead: add a day's files to a store of counts"))


def add_refresh(commands: "Commands") -> None:
    """Add the command."""
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
        "--until", type=day, metavar="DATE",
        help="last UTC day to count (default: that of the last record of the shipments)",
    )  # fmt: skip
    form.set_defaults(handler=_featurize_days)


def _stage(options: argparse.Namespace) -> int:
    from pipelines import stages

    stages.run(options.command)
    return 0


def _ingest_scans(options: argparse.Namespace) -> int:
    from pipelines.progress import steps
    from serving.scans.main import ingest

    failed = False
    with steps("scans") as tell:
        for read in ingest(settings_of(options), options.files, tell):
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
