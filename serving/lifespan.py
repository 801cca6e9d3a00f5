"""What happens when a server starts and stops."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version

from starlette.concurrency import run_in_threadpool

from parcelcast.codes.mapping import REFERENCE, CodeTables
from parcelcast.settings import Settings
from serving.background import Background, background_of, ids_of
from serving.bundle_sources import BundleSource
from serving.bundles import Bundles
from serving.clock import Clock
from serving.keys import KeyRing
from serving.promises.memory import Memory
from serving.promises.service import Entropy, PromiseService, Timer
from serving.scans.intake import Reader
from serving.scans.reading import ReadingDesk
from serving.scans.recorder import Recorder
from serving.state import Services, State
from serving.store import PromiseStore
from serving.stores.database import Database
from serving.webhooks.desk import WebhookDesk
from serving.webhooks.targets import Targets


@dataclass(frozen=True)
class Means:
    """What the composition root gives to a server."""

    settings: Settings
    clock: Clock
    bundle_source: BundleSource
    keys: KeyRing
    entropy: Entropy
    timer: Timer
    memory_factory: Callable[[], Memory]


@asynccontextmanager
async def lifespan(means: Means) -> AsyncIterator[State]:
    """Load the bundle, open the store and look for new bundles until the server stops."""
    bundles = Bundles(means.bundle_source, means.clock)
    bundles.refresh()
    store = PromiseStore(means.settings.store)
    database = Database(means.settings.database)
    background = background_of(
        means.settings, database, bundles, means.clock, means.entropy, works=means.settings.worker
    )
    recorder = Recorder(database)
    background.start()
    recorder.start()
    watch = asyncio.create_task(_watch(bundles, means.settings.bundle_poll_seconds))
    try:
        yield State(services=_services(means, bundles, store, database, background, recorder))
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
        await run_in_threadpool(recorder.stop)
        await run_in_threadpool(background.stop)
        store.close()
        database.close()


def _services(
    means: Means,
    bundles: Bundles,
    store: PromiseStore,
    database: Database,
    background: Background,
    recorder: Recorder,
) -> Services:
    promises = PromiseService(
        bundles=bundles,
        store=store,
        clock=means.clock,
        timer=means.timer,
        entropy=means.entropy,
        service_level=means.settings.service_level,
        calendar_version=f"holidays {version('holidays')}",
    )
    tables = CodeTables.load(REFERENCE, means.settings.codes)
    return Services(
        settings=means.settings,
        clock=means.clock,
        keys=means.keys,
        bundles=bundles,
        store=store,
        promises=promises,
        memory=means.memory_factory(),
        database=database,
        background=background,
        tables=tables,
        reading_desk=ReadingDesk(Reader(tables, "http"), means.clock),
        recorder=recorder,
        webhooks=WebhookDesk(
            database, Targets(means.settings.webhook_targets_allowed), means.entropy, ids_of(means.entropy)
        ),
    )


async def _watch(bundles: Bundles, seconds: float) -> None:
    """Look for a new bundle for ever; loading happens in a thread, so that answers go on."""
    while seconds > 0:
        await asyncio.sleep(seconds)
        await run_in_threadpool(bundles.refresh)
