"""Sends what is due, round the clock: takes deliveries, lets channels try them, and settles them by the outcome.

The lease outlasts any attempt. Whoever dies leaves deliveries that are due again when it ends, and they are sent again
with the same id: at least once, never lost. Order is usual and not promised.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from serving.clock import Clock
from serving.errors import StoreUnavailableError
from serving.stores.database import Database
from serving.stores.deliveries import Claimed, Lease, Limits, Outcome, claim, has_due, settle

logger = logging.getLogger("parcelcast.sender")

LEASE = timedelta(seconds=60)
POLL_S = 0.25
STORE_BACKOFF_S = 2.0
LONGEST_ATTEMPT_S = 20.0

_AFTER_MISTAKE = timedelta(minutes=5)


class Channel(Protocol):
    """One way of sending."""

    async def attempt(self, claimed: Claimed) -> Outcome:
        """Try once to send an event."""
        ...


class Sender:
    """Sends through one channel for each kind of endpoint; several senders share a database."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        clock: Clock,
        new_lease: Callable[[], str],
        limits: Limits | None = None,
    ) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._new_lease = new_lease
        self._limits = limits or Limits()
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: Counter[str] = Counter()
        self._ended: list[Outcome] = []
        self._news = asyncio.Event()
        self.last_error: str | None = None

    async def deliver_due(self) -> int:
        """Send what is due now, wait for the outcome of all of it, and return how many attempts there were."""
        attempts = 0
        while started := await self._turn():
            attempts += started
            await asyncio.gather(*self._tasks)
        return attempts

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop, then wait for what is under way."""
        stopped = asyncio.create_task(stop.wait())
        while not stop.is_set():
            pause = POLL_S
            try:
                started = await self._turn()
                self.last_error = None
                pause = 0.0 if started else POLL_S
            except StoreUnavailableError as error:
                self.last_error = str(error)
                logger.warning("nothing can be sent now: %s", error)
                pause = STORE_BACKOFF_S
            await self._wait(stopped, pause)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LONGEST_ATTEMPT_S)
        for task in self._tasks:
            task.cancel()
        await self._settle_rest()

    def wake(self) -> None:
        """Look for what is due at once; to be called in the sender's own event loop."""
        self._news.set()

    async def _wait(self, stopped: "asyncio.Task[bool]", pause: float) -> None:
        """Wait for an attempt to end, for news, or for a while."""
        news = asyncio.create_task(self._news.wait())
        await asyncio.wait({stopped, news}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        news.cancel()
        self._news.clear()

    async def _turn(self) -> int:
        """Settle what ended, take what is due and begin to send it; return how much that is."""
        ended, self._ended = self._ended, []
        try:
            taken = await asyncio.to_thread(self._exchange, ended, dict(self._busy), self._clock())
        except StoreUnavailableError:
            self._ended = ended + self._ended
            raise
        for claimed in taken:
            self._busy[claimed.endpoint.endpoint_id] += 1
            task = asyncio.create_task(self._attempt(claimed))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(taken)

    def _exchange(self, ended: list[Outcome], busy: Mapping[str, int], now: datetime) -> list[Claimed]:
        """Settle and claim in one transaction; without anything to write, only read."""
        kinds = list(self._channels)
        if not ended:
            with self._database.reading() as connection:
                if not has_due(connection, now, kinds):
                    return []
        with self._database.writing() as connection:
            settle(connection, ended)
            return claim(connection, now, Lease(self._new_lease(), now + LEASE), kinds, busy, self._limits)

    async def _settle_rest(self) -> None:
        ended, self._ended = self._ended, []
        try:
            await asyncio.to_thread(self._settle, ended)
        except StoreUnavailableError as error:
            logger.warning("%d attempts could not be settled and will be repeated: %s", len(ended), error)

    def _settle(self, ended: list[Outcome]) -> None:
        with self._database.writing() as connection:
            settle(connection, ended)

    async def _attempt(self, claimed: Claimed) -> None:
        begun_at = self._clock()
        try:
            outcome = await self._channels[claimed.endpoint.kind].attempt(claimed)
        except Exception as error:  # noqa: BLE001 - one event must not end the sending of others
            logger.error("unexpected %s while sending %s", type(error).__name__, claimed.event_id)  # noqa: TRY400
            now = self._clock()
            outcome = Outcome(claimed, begun_at, now, error="the sender failed", due_at=now + _AFTER_MISTAKE)
        _log(outcome)
        self._busy[claimed.endpoint.endpoint_id] -= 1
        self._ended.append(outcome)
        self._news.set()


def _log(outcome: Outcome) -> None:
    """Tell failures by ids; never a URL, which may hold a secret."""
    if outcome.error is None:
        return
    what = "disabled" if outcome.is_gone else outcome.state
    level = logging.INFO if outcome.due_at is not None else logging.WARNING
    logger.log(
        level, "%s to endpoint %s failed (%s): %s", outcome.claimed.event_id, outcome.endpoint_id, what, outcome.error
    )
