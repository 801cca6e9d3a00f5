"""Processes that are killed and started again. They are forked from one that has imported everything already."""

import os
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from parcelcast.settings import Settings

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

_STOP_SECONDS = 20.0

Run = Callable[[Settings], None]


def run_server(settings: Settings) -> None:
    """Serve until the end."""
    from serving.main import serve  # noqa: PLC0415 - in the child

    serve(settings)


def run_worker(settings: Settings) -> None:
    """Work until the end."""
    from serving.worker.main import work  # noqa: PLC0415 - in the child

    work(settings)


class Killable:
    """A process of its own; what it says goes to a file."""

    def __init__(self, run: Run, settings: Settings, log: Path) -> None:
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(["serving.main", "serving.worker.main"])
        self._what = (run, settings, log)
        self._process: ForkServerProcess | None = None

    def start(self) -> None:
        """Start it."""
        self._process = self._context.Process(target=_run, args=self._what, daemon=True)
        self._process.start()

    def kill(self) -> None:
        """End it in the middle of whatever it does (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None

    def stop(self) -> None:
        """Ask it to stop, and return when it has."""
        if self._process is not None:
            self._process.terminate()
            self._process.join(_STOP_SECONDS)
            self.kill()


def _run(run: Run, settings: Settings, log: Path) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    run(settings)
