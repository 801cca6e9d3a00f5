"""The thread that delivers events and takes scans from the event bus, beside whatever else a process does."""

import asyncio
import base64
import logging
import os
import random
import threading
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from parcelcast.settings import Settings
from serving.clock import Clock
from serving.promises.service import Entropy
from serving.stores.database import Database
from serving.stores.endpoints import WEBHOOK
from serving.webhooks.channel import WebhookChannel
from serving.webhooks.post import Post
from serving.webhooks.schedule import Jitter, Schedule
from serving.webhooks.sender import LONGEST_ATTEMPT_S, Channel, Sender
from serving.webhooks.targets import Targets

logger = logging.getLogger("parcelcast.sender")

RESTART_S = 5.0


@dataclass(frozen=True, slots=True)
class DispatchState:
    """How delivery goes: whether it runs, whether the bus is off, up or down, and what failed last."""

    running: bool
    bus: str
    bus_error: str | None
    last_error: str | None


class Dispatch:
    """Delivers what is due from `start` to `stop`. Nothing is opened and no thread made before.

    InputError for settings that cannot be used. A database or a broker that is down is waited for.
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
        return DispatchState(self._thread.is_alive(), "off", None, self._sender.last_error)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await _keep("the sender", self._sender.run, self._stop)


async def _keep(what: str, run: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
    """Run until told to stop; what ends by a mistake is begun again."""
    while not stop.is_set():
        try:
            await run(stop)
        except Exception as error:  # noqa: BLE001 - told by its kind and place; a message may hold a URL
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("%s failed by %s and starts again\n%s", what, type(error).__name__, where)  # noqa: TRY400
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RESTART_S)
