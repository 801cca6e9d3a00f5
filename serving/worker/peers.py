"""The peers of parcels, counted in the database and kept for some minutes: parcels that wait together share them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from parcelcast.peers import Cohort, Hour, Moves, peers_of
from serving.stores.database import Database
from serving.stores.peers import read_moves

KEPT = timedelta(minutes=10)
MOST_HOURS = 5_000


@dataclass(frozen=True, slots=True)
class PeerDesk:
    """Counts peers; used from many threads.

    What was counted holds for ten minutes, but not for a parcel whose own scan was recorded since. MOST_HOURS are kept.
    """

    database: Database
    _counted: dict[Hour, tuple[datetime, dict[str, Moves]]] = field(default_factory=dict)

    def count(self, cohorts: Sequence[Cohort | None], now: datetime) -> list[Moves | None]:
        """Count the peers of parcels, None for those without a cohort; StoreUnavailableError without a database."""
        fresh_from: dict[Hour, datetime] = {}
        for one in filter(None, cohorts):
            for hour in one.hours():
                fresh_from[hour] = max(fresh_from.get(hour, now - KEPT), one.known_at)
        kept = {hour: self._counted.get(hour) for hour in fresh_from}
        moves = {hour: counted[1] for hour, counted in kept.items() if counted and counted[0] > fresh_from[hour]}
        missing = [hour for hour in fresh_from if hour not in moves]
        if missing:
            with self.database.reading() as connection:
                moves |= read_moves(connection, missing)
            self._keep({hour: (now, moves[hour]) for hour in missing})
        return [None if one is None else peers_of(one, moves.__getitem__) for one in cohorts]

    def _keep(self, told: dict[Hour, tuple[datetime, dict[str, Moves]]]) -> None:
        if len(self._counted) + len(told) > MOST_HOURS:
            self._counted.clear()
        self._counted.update(told)
