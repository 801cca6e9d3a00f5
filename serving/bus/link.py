"""The link to the event bus: kept up without hands, and the channel by which events leave."""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta

from serving.bus.broker import CONFIRM_S, Broker, Route, Take, broker_of, kind_of
from serving.bus.intake import BusIntake, Keep
from serving.clock import Clock
from serving.stores.deliveries import Claimed, Outcome
from serving.webhooks.schedule import Jitter

logger = logging.getLogger("parcelcast.bus")

LOOK_S = 2.0
LONGEST_WAIT_S = 15.0

_START_S = 10.0
_STOP_S = 10.0


class BusLink:
    """Connects to a broker and connects again when it goes; events wait meanwhile, and never become dead letters.

    InputError for an address of no known broker.
    """

    def __init__(self, url: str, route: Route, keep: Keep, clock: Clock, jitter: Jitter) -> None:
        kind_of(url)
        self._url = url
        self._route = route
        self._intake = BusIntake(keep)
        self._clock = clock
        self._jitter = jitter
        self._broker: Broker | None = None
        self.error: str | None = "not connected yet"

    @property
    def is_up(self) -> bool:
        """Tell whether the broker could be used a moment ago."""
        return self._broker is not None

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the connection until told to stop."""
        failures = 0
        while not stop.is_set():
            broker = broker_of(self._url, self._route)
            try:
                if await _started(broker, self._intake.take, stop):
                    failures = 0
                    await self._watch(broker, stop)
            except Exception as error:  # noqa: BLE001 - whatever a broker's client raises; its text may hold the address
                failures += 1
                self._down(f"no connection ({type(error).__name__})")
            finally:
                self._broker = None
                with suppress(Exception):
                    async with asyncio.timeout(_STOP_S):
                        await broker.stop()
            await _pause(stop, min(0.5 * 2**failures, LONGEST_WAIT_S))

    async def attempt(self, claimed: Claimed) -> Outcome:
        """Publish an event; when that fails everything for the bus waits a little."""
        tried_at = self._clock()
        if self._broker is None:
            return self._failed(claimed, tried_at, "the bus is down")
        try:
            async with asyncio.timeout(CONFIRM_S):
                await self._broker.publish(claimed)
        except Exception as error:  # noqa: BLE001 - whatever a broker's client raises
            return self._failed(claimed, tried_at, f"not published ({type(error).__name__})")
        return Outcome(claimed, tried_at, self._clock())

    async def _watch(self, broker: Broker, stop: asyncio.Event) -> None:
        self._broker = broker
        self.error = None
        logger.info("the bus is up")
        while not stop.is_set():
            if not await broker.is_up():
                self._down("the connection was lost")
                return
            await _pause(stop, LOOK_S)

    def _down(self, error: str) -> None:
        if self.error != error:
            logger.warning("the bus is down: %s", error)
        self.error = error

    def _failed(self, claimed: Claimed, tried_at: datetime, error: str) -> Outcome:
        ended_at = self._clock()
        failures = min(claimed.endpoint.health.failures, 10)
        wait_s = min(0.5 * 2**failures, LONGEST_WAIT_S) * (1 + 0.1 * self._jitter())
        again_at = ended_at + timedelta(seconds=wait_s)
        return Outcome(claimed, tried_at, ended_at, error=error, due_at=again_at, pause_until=again_at)


async def _started(broker: Broker, take: Take, stop: asyncio.Event) -> bool:
    """Start a broker's connection, unless told to stop meanwhile."""
    start, stopped = asyncio.create_task(broker.start(take)), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({start, stopped}, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
        if not start.done() and not stopped.done():
            raise TimeoutError
        if start.done():
            start.result()
        return start.done()
    finally:
        start.cancel()
        stopped.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await start


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
