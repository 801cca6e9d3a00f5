"""Run a worker in a process of its own: the composition root of `./run worker`."""

import os
import signal
from threading import Event

from parcelcast.settings import Settings
from serving.background import background_of
from serving.bundle_sources import DirectorySource
from serving.bundles import Bundles
from serving.clock import system_clock
from serving.stores.database import Database


def work(settings: Settings) -> None:
    """Work until interrupted or asked to stop; what is in hand is finished."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    database = Database(settings.database)
    bundles = Bundles(DirectorySource(settings.bundle), system_clock)
    background = background_of(settings, database, bundles, system_clock, os.urandom, works=True)
    bundles.refresh()
    background.start()
    try:
        while not stopping.wait(settings.bundle_poll_seconds or None):
            bundles.refresh()
    finally:
        background.stop()
        database.close()


if __name__ == "__main__":
    work(Settings.from_env(os.environ))
