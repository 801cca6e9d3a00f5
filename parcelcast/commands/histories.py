"""Histories of orders, simulated or a shop's own: how good promises would have been, and what their places are."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from parcelcast.commands import day

if TYPE_CHECKING:
    from parcelcast.commands import Commands

SOURCES = ("canonical", "olist")
JOURNEYS = "cargo2000"


def add_backtest(commands: "Commands") -> None:
    """Add the command."""
    command = commands.add_parser(
        "backtest",
        help="how good would the promises have been in a past window?",
        description="Train as of --test-from (nothing recorded later is visible), predict every order placed in the "
        "window, and write OUT/metrics.json, OUT/predictions.parquet, OUT/report.html and its pictures. The source "
        "cargo2000 has no calendar: train on the first --train-share of its processes, predict the rest at every scan.",
    )
    command.add_argument("--source", choices=(*SOURCES, JOURNEYS), required=True, help="the adapter that reads --data")
    command.add_argument("--data", type=Path, required=True, metavar="PATH", help="the folder of the orders' files")
    command.add_argument(
        "--mapping", type=Path, metavar="FILE",
        help="what foreign columns mean (source canonical; data/reference/mappings/example.yaml, docs/data.md)",
    )  # fmt: skip
    command.add_argument("--test-from", type=day, metavar="DATE", help="first day")
    command.add_argument("--test-until", type=day, metavar="DATE", help="day after the last")
    command.add_argument("--train-share", type=float, default=0.7, metavar="S", help="cargo2000 only (default: 0.7)")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    command.add_argument("--places", type=Path, metavar="TABLE", help="places that ./run places made (default: ours)")
    command.add_argument("--region", default="iso", metavar="KIND", help="wide ends of lanes: iso, prefix:N or h3:N")
    command.add_argument("--area", default="prefix:2", metavar="KIND", help="narrow ends of lanes, as --region")
    command.set_defaults(handler=_backtest)


def add_simulate(commands: "Commands") -> None:
    """Add the command."""
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


def add_places(commands: "Commands") -> None:
    """Add the command."""
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


def _simulate(options: argparse.Namespace) -> int:
    from pipelines.stages import simulate

    simulate(options.out, shipments=options.shipments, seed=options.seed)
    return 0


def _places(options: argparse.Namespace) -> int:
    from pipelines.stages import places

    print(places(options.files, options.out))
    return 0
