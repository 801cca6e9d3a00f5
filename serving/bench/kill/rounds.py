"""The trial: rounds of killing under load, then peace until all is done, then the checks."""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from urllib.request import urlopen

from parcelcast.errors import ParcelcastError
from parcelcast.settings import Settings
from serving.bench.databases import DATABASES, empty_database
from serving.bench.kill.checks import Kept, problems_of
from serving.bench.kill.load import Shop
from serving.bench.kill.processes import Killable, run_server, run_worker
from serving.bench.kill.receiver import Receiver
from serving.bench.processes import HOST, free_port
from serving.errors import StoreUnavailableError
from serving.keys import SCOPES, create_key
from serving.stores.database import Database
from serving.stores.deliveries import queue_state
from serving.stores.work import queue_of

SHOPS = 3
_GROWN_UP_SHARE = 0.8
_LONGEST_LIFE_S = 0.8
_PEACE_S = 120.0
# Every third attempt fails, and some come a minute late; none may wait for long or come to be given up.
_RETRIES = (*(number / 2 for number in range(1, 120)), *map(float, range(60, 1800, 2)))


@dataclass
class Trial:
    """What was done and found."""

    rounds: int
    server_kills: int = 0
    worker_kills: int = 0
    parcels: int = 0
    scans: int = 0
    repeats: int = 0
    alerts: int = 0
    events: int = 0
    requests: int = 0
    failed: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        found = "nothing lost, nothing doubled" if not self.problems else "; ".join(self.problems)
        return (
            f"{self.rounds} rounds in {self.seconds:.0f} s: server killed {self.server_kills} times, worker "
            f"{self.worker_kills} times\n  {self.parcels} parcels, {self.scans} acknowledged scans ({self.repeats} "
            f"requests repeated), {self.alerts} alerts, {self.events} events\n  {self.requests} webhooks of which the "
            f"receiver refused {self.failed}\n  {found}"
        )


def bench_kill(rounds: int, seed: int) -> bool:
    """Try it on both databases, print what was found, and return whether nothing was lost or doubled."""
    good = True
    for name in DATABASES:
        with tempfile.TemporaryDirectory() as folder, empty_database(name) as url:
            trial = try_killing(Path(folder), url, rounds, seed)
        print(f"{name}, {trial}", flush=True)  # noqa: T201 - it is what the command is for
        good = good and not trial.problems
    return good


def try_killing(folder: Path, url: str, rounds: int, seed: int) -> Trial:
    """Run a trial on an empty database, with files in a folder of its own; the same seed kills after the same times."""
    started = time.monotonic()
    random = Random(seed)
    trial = Trial(rounds)
    settings = _settings(folder, url)
    key = create_key(settings.keys, SCOPES, "trial", datetime.now(UTC), random.randbytes(64))
    victims = (
        Killable(run_server, settings, folder / "server.log"),
        Killable(run_worker, settings, folder / "worker.log"),
    )
    numbers = count(1)
    shops = [Shop(settings.port, key, numbers, Random(random.random())) for _ in range(SHOPS)]
    database = Database(url)
    with _listening(Receiver(Random(random.random()))) as receiver, _running(victims):
        subscribed = shops[0].post("/v1/webhooks", {"url": receiver.url})
        receiver.secret = subscribed["secret"]
        for shop in shops:
            shop.start()
        for _ in range(rounds):
            _live(settings.port, random)
            _kill_some(victims, random, trial)
        _end_leases(victims, database)
        _wait_for_peace(shops, database, folder)
        kept = Kept.read(database)
        stories = [one for shop in shops for one in shop.told]
        acknowledged = set[str]().union(*(shop.acknowledged for shop in shops))
        trial.problems = problems_of(kept, stories, acknowledged, receiver)
    database.close()
    trial.parcels, trial.scans, trial.repeats = len(stories), len(acknowledged), sum(shop.repeats for shop in shops)
    trial.alerts, trial.events = len(kept.alerts), len(kept.events)
    trial.requests, trial.failed = receiver.accepted.total() + receiver.failed, receiver.failed
    trial.seconds = time.monotonic() - started
    return trial


def _settings(folder: Path, url: str) -> Settings:
    policies = folder / "policies.json"
    policies.write_text(json.dumps({"default": {"quiet_hours": None, "confirm_grace_hours": 0}}), encoding="utf-8")
    return Settings(
        bundle=folder / "no-bundle",
        bundle_poll_seconds=0.0,
        store=folder / "promises.sqlite",
        database=url,
        keys=folder / "keys.json",
        host=HOST,
        port=free_port(),
        webhook_targets_allowed=("127.0.0.0/8",),
        webhook_retry_seconds=_RETRIES,
        worker_lease_seconds=1.0,
        alert_policies=policies,
        alert_texts=folder / "no-texts",
    )


def _live(port: int, random: Random) -> None:
    """Let them live for a moment: mostly one after the server answers again, sometimes one while it starts."""
    if random.random() < _GROWN_UP_SHARE:
        deadline = time.monotonic() + _PEACE_S
        while not _answers(port) and time.monotonic() < deadline:
            time.sleep(0.02)
    time.sleep(random.uniform(0.0, _LONGEST_LIFE_S))


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://{HOST}:{port}/healthz", timeout=1):
            return True
    except OSError:
        return False


def _kill_some(victims: tuple[Killable, Killable], random: Random, trial: Trial) -> None:
    """Kill the server, the worker or both, and start them again."""
    chosen = random.choice([(0,), (1,), (0, 1)])
    for one in chosen:
        victims[one].kill()
    trial.server_kills += 0 in chosen
    trial.worker_kills += 1 in chosen
    for one in chosen:
        victims[one].start()


def _end_leases(victims: tuple[Killable, Killable], database: Database) -> None:
    """Let the minute pass after which others may send what a dead sender had in hand."""
    for one in victims:
        one.kill()
    with database.writing() as connection:
        connection.exec_driver_sql(
            "update deliveries set lease = null, due_at = (select created_at from events where seq = deliveries.seq) "
            "where lease is not null"
        )
    for one in victims:
        one.start()


def _wait_for_peace(shops: list[Shop], database: Database, folder: Path) -> None:
    """Wait until all stories are told, all parcels looked at and all events delivered; ParcelcastError if never."""
    deadline = time.monotonic() + _PEACE_S
    for shop in shops:
        shop.ask_to_finish()
    for shop in shops:
        shop.wait(_PEACE_S)
    while left := _left_to_do(database):
        if time.monotonic() > deadline:
            raise ParcelcastError(f"the work is never done: {left}; {_last_words(folder)}")
        time.sleep(0.1)


def _left_to_do(database: Database) -> str | None:
    now = datetime.now(UTC)
    try:
        with database.reading() as connection:
            queue, deliveries = queue_of(connection, now), queue_state(connection, now)
    except StoreUnavailableError as error:
        return str(error)
    return f"{queue}, {deliveries}" if queue.due or queue.failing or deliveries.pending else None


def _last_words(folder: Path) -> str:
    logs = (folder / f"{name}.log" for name in ("server", "worker"))
    return " / ".join(log.read_text(errors="replace")[-500:] for log in logs if log.exists())


@contextmanager
def _listening(receiver: Receiver) -> Iterator[Receiver]:
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


@contextmanager
def _running(victims: tuple[Killable, Killable]) -> Iterator[None]:
    for one in victims:
        one.start()
    try:
        yield
    finally:
        for one in victims:
            one.stop()
