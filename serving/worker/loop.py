"""Rounds without end, in a thread: quick while there is work, patient while the database is away."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event, Thread

from serving.clock import Clock
from serving.errors import StoreUnavailableError
from serving.worker.rounds import BATCH, Count, Worker

logger = logging.getLogger("parcelcast.worker")

# Between rounds that found less than they could take: a few larger rounds cost less than many small ones.
REST_SECONDS = 0.2
_SHORTEST_WAIT, _LONGEST_WAIT = 0.5, 15.0


@dataclass(frozen=True, slots=True)
class WorkerState:
    """How the worker does: what it did since it started, when the last round ended (UTC), and what holds it up."""

    rounds: int = 0
    parcels: int = 0
    failures: int = 0
    events: int = 0
    last_round_at: datetime | None = None
    last_error: str | None = None

    def after(self, count: Count, at: datetime) -> "WorkerState":
        """Return the state after one more round."""
        return WorkerState(
            self.rounds + 1,
            self.parcels + count.parcels,
            self.failures + count.failures,
            self.events + count.events,
            at,
            None,
        )


@dataclass
class WorkerThread:
    """Runs a worker from `start` to `stop`; after a round that has told events it calls `told`, after each then `tidy`.

    Neither may raise. A database that fails or is not there yet is tried again by itself.
    """

    worker: Worker
    clock: Clock
    told: Callable[[], None] = lambda: None
    tidy: Callable[[], None] = lambda: None
    state: WorkerState = WorkerState()
    _stopping: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = Thread(target=self._run, name="parcelcast-worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the round that runs come to its end, and no other begin."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        wait = _SHORTEST_WAIT
        while not self._stopping.is_set():
            try:
                count = self.worker.round()
            except Exception as error:  # noqa: BLE001 - whatever it is, parcels are looked at again afterwards
                self._tell(error)
                self._stopping.wait(wait)
                wait = min(wait * 2, _LONGEST_WAIT)
                continue
            wait = _SHORTEST_WAIT
            self.state = self.state.after(count, self.clock())
            if count.events:
                self.told()
            self.tidy()
            if count.parcels + count.failures < BATCH:
                self._stopping.wait(REST_SECONDS)

    def _tell(self, error: Exception) -> None:
        """Log a new trouble once, not again and again."""
        said = str(error) if isinstance(error, StoreUnavailableError) else type(error).__name__
        if said != self.state.last_error:
            logger.error("the worker waits: %s", said)
        self.state = replace(self.state, last_error=said)
