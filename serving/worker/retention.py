"""How long the databases keep what is old: rows go bit by bit, between the rounds of a worker."""

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from parcelcast.errors import InputError
from parcelcast.settings import Settings
from serving.clock import Clock
from serving.errors import StoreUnavailableError
from serving.failures import place_of
from serving.store import PromiseStore
from serving.stores.database import Database
from serving.stores.forgetting import remove_parcels, remove_strays
from serving.stores.retention import remove_events, remove_refused

logger = logging.getLogger("parcelcast.worker")

LONGEST_DAYS = 36_500
_REST = timedelta(hours=1)

# Removes a batch of what is from before an instant, after a place (None: the first); returns the place to go on after,
# None where nothing more is old.
Remove = Callable[[datetime, Any], Any]


@dataclass
class Retention:
    """Removes what is older than the settings say (0 days: nothing); InputError for days that make no sense."""

    settings: Settings
    database: Database
    clock: Clock
    _sweeps: list["_Sweep"] = field(init=False)
    _next_at: datetime | None = None

    def __post_init__(self) -> None:
        done, parcels = self.settings.keep_days, self.settings.keep_parcel_days
        for name, days in (("PARCELCAST_KEEP_DAYS", done), ("PARCELCAST_KEEP_PARCEL_DAYS", parcels)):
            if not 0 <= days <= LONGEST_DAYS:
                raise InputError(f"{name} is {days}; expected 0 (for ever) to {LONGEST_DAYS} days")
        self._sweeps = [
            *(_Sweep(done, partial(remove, self.database)) for remove in (_refused, _events)),
            *(_Sweep(parcels, partial(remove, self.database)) for remove in (_parcels, _strays)),
            _Sweep(parcels, partial(_promises, self.settings.store)),
        ]

    def tidy(self) -> None:
        """Remove a batch of each kind; where nothing more is old, or anything failed, the next is an hour later."""
        now = self.clock()
        if self._next_at is not None and now < self._next_at:
            return
        try:
            more = [sweep.step(now) for sweep in self._sweeps]
        except Exception as error:  # noqa: BLE001 - whatever it is, parcels are looked at
            _tell(error)
            more = []
        if not any(more):
            self._next_at = now + _REST
            for sweep in self._sweeps:
                sweep.begin()


@dataclass
class _Sweep:
    """One kind of rows: how many days they are kept, and how far they were looked through."""

    days: int
    remove: Remove
    _after: Any = None
    _is_done: bool = False

    def begin(self) -> None:
        """Look from the first row on."""
        self._after, self._is_done = None, False

    def step(self, now: datetime) -> bool:
        """Remove one batch; tell whether there may be more."""
        if not self._is_done and self.days > 0:
            self._after = self.remove(now - timedelta(days=self.days), self._after)
            self._is_done = self._after is None
        return not self._is_done and self.days > 0


def _refused(database: Database, before: datetime, _after: Any) -> Any:
    with database.writing() as connection:
        return remove_refused(connection, before) or None


def _events(database: Database, before: datetime, after: Any) -> Any:
    with database.writing() as connection:
        return remove_events(connection, before, after or 0)


def _parcels(database: Database, before: datetime, after: Any) -> Any:
    with database.writing() as connection:
        return remove_parcels(connection, before, after)


def _strays(database: Database, before: datetime, after: Any) -> Any:
    with database.writing() as connection:
        return remove_strays(connection, before, after or 0)


def _promises(path: Path, before: datetime, _after: Any) -> Any:
    """Remove given promises, where this process shares a machine with the servers that gave them."""
    if not path.exists():
        return None
    with closing(PromiseStore(path)) as store:
        return store.remove(before) or None


def _tell(error: Exception) -> None:
    """Log what failed without values of rows: what the database said, else the kind of error and where it was."""
    if isinstance(error, StoreUnavailableError):
        logger.error("old rows stay for now: %s", error)
        return
    logger.error("old rows stay for now: %s\n%s", type(error).__name__, place_of(error, 3))
