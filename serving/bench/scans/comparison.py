"""Scans over HTTP to durable storage, one server process, beside a bare insert of the same rows."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from parcelcast.errors import ArtefactError
from parcelcast.settings import Settings
from serving.bench.comparison import typical
from serving.bench.databases import DATABASES, empty_database
from serving.bench.load import Load, Measured, request
from serving.bench.processes import HOST, free_port, measure, server
from serving.bench.scans.rows import bare_insert, bodies, parcels, scans
from serving.errors import StoreUnavailableError
from serving.keys import PARCELS_WRITE, key_document, new_key
from serving.main import environment_of
from serving.shipments.requests import MAX_PARCELS
from serving.stores.database import Database

PARCELS = 4_000
ROWS = 40_000
BATCH = 1_000
SINGLES = 4_000
ROUNDS = 3  # what is compared is measured in turns, so that a busy machine is busy for both
BATCH_CONNECTIONS = 4
SINGLE_CONNECTIONS = 16
GOAL = 1 / 3
_PATIENCE = 60.0


@dataclass(frozen=True)
class Taken:
    """What one database takes: rows a second in a bare insert, scans a second in batches, and single scans."""

    database: str
    bare: float
    batches: float
    singles: Measured

    @property
    def ratio(self) -> float:
        """Scans in batches for each row of the bare insert."""
        return self.batches / self.bare


def bench_scans(rows: int = ROWS, singles: int = SINGLES, rounds: int = ROUNDS) -> list[Taken]:
    """Measure on SQLite and on PostgreSQL, print the table, and return its figures, in about a minute."""
    found = []
    for name in DATABASES:
        try:
            found.append(_measured(name, rows, singles, rounds))
        except StoreUnavailableError as error:
            _say(f"{name} was not measured: {error}")
    _say(report(found))
    return found


def _measured(name: str, rows: int, singles: int, rounds: int) -> Taken:
    told = scans(rows + singles, PARCELS)
    listed, single = told[:rows], told[rows:]
    bare, batches, alone = [], [], []
    for turn in range(rounds):
        _say(f"{name}, round {turn + 1} of {rounds} ...")
        with empty_database(name) as url:
            bare.append(rows / _bare_seconds(url, listed))
        with empty_database(name) as url, _server(url) as ask:
            ask("/v1/shipments", bodies(list(parcels(PARCELS)), MAX_PARCELS), 1)
            batches.append(rows / ask("/v1/scans", bodies(listed, BATCH), BATCH_CONNECTIONS).seconds)
            alone.append(ask("/v1/scans", bodies(single, 1), SINGLE_CONNECTIONS))
    return Taken(name, median(bare), median(batches), typical(alone))


def report(found: Sequence[Taken]) -> str:
    """Return the table, and the goal."""
    lines = ["", f"{'to durable storage, one process':36}{'SQLite':>12}{'PostgreSQL':>12}"]
    by_name = {taken.database: taken for taken in found}
    told = [by_name.get(name) for name in DATABASES]

    def line(text: str, values: list[str]) -> None:
        lines.append(f"{text:36}" + "".join(f"{value:>12}" for value in values))

    line(f"bare insert, {BATCH} a commit, rows/s", [f"{one.bare:.0f}" if one else "-" for one in told])
    line(f"lists of {BATCH}, scans/s", [f"{one.batches:.0f}" if one else "-" for one in told])
    line("  of the bare insert", [f"{one.ratio:.2f}" if one else "-" for one in told])
    line("single scans/s", [f"{one.singles.per_second:.0f}" if one else "-" for one in told])
    line("  p50 ms", [f"{one.singles.p50:.1f}" if one else "-" for one in told])
    line("  p99 ms", [f"{one.singles.p99:.1f}" if one else "-" for one in told])
    met = "met" if found and all(one.ratio >= GOAL for one in found) else "missed"
    lines += ["", f"lists / bare insert: goal {GOAL:.2f} on each database: {met}"]
    return "\n".join(lines)


def _bare_seconds(url: str, rows: list[dict[str, Any]]) -> float:
    with closing(Database(url)) as database:
        database.migrate()
        statement, values = bare_insert(rows, sqlite=database.is_sqlite)
        begin = perf_counter()
        for start in range(0, len(values), BATCH):
            with database.writing() as connection:
                connection.exec_driver_sql(statement, values[start : start + BATCH])
        return perf_counter() - begin


class _Asking:
    """Sends bodies to a path of the server, each once; ArtefactError when one is refused."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._port = port
        self._headers = headers

    def __call__(self, path: str, texts: list[str], connections: int) -> Measured:
        requests = tuple(request("POST", path, HOST, text, self._headers) for text in texts)
        measured = measure(Load(HOST, self._port, connections, _PATIENCE, requests, repeat=False))
        if measured.failures or measured.answers < len(texts):
            raise ArtefactError(f"{measured.failures} of {len(texts)} requests to {path} failed")
        return measured


@contextmanager
def _server(url: str) -> Iterator[_Asking]:
    """Run a server on a database. It does not look at parcels, so that only the way in is measured."""
    text, key = new_key(os.urandom(64), [PARCELS_WRITE], "bench")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(
            bundle=home / "none",
            store=home / "promises.sqlite",
            database=url,
            keys=home / "none.json",
            host=HOST,
            port=port,
            worker=False,
        )
        environment = {**environment_of(settings), "PARCELCAST_API_KEYS": key_document([key])}
        with server([sys.executable, "-m", "serving.main"], environment, port, "/healthz", _PATIENCE):
            yield _Asking(port, {"authorization": f"Bearer {text}"})


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
