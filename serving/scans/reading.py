"""Rows of requests are read beside other answers, one batch after the other."""

from asyncio import Lock
from collections.abc import Sequence
from datetime import datetime

from starlette.concurrency import run_in_threadpool

from serving.scans.intake import Batch, Reader
from serving.scans.lines import LongLine

# More than so many rows are read in another thread, so that other answers go on.
_QUICK = 20


class Reading:
    """Reads one large batch at a time: more threads would wait for each other, and the recorder for them all."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._turn = Lock()

    async def rows(self, told: Sequence[object], now: datetime) -> Batch:
        """Read decoded JSON values."""
        if len(told) <= _QUICK:
            return self._reader.rows(told, now)
        async with self._turn:
            return await run_in_threadpool(self._reader.rows, told, now)

    async def lines(self, told: Sequence[bytes | LongLine], now: datetime) -> Batch:
        """Read texts of one JSON value each."""
        async with self._turn:
            return await run_in_threadpool(self._reader.lines, told, now)
