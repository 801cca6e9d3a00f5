"""From a scan to the alert that it raises: one process that takes scans and looks at parcels, at a steady pace."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import orjson

from parcelcast.errors import ArtefactError
from parcelcast.settings import Settings
from serving.bench.databases import DATABASES, empty_database
from serving.bench.load import Load, request
from serving.bench.processes import HOST, free_port, measure, server
from serving.bench.scans.paced import Delays, Pace
from serving.bench.scans.rows import bodies
from serving.bench.scans.ways import Way, ways_of
from serving.bundle_sources import DirectorySource
from serving.errors import StoreUnavailableError
from serving.keys import ALERTS_READ, PARCELS_WRITE, key_document, new_key
from serving.main import environment_of
from serving.shipments.requests import MAX_PARCELS
from serving.stores.database import Database
from serving.stores.etas import read_statements
from serving.worker.stated import Stated

PER_SECOND = 500
SECONDS = 30
PARCELS = 5_000
ALARMING_EVERY = 20
GOAL_S = 2.0
_CONNECTIONS = 64
_PATIENCE_S = 120.0
_MOVES = ("handed_over", "hub_arrival", "hub_departure", "destination_depot", "out_for_delivery")


@dataclass(frozen=True)
class Reaction:
    """What was measured at a pace: the delays in seconds, and how many alerts were expected.

    `by_model` is the share of the parcels on their way whose dates `model` told, and not the carrier's quote.
    """

    pace: float
    delays: Delays
    expected: int
    model: str
    by_model: float = 0.0

    @property
    def is_met(self) -> bool:
        """Whether nothing is missing, the pace was kept, and 99 of 100 alerts were there in time."""
        kept = len(self.delays.answers) / self.delays.seconds >= 0.98 * self.pace
        complete = len(self.delays.alerts) == self.expected and not self.delays.failures
        return kept and complete and _at(sorted(self.delays.alerts), 0.99) < GOAL_S

    def __str__(self) -> str:
        answers, alerts = sorted(self.delays.answers), sorted(self.delays.alerts)
        lost = self.expected - len(alerts)
        return (
            f"{len(answers) / self.delays.seconds:.0f} scans/s of {self.pace:.0f} for {self.delays.seconds:.0f} s: "
            f"answer p50 {_at(answers, 0.5) * 1000:.0f} ms, p99 {_at(answers, 0.99) * 1000:.0f} ms; alert in the feed "
            f"p50 {_at(alerts, 0.5):.2f} s, p99 {_at(alerts, 0.99):.2f} s, slowest {_at(alerts, 1.0):.2f} s "
            f"({len(alerts)} alerts, {lost} missing, {self.delays.failures} scans refused); goal p99 < {GOAL_S:.0f} s: "
            f"{'met' if self.is_met else 'missed'} (client busy {self.delays.client_busy:.0%})"
        )


def bench_reaction(bundle: Path) -> bool:
    """Measure on both databases with a model bundle, print what was found, and return whether the goal was met."""
    met = True
    for name in DATABASES:
        try:
            with empty_database(name) as url:
                found = measure_reaction(url, bundle)
        except StoreUnavailableError as error:
            sys.stdout.write(f"{name} was not measured: {error}\n")
            continue
        sys.stdout.write(f"{name}, one process, model {found.model} ({found.by_model:.0%} of parcels): {found}\n")
        sys.stdout.flush()
        met = met and found.is_met
    return met


def measure_reaction(
    url: str, bundle: Path, per_second: float = PER_SECOND, seconds: float = SECONDS, parcels: int = PARCELS
) -> Reaction:
    """Measure on an empty database. Every 20th scan is a failed delivery, which raises an alert at any hour.

    What is measured begins when a scan is due to be sent, and ends when its alert is read from the feed, which is asked
    twenty times a second.
    """
    count = int(per_second * seconds)
    rows, alarming = _rows(count, parcels)
    with _serving(url, bundle) as (port, key):
        registered = _alarms(count) + parcels
        _register(port, key, registered, ways_of(DirectorySource(bundle)))
        model = _wait_until_looked_at(port)
        spec = Pace(HOST, port, key, per_second, _CONNECTIONS, _PATIENCE_S, rows, alarming)
        delays = _paced(spec, seconds)
    return Reaction(per_second, delays, sum(map(bool, alarming)), model, _by_model(url, registered))


def _rows(count: int, parcels: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return single scans, and which parcel each of them alarms; nothing else happens to those.

    The alarmed parcels are the first ones; so many others move.
    """
    rows, alarming = [], []
    alarms = _alarms(count)
    begin = datetime.now(UTC) - timedelta(hours=12)
    for number in range(count):
        step, mover = divmod(number, parcels)
        is_alarm = number % ALARMING_EVERY == 0
        shipment_id = f"S{number // ALARMING_EVERY if is_alarm else alarms + mover}"
        code = "delivery_attempted" if is_alarm else _MOVES[step % len(_MOVES)]
        at = begin + timedelta(minutes=5 * step)
        rows.append(orjson.dumps({"shipment_id": shipment_id, "code": code, "occurred_at": at.isoformat()}).decode())
        alarming.append(shipment_id if is_alarm else "")
    return tuple(rows), tuple(alarming)


