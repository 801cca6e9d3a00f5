"""Rows of requests are read beside other answers, one large batch after the other."""

from asyncio import Lock
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from serving.clock import Clock
from serving.scans.intake import Batch, Reader
from serving.scans.lines import LongLine

# More rows, or more bytes, are read in another thread, so that other answers go on.
QUICK_ROWS = 20
QUICK_BYTES = 16_384

T = TypeVar("T")


class ReadingDesk:
    """Reads one large batch of a server's requests at a time.

    More threads would wait for each other, and the recorder for them all.
    """

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._turn = Lock()

    async def rows(
        self, decode: Callable[[bytes], Sequence[object]], body: bytes, reader: Reader | None = None
    ) -> Batch:
        """Read the JSON values that `decode` finds in a body, by a reader of their own where they need one."""
        read = (reader or self._reader).rows
        if len(body) > QUICK_BYTES:
            return await self._beside(lambda told, now: read(decode(told), now), body)
        told = decode(body)
        return read(told, self._clock()) if len(told) <= QUICK_ROWS else await self._beside(read, told)

    async def lines(self, told: Sequence[bytes | LongLine]) -> Batch:
        """Read texts of one JSON value each."""
        size = sum(len(line) for line in told if isinstance(line, bytes))
        if len(told) <= QUICK_ROWS and size <= QUICK_BYTES:
            return self._reader.lines(told, self._clock())
        return await self._beside(self._reader.lines, told)

    async def _beside(self, read: Callable[[T, datetime], Batch], told: T) -> Batch:
        async with self._turn:
            return await run_in_threadpool(read, told, self._clock())
