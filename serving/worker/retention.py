"""How long the database keeps what is done: old rows go bit by bit, between the rounds of a worker."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from parcelcast.errors import InputError
from serving.clock import Clock
from serving.errors import StoreUnavailableError
from serving.failures import place_of
from serving.stores.database import Database
from serving.stores.retention import remove_events, remove_refused

logger = logging.getLogger("parcelcast.worker")

LONGEST_DAYS = 36_500
_REST = timedelta(hours=1)


@dataclass
class Retention:
    """Removes what is older than `days` (0: nothing); InputError for a number of days that makes no sense."""

    database: Database
    clock: Clock
    days: int
    _after: int | None = None
    _next_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.days <= LONGEST_DAYS:
            raise InputError(f"PARCELCAST_KEEP_DAYS is {self.days}; expected 0 (for ever) to {LONGEST_DAYS} days")

    def tidy(self) -> None:
        """Remove one batch; at the end of what is old, or when anything failed, the next one is an hour later."""
        now = self.clock()
        if self.days == 0 or (self._next_at is not None and now < self._next_at):
            return
        try:
            is_done = self._remove(now - timedelta(days=self.days))
        except Exception as error:  # noqa: BLE001 - whatever it is, parcels are looked at
            _tell(error)
            self._after, is_done = None, True
        self._next_at = now + _REST if is_done else None

    def _remove(self, before: datetime) -> bool:
        """Remove one batch; tell whether nothing was left."""
        with self.database.writing() as connection:
            refused = remove_refused(connection, before)
            after = remove_events(connection, before, self._after or 0)
        self._after = after
        return after is None and refused == 0


def _tell(error: Exception) -> None:
    """Log what failed without values of rows: what the database said, else the kind of error and where it was."""
    if isinstance(error, StoreUnavailableError):
        logger.error("old rows stay for now: %s", error)
        return
    logger.error("old rows stay for now: %s\n%s", type(error).__name__, place_of(error, 3))