def _alarms(count: int) -> int:
    return -(-count // ALARMING_EVERY)


def _register(port: int, key: str, parcels: int, ways: Sequence[Way]) -> None:
    now = datetime.now(UTC)
    told = [
        {
            "shipment_id": f"S{number}",
            "order_id": f"O{number}",
            **ways[number % len(ways)],
            "ordered_at": (now - timedelta(days=1)).isoformat(),
            "promised_on": (now + timedelta(days=9)).date().isoformat(),
        }
        for number in range(parcels)
    ]
    headers = {"authorization": f"Bearer {key}"}
    requests = tuple(request("POST", "/v1/shipments", HOST, text, headers) for text in bodies(told, MAX_PARCELS))
    measured = measure(Load(HOST, port, 1, _PATIENCE_S, requests, repeat=False))
    if measured.failures or measured.answers < len(requests):
        raise ArtefactError(f"{measured.failures} of {len(requests)} registrations failed")


def _wait_until_looked_at(port: int) -> str:
    """Wait for the worker, and return the version of the model that it uses."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        with urlopen(f"http://{HOST}:{port}/readyz", timeout=10) as answer:
            told = json.load(answer)
        queue = told["database"]["queue"]
        if queue is not None and queue["due"] == 0:
            return str(told["bundle"]["version"])
        if time.monotonic() > deadline:
            raise ArtefactError(f"after {_PATIENCE_S:.0f} s the worker has not looked at all parcels: {queue}")
        time.sleep(0.2)


def _by_model(url: str, parcels: int) -> float:
    with closing(Database(url)) as database, database.reading() as connection:
        told = read_statements(connection, [f"S{number}" for number in range(parcels)])
    bases = [Stated.from_json(text).dates.basis for text in told.values()]
    return bases.count("model") / len(bases)


def _paced(spec: Pace, seconds: float) -> Delays:
    with tempfile.TemporaryDirectory() as folder:
        path, result = Path(folder) / "pace.json", Path(folder) / "delays.json"
        path.write_text(json.dumps(asdict(spec)), encoding="utf-8")
        command = [sys.executable, "-m", "serving.bench.scans.paced", str(path), str(result)]
        limit = 4 * seconds + 2 * _PATIENCE_S
        subprocess.run(command, check=True, capture_output=True, timeout=limit)  # noqa: S603
        return Delays(**json.loads(result.read_text(encoding="utf-8")))


@contextmanager
def _serving(url: str, bundle: Path) -> Iterator[tuple[int, str]]:
    """Run one process that serves and works, and yield its port and a key."""
    text, key = new_key(os.urandom(64), [PARCELS_WRITE, ALERTS_READ], "bench")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(
            bundle=bundle,
            store=home / "promises.sqlite",
            database=url,
            keys=home / "none.json",
            host=HOST,
            port=port,
            alert_policies=home / "none.json",
            alert_texts=home / "none",
        )
        environment = {**environment_of(settings), "PARCELCAST_API_KEYS": key_document([key])}
        with server([sys.executable, "-m", "serving.main"], environment, port, "/healthz", _PATIENCE_S):
            yield port, text


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")
