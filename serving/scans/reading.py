"""Rows of requests are read beside other answers, one large batch after the other."""

from asyncio import Lock
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from serving.clock import Clock
from serving.scans.intake import Batch, Reader
from serving.scans.lines import LongLine

# More than so many rows are read in another thread, so that other answers go on.
QUICK = 20

T = TypeVar("T")


class ReadingDesk:
    """Reads one large batch of a server's requests at a time.

    More threads would wait for each other, and the recorder for them all.
    """

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._turn = Lock()

    async def rows(self, told: Sequence[object]) -> Batch:
        """Read decoded JSON values."""
        return await self._read(self._reader.rows, told)

    async def lines(self, told: Sequence[bytes | LongLine]) -> Batch:
        """Read texts of one JSON value each."""
        return await self._read(self._reader.lines, told)

    async def _read(self, read: Callable[[Iterable[T], datetime], Batch], told: Sequence[T]) -> Batch:
        if len(told) <= QUICK:
            return read(told, self._clock())
        async with self._turn:
            return await run_in_threadpool(read, told, self._clock())
