"""What runs beside the answers of a server, or in a process of its own: migration, the worker, the sender."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

from parcelcast.errors import InputError
from parcelcast.ids import ulid
from parcelcast.settings import Settings
from serving.alerts.wording import Wording
from serving.bundles import Bundles
from serving.clock import Clock
from serving.errors import StoreUnavailableError
from serving.stores.database import Database
from serving.webhooks.dispatch import Dispatch
from serving.worker.alerting import Alerting, NewId, Texts
from serving.worker.loop import WorkerThread
from serving.worker.peers import PeerDesk
from serving.worker.policies import Policies
from serving.worker.retention import Retention
from serving.worker.rounds import Worker

logger = logging.getLogger("parcelcast.serving")

Entropy = Callable[[int], bytes]

_RETRY_SECONDS = 2.0


@dataclass
class Background:
    """Threads from `start` to `stop`; each copes with a database that is not there yet."""

    database: Database
    peers: PeerDesk
    worker: WorkerThread | None = None
    dispatch: Dispatch | None = None
    retry_seconds: float = _RETRY_SECONDS
    _stopping: Event = field(default_factory=Event)
    _migration: Thread | None = None

    def start(self) -> None:
        """Bring the schema up to date, now or as soon as the database is there, and start to work."""
        if not self._migrated():
            self._migration = Thread(target=self._migrate, name="parcelcast-migration", daemon=True)
            self._migration.start()
        if self.dispatch is not None:
            self.dispatch.start()
        if self.worker is not None:
            self.worker.start()

    def stop(self) -> None:
        """Finish what is in hand, then stop."""
        self._stopping.set()
        if self.worker is not None:
            self.worker.stop()
        if self.dispatch is not None:
            self.dispatch.stop()
        if self._migration is not None:
            self._migration.join()

    def _migrate(self) -> None:
        while not self._stopping.wait(self.retry_seconds) and not self._migrated():
            pass

    def _migrated(self) -> bool:
        try:
            self.database.migrate()
        except StoreUnavailableError as error:
            logger.error("parcels are not available until the database is: %s", error)  # noqa: TRY400 - no values
            return False
        return True


def background_of(
    settings: Settings, database: Database, bundles: Bundles, clock: Clock, entropy: Entropy, *, works: bool
) -> Background:
    """Compose the background of a process; InputError for settings or alert policies that cannot be used."""
    peers = PeerDesk(database)
    if not works:
        return Background(database, peers)
    new_id = ids_of(entropy)
    alerting = Alerting(Policies.read(settings.alert_policies), new_id, texts_of(settings.alert_texts))
    worker = Worker(
        database,
        lambda: bundles.current.bundle,
        clock,
        new_id,
        alerting,
        peers,
        settings.worker_lease_seconds,
    )
    dispatch = Dispatch(database, settings, clock, entropy=entropy)
    retention = Retention(settings, database, clock)
    return Background(database, peers, WorkerThread(worker, clock, dispatch.wake, retention.tidy), dispatch)


def texts_of(folder: Path) -> Texts:
    """Return what proposes texts, with the templates of a folder if it exists before ours.

    A template that cannot be used must not hold up the alert: it then comes without texts, and the log tells.
    """
    wording = Wording(folder if folder.is_dir() else None)

    def texts(data: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return wording.texts(data)
        except InputError as error:
            kind = type(error.__cause__).__name__
            logger.error("the texts for %s in %s cannot be made (%s)", data["type"], data["locale"], kind)  # noqa: TRY400
            return {}

    return texts


def ids_of(entropy: Entropy) -> NewId:
    """Return a maker of ULIDs."""
    return lambda at: ulid(at, entropy(10))
