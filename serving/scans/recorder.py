"""Scans of many requests written together: one commit, and one wait for the disk, for all that came meanwhile."""

from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import SimpleQueue
from threading import Thread

from serving.errors import StoreUnavailableError
from serving.scans.intake import Batch, Intake, keep
from serving.stores.database import Database

# More in one transaction would hold up the writers of alerts, and those who wait for their answer.
_MOST_SCANS = 5_000

# A failure is told for so long, or until something is written.
_REMEMBERED = timedelta(minutes=1)

_Order = tuple[Batch, "Future[Intake]"]


@dataclass(frozen=True, slots=True)
class _Failure:
    at: datetime
    error: str


class Recorder:
    """A thread that writes batches in the order in which they come; answers come after the commit.

    ``accepted``, ``duplicates`` and ``clocks_ahead`` count the scans since it was made, ``refused`` by source the rows
    that are none.
    """

    def __init__(self, database: Database) -> None:
        self.accepted = 0
        self.duplicates = 0
        self.clocks_ahead = 0
        self.refused: Counter[str] = Counter()
        self._failure: _Failure | None = None
        self._database = database
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is waiting, and end."""
        self._orders.put(None)
        self._thread.join()

    def submit(self, batch: Batch) -> "Future[Intake]":
        """Hand over a batch. The future fails when nothing of it was written, mostly with StoreUnavailableError."""
        answer: Future[Intake] = Future()
        self._orders.put((batch, answer))
        return answer

    def failure(self, now: datetime) -> str | None:
        """Tell why scans were refused a moment ago; None when the last ones were written, or it was long ago.

        Where little space is left a few may be written, and many not.
        """
        failure = self._failure
        return None if failure is None or now - failure.at > _REMEMBERED else failure.error

    def _run(self) -> None:
        going = True
        while going:
            orders = [self._orders.get()]
            scans = 0
            while orders[-1] is not None and scans < _MOST_SCANS and not self._orders.empty():
                scans += len(orders[-1][0].scans)
                orders.append(self._orders.get())
            going = orders[-1] is not None
            self._write([order for order in orders if order is not None])

    def _write(self, orders: list[_Order]) -> None:
        if not orders:
            return
        try:
            found = keep(self._database, [batch for batch, _ in orders])
        except StoreUnavailableError as error:
            self._failure = _Failure(orders[-1][0].recorded_at, str(error))
            for _, answer in orders:
                answer.set_exception(error)
        except Exception as error:  # noqa: BLE001 - whoever waits is told; the thread goes on
            if len(orders) == 1:
                orders[0][1].set_exception(error)
                return
            for order in orders:  # one of them is to blame; the others are kept
                self._write([order])
        else:
            self._failure = None
            self.accepted += sum(intake.accepted for intake in found)
            self.duplicates += sum(intake.duplicates for intake in found)
            self.clocks_ahead += sum(intake.clocks_ahead for intake in found)
            self.refused.update(row.source for batch, _ in orders for row in batch.refused)
            for (_, answer), intake in zip(orders, found, strict=True):
                answer.set_result(intake)
