"""Names are looked up in threads, of which a name that hangs holds no more than its share."""

import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor

from parcelcast.errors import ParcelcastError
from serving.webhooks.targets import Target, Targets, checked_url

# The system's look-up cannot be stopped: whoever gives it up leaves its thread busy. So many names may hang at once
# before others wait: THREADS / PER_NAME.
THREADS = 64
PER_NAME = 2
HANGS_AFTER_S = 5.0

_TURN_S = 0.02


class HangingNameError(ParcelcastError):
    """As many look-ups of the name as may be are under way, and hang."""


class Lookups:
    """Checks where URLs lead, at most PER_NAME at a time of one host; used in one event loop."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._threads = ThreadPoolExecutor(THREADS, "webhook-names")
        self._under_way: dict[str, list[tuple[float, Future[Target]]]] = {}

    async def check(self, url: str) -> Target:
        """Return where a URL leads, as `Targets.check` does.

        HangingNameError when each look-up of its host that may be under way has been so for longer than HANGS_AFTER_S,
        now or while waiting for a turn.
        """
        host = checked_url(url).hostname or ""
        while len(under_way := self._look(host)) >= PER_NAME:
            if time.monotonic() - max(began for began, _ in under_way) > HANGS_AFTER_S:
                raise HangingNameError("the look-up of the receiver's name hangs since an earlier attempt")
            await asyncio.sleep(_TURN_S)
        lookup = self._threads.submit(self._targets.check, url)
        self._under_way[host] = [*under_way, (time.monotonic(), lookup)]
        return await asyncio.wrap_future(lookup)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _look(self, host: str) -> list[tuple[float, Future[Target]]]:
        """Return what is under way of a host, and forget what has ended of all."""
        for name, lookups in list(self._under_way.items()):
            self._under_way[name] = [one for one in lookups if not one[1].done()]
            if not self._under_way[name]:
                del self._under_way[name]
        return self._under_way.get(host, [])
