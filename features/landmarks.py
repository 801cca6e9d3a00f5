"""Landmarks: parcels on their way, each as of an instant, and the rows that the living hazard model reads of them.

The order-time features are asked for again as if the order were placed now (`features.progress.Standings.reanchored`),
and the progress family is added. Van Houwelingen, "Dynamic prediction by landmarking in event history analysis" (2007).
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from features import progress
from features.assembly import (
    CATEGORIES,
    DAY_COLUMNS,
    ORDER_COLUMNS,
    Assembled,
    Histories,
    assemble,
    hazard_of,
    logit,
)
from features.calendars import DaysAhead
from features.columns import Column
from features.history import survival_quantiles
from features.orders import Days, Floats, Orders
from features.progress import Standings

_PARCEL_COLUMNS = (*ORDER_COLUMNS, *progress.COLUMNS, *CATEGORIES, *progress.CATEGORIES)
_PLACE = {column.name: place for place, column in enumerate(_PARCEL_COLUMNS)}
LIVING_COLUMNS = (*_PARCEL_COLUMNS, *DAY_COLUMNS, *progress.DAY_COLUMNS)
# While scans tell no more than the handover, the history of the lane is the best start. Later it is none: it knows the
# age, and of the old parcels most are lost, but one that was scanned this morning is not.
_BY_HISTORY = ("pre_dispatch", "first_mile")


@dataclass(frozen=True)
class AssembledLandmarks(Assembled):
    """Features of n landmarks; `orders` are anchored at today, `static` holds the columns of progress too.

    `log_odds` are those of the lane's history until the dispatch is known, then of the transit to the destination; the
    model starts from them in the stages before the line haul, and from nothing later.
    `weekday_shares` (n, 2, 7) are those of the destination's depots and of the lane.
    """

    standings: Standings
    weekday_shares: Floats

    @classmethod
    def columns(cls) -> tuple[Column, ...]:
        """Return the columns of `rows`, in order."""
        return LIVING_COLUMNS

    @classmethod
    def parcel_columns(cls) -> tuple[Column, ...]:
        """Return the columns of `static` and then of `codes`: those that do not change with the day."""
        return _PARCEL_COLUMNS

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the features of these landmarks."""
        return replace(
            super().take(rows), standings=self.standings.take(rows), weekday_shares=self.weekday_shares[rows]
        )

    def rows(self, known: Floats, ahead: DaysAhead) -> Floats:
        """Return LIVING_COLUMNS for each of these days, which are counted from today."""
        since, at_pickup = (self.static[:, _PLACE[name]] for name in ("since_scan_open_days", "pickup_days"))
        table, shares = self.calendar.delivery, self.weekday_shares
        days = progress.day_features(self.orders, table, since, at_pickup, shares, ahead.rows, ahead.steps)
        return np.concatenate([super().rows(known, ahead), days], axis=1)

    def offset(self, ahead: DaysAhead) -> Floats:
        """Return what the anchored booster starts from on each of these days."""
        by_history = np.isin(self.categories["stage"], _BY_HISTORY)[ahead.rows]
        return np.where(by_history, super().offset(ahead), 0.0)

    @property
    def at_handover(self) -> NDArray[np.bool_]:
        """Tell which parcels were handed over today, with no word of them since."""
        return self.standings.at_handover

    def back_at_handover(self) -> Self:
        """Return parcels that are `at_handover` with the columns of progress that they had at the handover itself."""
        # Nobody is silent there, and so none has peers.
        static = self.static.copy()
        age = self.standings.number["dispatch_age"]
        for name, days in progress.CLOCKS.items():
            static[:, _PLACE[name]] -= age * days
        static[:, _PLACE["peers_moved"]] = np.nan
        return replace(self, static=static)

    def usual_by(self, level: float) -> Days:
        """Return the local day by which this share of such parcels had come, by the history that the model starts from.

        Counted from the dispatch, or from the planned one while it is not known.
        """
        standings, table = self.standings, self.calendar.delivery
        start = np.where(standings.is_dispatched, self.orders.dispatch_on, standings.day["planned_on"])
        ages = np.ceil(survival_quantiles(hazard_of(self.log_odds), (level,))[:, 0])
        rows = np.arange(len(self.orders))
        wanted = table.count_to(rows, start) + ages
        found = [np.searchsorted(table.count[code], count) for code, count in zip(table.code, wanted, strict=True)]
        return np.where(ages > 0, table.first + np.array(found, dtype=np.int64), start)


def assemble_landmarks(orders: Orders, standings: Standings, histories: Histories, horizon: int) -> AssembledLandmarks:
    """Return the features of parcels, each as of its own instant; `orders` are their order-time facts."""
    now = assemble(standings.reanchored(orders), histories, horizon, standings.earliest)
    transit = progress.transit_hazards(histories, now.orders)
    told = progress.progress_features(standings, now.orders, now.calendar, now.lead, transit, histories)
    left = standings.is_dispatched[:, None]
    return AssembledLandmarks(
        orders=now.orders,
        calendar=now.calendar,
        static=np.concatenate([now.static, told], axis=1),
        categories={**now.categories, **progress.progress_categories(standings)},
        lead=now.lead,
        log_odds=np.where(left, logit(transit.hazard), logit(now.lead.hazard)),
        outlook=now.outlook,
        standings=standings,
        weekday_shares=progress.weekday_features(histories, now.orders),
        start_hazards=now.start_hazards,
    )
