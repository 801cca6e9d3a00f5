"""The peers of parcels, counted in the database and kept for some minutes: parcels that wait together share them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from parcelcast.peers import Cohort, Hour, Moves, peers_of
from serving.stores.database import Database
from serving.stores.peers import read_moves

KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PeerDesk:
    """Counts peers. What was counted holds for ten minutes; used from many threads."""

    database: Database
    _counted: dict[Hour, tuple[datetime, dict[str, Moves]]] = field(default_factory=dict)

    def peers_of(self, cohorts: Sequence[Cohort | None], now: datetime) -> list[Moves | None]:
        """Count the peers of parcels, None for those without a cohort; StoreUnavailableError without a database."""
        hours = dict.fromkeys(hour for one in cohorts if one is not None for hour in one.hours())
        moves = {hour: counted[1] for hour in hours if (counted := self._counted.get(hour)) and counted[0] > now - KEPT}
        missing = [hour for hour in hours if hour not in moves]
        if missing:
            with self.database.reading() as connection:
                moves |= read_moves(connection, missing)
            self._keep({hour: (now, moves[hour]) for hour in missing}, now)
        return [None if one is None else peers_of(one, moves.__getitem__) for one in cohorts]

    def _keep(self, told: dict[Hour, tuple[datetime, dict[str, Moves]]], now: datetime) -> None:
        for hour, (at, _) in list(self._counted.items()):
            if at <= now - KEPT:
                self._counted.pop(hour, None)
        self._counted.update(told)
