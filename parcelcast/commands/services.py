"""What answers shoppers: the server, its worker and its keys, and the demo that has all of them."""

import argparse
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from parcelcast.commands.histories import SOURCES

if TYPE_CHECKING:
    from parcelcast.commands import Commands
    from parcelcast.settings import Settings


def add_demo(commands: "Commands") -> None:
    """Add the command."""
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


def add_serve(commands: "Commands") -> None:
    """Add the command."""
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


def add_worker(commands: "Commands") -> None:
    """Add the command."""
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


def add_key(commands: "Commands") -> None:
    """Add the command."""
    command = commands.add_parser(
        "key",
        help="make an API key for the server",
        usage="./run key NAME [--scopes SCOPE ...]",  # as NAME behind the scopes would be read as one of them
        description="Add a key to the server's key file and print it, this once: only its hash is kept. Running "
        "servers accept it after a restart.",
    )
    command.add_argument("name", metavar="NAME", help="who will use it")
    command.add_argument(
        "--scopes",
        nargs="+",
        default=["promises:read", "promises:write"],
        metavar="SCOPE",
        help="promises:read, promises:write, parcels:read, parcels:write, alerts:read, alerts:write, admin (default: "
        "the first two)",
    )
    command.set_defaults(handler=_key)


def _add_address(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", type=int, help="port to listen on (default: 8000)")


def _demo(options: argparse.Namespace) -> int:
    from pipelines.demo import make_demo

    workspace = make_demo(options.source, options.data, options.mapping, options.shipments)
    if options.prepare_only:
        print("ready; the same command without --prepare-only serves it")
        return 0
    from serving.demo.server import serve_demo

    data = workspace / "data"
    settings = replace(
        settings_of(options),
        bundle=data / "bundle" / "current",
        store=data / "serving.sqlite",
        database=f"sqlite:///{data / 'parcels.sqlite'}",
        keys=data / "api-keys.json",
    )
    serve_demo(settings)
    return 0


def _serve(options: argparse.Namespace) -> int:
    from serving.main import serve

    serve(settings_of(options))
    return 0


def _worker(options: argparse.Namespace) -> int:
    from serving.worker.main import work

    work(settings_of(options))
    return 0


def _key(options: argparse.Namespace) -> int:
    from parcelcast.errors import InputError
    from serving.keys import create_key

    if not options.name.strip():
        raise InputError("got an empty name for the key; expected who will use it, such as checkout")
    path = settings_of(options).keys
    path.parent.mkdir(parents=True, exist_ok=True)
    print(create_key(path, options.scopes, options.name, datetime.now(UTC), os.urandom(64)))
    return 0


def settings_of(options: argparse.Namespace) -> "Settings":
    """Return the settings of the environment, with those options that were given in their place."""
    from parcelcast.settings import Settings

    asked = {name: getattr(options, name, None) for name in ("host", "port", "workers", "bundle")}
    given = {name: value for name, value in asked.items() if value is not None}
    return replace(Settings.from_env(os.environ), **given)
