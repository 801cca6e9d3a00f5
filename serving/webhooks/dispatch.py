"""The thread that delivers events and takes scans from the event bus, beside whatever else a process does."""

import asyncio
import base64
import logging
import os
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from parcelcast.codes.mapping import REFERENCE, CodeTables
from parcelcast.settings import Settings
from serving.bus.broker import Route
from serving.bus.intake import keep_messages
from serving.bus.link import BusLink
from serving.clock import Clock
from serving.errors import StoreUnavailableError
from serving.failures import place_of
from serving.promises.service import Entropy
from serving.stores.bus import announce_bus
from serving.stores.database import Database
from serving.stores.endpoints import BUS, WEBHOOK
from serving.webhooks.channel import WebhookChannel
from serving.webhooks.post import Post
from serving.webhooks.schedule import Jitter, Schedule
from serving.webhooks.sender import LONGEST_ATTEMPT_S, Channel, Sender
from serving.webhooks.targets import Targets

logger = logging.getLogger("parcelcast.sender")

RESTART_S = 5.0
ANNOUNCE_S = 2.0


@dataclass(frozen=True, slots=True)
class DispatchState:
    """How delivery goes: whether it runs, whether the bus is off, up or down, and what failed last."""

    running: bool
    bus: str
    bus_error: str | None
    last_error: str | None


class Dispatch:
    """Delivers what is due from `start` to `stop`. Nothing is opened and no thread made before.

    InputError for settings that cannot be used. A database or a broker that is down is waited for. ``refused`` counts
    rows of the event bus that are no scans.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock,
        *,
        jitter: Jitter = random.random,
        entropy: Entropy = os.urandom,
    ) -> None:
        targets = Targets(settings.webhook_targets_allowed)
        self._post = Post(targets)
        schedule = Schedule(settings.webhook_retry_seconds)
        channels: dict[str, Channel] = {WEBHOOK: WebhookChannel(self._post, schedule, clock, jitter)}
        self._database = database
        self._clock = clock
        self.refused: Counter[str] = Counter()
        self._bus = _bus_of(database, settings, clock, jitter, self.refused) if settings.bus else None
        if self._bus is not None:
            channels[BUS] = self._bus
        self._sender = Sender(database, channels, clock, lambda: base64.b32encode(entropy(15)).decode())
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Let what is under way end, and end the thread."""
        if self._loop is not None and self._stop is not None:
            with suppress(RuntimeError):  # it ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(LONGEST_ATTEMPT_S + 2 * RESTART_S)
        self._post.close()

    def wake(self) -> None:
        """Look at once for what is due; from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it is being stopped
                self._loop.call_soon_threadsafe(self._sender.wake)

    def state(self) -> DispatchState:
        """Tell how it goes."""
        bus = "off" if self._bus is None else "up" if self._bus.is_up else "down"
        error = None if self._bus is None else self._bus.error
        return DispatchState(self._thread.is_alive(), bus, error, self._sender.last_error)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        works = [_keep("the sender", self._sender.run, self._stop), self._announce(self._stop)]
        if self._bus is not None:
            works.append(_keep("the bus", self._bus.run, self._stop))
        await asyncio.gather(*works)

    async def _announce(self, stop: asyncio.Event) -> None:
        """Note, as soon as the database is there, whether the bus gets events; all processes have the same settings."""
        while not stop.is_set():
            try:
                await asyncio.to_thread(self._write_bus)
            except StoreUnavailableError:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), ANNOUNCE_S)
            else:
                return

    def _write_bus(self) -> None:
        with self._database.writing() as connection:
            announce_bus(connection, self._clock(), is_configured=self._bus is not None)


def _bus_of(database: Database, settings: Settings, clock: Clock, jitter: Jitter, refused: Counter[str]) -> BusLink:
    keep = keep_messages(database, clock, CodeTables.load(REFERENCE, settings.codes), refused)
    return BusLink(settings.bus, Route(settings.bus_scans, settings.bus_events), keep, clock, jitter)


async def _keep(what: str, run: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
    """Run until told to stop; what ends by a mistake is begun again."""
    while not stop.is_set():
        try:
            await run(stop)
        except Exception as error:  # noqa: BLE001 - told by its kind and place; a message may hold a URL
            logger.error("%s failed by %s and starts again\n%s", what, type(error).__name__, place_of(error))  # noqa: TRY400
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RESTART_S)
