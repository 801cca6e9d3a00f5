"""Scans from messages: kept together where many wait, and acknowledged only then."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence

from parcelcast.codes.mapping import CodeTables
from serving.clock import Clock
from serving.errors import StoreUnavailableError
from serving.scans.intake import accept_lines, accept_scans, decoded
from serving.stores.database import Database
from serving.stores.scans import REFUSED_BYTES, Refused, refuse

logger = logging.getLogger("parcelcast.bus")

SOURCE = "bus"
MOST_AT_ONCE = 1_000
PAUSE_S = 2.0

Keep = Callable[[Sequence[bytes]], None]


class BusIntake:
    """Keeps the bodies of messages by `keep`, which blocks: whatever came meanwhile is kept in one go."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._waiting: list[tuple[Sequence[bytes], asyncio.Future[None]]] = []
        self._work: asyncio.Task[None] | None = None

    async def take(self, bodies: Sequence[bytes]) -> None:
        """Return when the scans in messages are kept; StoreUnavailableError, after a pause, when they cannot be."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((bodies, kept))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._drain())
        try:
            await kept
        except StoreUnavailableError:
            await asyncio.sleep(PAUSE_S)  # the broker would give it back at once
            raise

    async def _drain(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            failure: Exception | None = None
            try:
                await asyncio.to_thread(self._keep, [body for bodies, _ in taken for body in bodies])
            except Exception as error:  # noqa: BLE001 - told to everybody who waits
                failure = error
            for _, kept in taken:
                if kept.done():  # who waited has gone
                    continue
                if failure is None:
                    kept.set_result(None)
                else:
                    kept.set_exception(failure)


def keep_messages(database: Database, clock: Clock, tables: CodeTables, refused: Counter[str]) -> Keep:
    """Return what keeps messages, each a scan or a list of scans in JSON; what is neither is set aside and counted.

    A message that cannot be dealt with at all must not come back for ever: it is set aside too.
    """

    def keep(bodies: Sequence[bytes]) -> None:
        try:
            refused[SOURCE] += _keep(database, bodies, clock, tables)
        except StoreUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - one of them is poison
            if len(bodies) > 1:
                for body in bodies:
                    keep([body])
                return
            kind = type(error).__name__
            logger.error("a message was set aside for an unexpected %s", kind)  # noqa: TRY400 - it may hold anything
            with database.writing() as connection:
                refuse(connection, [Refused(SOURCE, bodies[0][:REFUSED_BYTES], f"unexpected {kind}")], clock())
            refused[SOURCE] += 1

    return keep


def _keep(database: Database, bodies: Sequence[bytes], clock: Clock, tables: CodeTables) -> int:
    """Keep the scans, and return how many rows are none."""
    rows: list[object] = []
    unread: list[bytes] = []
    for body in bodies:
        try:
            told = decoded(body)
        except ValueError:
            unread.append(body)
        else:
            rows.extend(told if isinstance(told, list) else [told])
    refused = 0
    if rows:
        refused += accept_scans(database, rows, SOURCE, clock(), tables).refused
    if unread:
        refused += accept_lines(database, unread, SOURCE, clock(), tables).refused
    return refused
