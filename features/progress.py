"""Progress family: how far a parcel has come as of an instant, and how that compares with parcels like it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from features import lanes, regime, waiting
from features.assembly import Histories
from features.calendars import OrderCalendar
from features.columns import Column
from features.history import Hazards, share_and_remaining
from features.loads import DEPARTURE_LEVELS, HAUL_LEVELS, STAGES, USUAL, departure_keys, depot_keys
from features.opendays import OpenDays, weekday
from features.orders import Days, Floats, Orders, Texts, epoch_day
from features.peers import COLUMNS as PEER_COLUMNS
from features.peers import peer_features
from features.sketches import UNKNOWN
from features.weekdays import weekday_shares
from parcelcast.calendar import zone
from parcelcast.peers import Moves
from parcelcast.progress import Progress, TimelineEntry

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_NAN = float("nan")
# The shop and the carrier tell of one handover at different instants.
_SAME_WORD = 1.0 / 24.0
_HUBS = frozenset({"hub_arrival", "hub_departure"})


class Standing(NamedTuple):
    """How far one parcel has come as of an instant; days are numbers since 1970-01-01, -1 where not (yet) known.

    Local is at the destination. `today` is the local date of the instant, `known_day` its UTC day and `hour` the local
    clock. `*_age` are days with fractions before the instant, NaN where it has not happened. `handed_on`, `departed_on`
    and `depot_on` are the local dates of the first signs of those stages of `features.loads.STAGES`. `hub` is where the
    parcel waits since `hub_on`, "" where it waits at none. `peers` and `moved_peers` count others
    (`parcelcast.peers`), NaN where it is compared with nobody.
    """

    today: int
    known_day: int
    hour: float
    ordered_on: int
    planned_on: int
    dispatched_on: int
    handed_on: int
    departed_on: int
    depot_on: int
    hub_on: int
    scanned_on: int
    order_age: float
    dispatch_age: float
    scan_age: float
    scan_hour: float
    trouble_age: float
    pickup_age: float
    legs: float
    hubs: float
    codes: float
    attempts: float
    abroad: float
    peers: float
    moved_peers: float
    stage: str
    last_code: str
    trouble: str
    hub: str


def standing_of(
    progress: Progress,
    ordered_at: datetime,
    planned_on: int,
    country: str,
    time_zone: str,
    peers: Moves | None = None,
) -> Standing:
    """Tell the standing of a parcel that was ordered at an instant (aware) and should leave on the day `planned_on`.

    `country` and `time_zone` (IANA) are the destination's, `peers` what `parcelcast.peers` counts. Times of scans that
    were before the order count as the order's: a wrong clock, or a number that was used before.
    """
    here, as_of = zone(time_zone), progress.as_of
    now, last, trouble = as_of.astimezone(here), progress.last_scan, progress.trouble
    scanned_at = None if last is None else max(last.happened_at, ordered_at)
    dispatched_at = None if progress.dispatched_at is None else max(progress.dispatched_at, ordered_at)
    first = {name: _first(progress.timeline, codes, ordered_at) for name, codes in STAGES.items()}
    told = {entry.scan.code for entry in progress.timeline}
    waits = waiting.waiting_at(progress.timeline)
    return Standing(
        today=epoch_day(now.date()),
        known_day=(as_of - _UNIX_EPOCH).days,
        hour=now.hour + now.minute / 60.0,
        ordered_on=_day(ordered_at, here),
        planned_on=planned_on,
        dispatched_on=_day(dispatched_at, here),
        handed_on=_day(first["handed"], here),
        departed_on=_day(first["departed"], here),
        depot_on=_day(first["depot"], here),
        hub_on=_day(None if waits.since is None else max(waits.since, ordered_at), here),
        scanned_on=_day(scanned_at, here),
        order_age=_age(ordered_at, as_of),
        dispatch_age=_age(dispatched_at, as_of),
        scan_age=_age(scanned_at, as_of),
        scan_hour=_NAN if scanned_at is None else _hour(scanned_at, here),
        trouble_age=_age(None if trouble is None else trouble.happened_at, as_of),
        pickup_age=_age(progress.pickup_since, as_of),
        legs=float(len(progress.legs)),
        hubs=float(sum(entry.scan.code in _HUBS for entry in progress.timeline)),
        codes=float(len(told)),
        attempts=float(progress.attempts),
        abroad=_NAN if last is None or last.country is None else float(last.country != country),
        peers=_NAN if peers is None else peers.parcels,
        moved_peers=_NAN if peers is None else peers.moved,
        stage=progress.stage,
        last_code="" if last is None else last.code,
        trouble="" if trouble is None else trouble.reason or "unknown",
        hub=waits.hub,
    )


def _first(timeline: Sequence[TimelineEntry], codes: frozenset[str], earliest: datetime) -> datetime | None:
    at = next((entry.scan.happened_at for entry in timeline if entry.scan.code in codes), None)
    return None if at is None else max(at, earliest)


def _day(at: datetime | None, here: tzinfo) -> int:
    return int(UNKNOWN) if at is None else epoch_day(at.astimezone(here).date())


def _hour(at: datetime, here: tzinfo) -> float:
    local = at.astimezone(here)
    return local.hour + local.minute / 60.0


def _age(at: datetime | None, as_of: datetime) -> float:
    return _NAN if at is None else max((as_of - at) / _DAY, 0.0)


_TEXTS = ("stage", "last_code", "trouble", "hub")
_NUMBERS = ("hour", "order_age", "dispatch_age", "scan_age", "scan_hour", "trouble_age", "pickup_age", "legs", "hubs",
            "codes", "attempts", "abroad", "peers", "moved_peers")  # fmt: skip


@dataclass(frozen=True)
class Standings:
    """Arrays of the fields of `Standing`, one element for each parcel."""

    day: dict[str, Days]
    number: dict[str, Floats]
    text: dict[str, Texts]

    @classmethod
    def of(cls, standings: Sequence[Standing]) -> Self:
        """Return the standings as arrays."""
        columns = dict(zip(Standing._fields, zip(*standings, strict=True), strict=True)) if standings else {}
        days = [name for name in Standing._fields if name not in (*_NUMBERS, *_TEXTS)]
        return cls(
            {name: np.array(columns.get(name, ()), dtype=np.int64) for name in days},
            {name: np.array(columns.get(name, ()), dtype=np.float64) for name in _NUMBERS},
            {name: np.array(columns.get(name, ()), dtype=object) for name in _TEXTS},
        )

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the standings of these parcels."""
        parts = ({name: values[rows] for name, values in part.items()} for part in (self.day, self.number, self.text))
        return type(self)(*parts)  # type: ignore[arg-type]

    def beside(self, peers: Floats) -> Self:
        """Return the standings with the counts of their peers, shape (n, 2), and of those that moved on."""
        return replace(self, number=self.number | {"peers": peers[:, 0], "moved_peers": peers[:, 1]})

    def __len__(self) -> int:
        return len(self.day["today"])

    @property
    def is_dispatched(self) -> NDArray[np.bool_]:
        """Tell which parcels are known to have left."""
        return np.not_equal(self.day["dispatched_on"], UNKNOWN)

    @property
    def at_handover(self) -> NDArray[np.bool_]:
        """Tell which parcels were handed over today, with no word of them since but the handover's own."""
        today = self.day["dispatched_on"] == self.day["today"]
        is_silent = self.number["dispatch_age"] - self.number["scan_age"] < _SAME_WORD
        return np.asarray(
            (self.text["last_code"] == "handed_over") & (self.text["stage"] == "first_mile") & today & is_silent
        )

    @property
    def earliest(self) -> int:
        """Return the first day that any of the features counts from."""
        return int(min(self.day["ordered_on"].min(), self.day["today"].min()))

    def reanchored(self, orders: Orders) -> Orders:
        """Return the orders as if they were placed now: step 0 is today, history is that before `known_day`.

        A parcel that has left keeps the day of its dispatch; one that has not leaves as planned, but not before today.
        """
        waits = np.maximum(self.day["planned_on"], self.day["today"])
        left = np.minimum(self.day["dispatched_on"], self.day["today"])
        return replace(
            orders,
            ordered_on=self.day["today"],
            known_day=self.day["known_day"],
            dispatch_on=np.where(self.is_dispatched, left, waits),
        )


_HERE = "local at the destination"
_NOT_LEFT = "not dispatched"
_NO_SCAN = "no scan"


def _column(name: str, unit: str, description: str, unknown: str = "") -> Column:
    return Column(name, "progress", unit, description, unknown)


COLUMNS = (
    _column("now_hour", "h", f"clock now, {_HERE}"),
    _column("since_order_days", "days", "since the order"),
    _column("since_dispatch_days", "days", "since the dispatch", _NOT_LEFT),
    _column("since_scan_days", "days", "since the last scan", _NO_SCAN),
    _column("scan_hour", "h", f"clock at the last scan, {_HERE}", _NO_SCAN),
    _column("trouble_days", "days", "since an exception that no movement has followed", "no such exception"),
    _column("pickup_days", "days", "at the pickup point", "not at one"),
    _column("legs", "legs", "parts of the way told so far"),
    _column("hub_scans", "scans", "arrivals at and departures from hubs told so far"),
    _column("codes_told", "codes", "different codes told so far"),
    _column("attempts", "attempts", "failed deliveries"),
    _column("is_abroad", "0 or 1", "the last scan was in another country than the destination", "no country told"),
    _column("since_scan_open_days", "open days", "of the carrier since the last scan", _NO_SCAN),
    _column("since_scan_working_days", "working days", "at the destination, since the last scan", _NO_SCAN),
    _column("since_scan_mondays", "Mondays", "between the day of the last scan and today", _NO_SCAN),
    _column("overdue_days", "days", "after the planned dispatch", "dispatched"),
    _column("dispatch_delay_days", "days", "from planned to actual dispatch", _NOT_LEFT),
    _column("lane_share_by_now", "share", "of parcels of this lane that had come at this age, by its history"),
    _column("lane_remaining_days", "open days", "mean remaining by the history of the lane"),
    _column("transit_share_by_now", "share", "as lane_share_by_now, from dispatch, by the destination", _NOT_LEFT),
    _column("transit_remaining_days", "open days", "mean remaining from dispatch, by the destination", _NOT_LEFT),
    _column("lane_remaining_28d_days", "open days", "as lane_remaining_days, last 28 days only"),
    _column("transit_remaining_28d_days", "open days", "as transit_remaining_days, last 28 days only", _NOT_LEFT),
    _column("transit_remaining_7d_days", "open days", "as transit_remaining_days, last 7 days only", _NOT_LEFT),
    _column("stage_share_by_now", "share", "of parcels that by this age had a scan which this one lacks", "no history"),
    _column("stage_remaining_days", "open days", "mean until the next such scan", "no history"),
    *waiting.COLUMNS,
    *PEER_COLUMNS,
)  # fmt: skip
# Columns that grow with the time since the handover while nothing else is told, by so much a day.
CLOCKS = {"now_hour": 24.0, "since_order_days": 1.0, "since_dispatch_days": 1.0, "since_scan_days": 1.0}
CATEGORIES = (
    Column("stage", "progress", "", "stage that the scans tell", categorical=True),
    Column("last_code", "progress", "", "code of the last scan", _NO_SCAN, categorical=True),
    Column("trouble", "progress", "", "reason of the exception in force", "none in force", categorical=True),
)
DAY_COLUMNS = (
    _column("day_open_ahead", "open days", "of the carrier after today, up to day d"),
    _column("day_silent_open_days", "open days", "of the carrier from the last scan to day d", _NO_SCAN),
    _column("day_pickup_days", "days", "at the pickup point on day d, if it is still there", "not at one"),
    _column("day_depot_share", "share", "of the parcels of the destination that leave its depots on the weekday of d"),
    _column("day_lane_share", "share", "of the parcels of the lane that come on the weekday of d"),
)  # fmt: skip


def progress_categories(standings: Standings) -> dict[str, Texts]:
    """Return the texts of `CATEGORIES`."""
    return {column.name: standings.text[column.name] for column in CATEGORIES}


def progress_features(standings: Standings, orders: Orders, calendar: OrderCalendar, lane: Hazards, transit: Hazards,
                      histories: Histories) -> Floats:  # fmt: skip
    """Return `COLUMNS` in order, shape (n, columns); `orders` and their `calendar` are re-anchored."""
    opendays = calendar.delivery
    day, number = standings.day, standings.number
    rows, today = np.arange(len(standings)), day["today"]
    is_scanned = np.not_equal(day["scanned_on"], UNKNOWN)
    scanned_on = np.where(is_scanned, np.minimum(day["scanned_on"], today), today)
    since_scan, at_work = (one.count_to(rows, today) - one.count_to(rows, scanned_on)
                           for one in (opendays, calendar.working))  # fmt: skip
    delay = (orders.dispatch_on - day["planned_on"]).astype(np.float64)
    left = standings.is_dispatched
    age = opendays.age(rows, orders.dispatch_on, today)
    by_now, remaining = share_and_remaining(lane.hazard, age)
    transit_by_now, transit_remaining = share_and_remaining(transit.hazard, age)
    stage_by_now, stage_remaining = _stage_features(standings, orders, opendays, histories)
    return np.column_stack(
        [
            *(number[name] for name in ("hour", "order_age", "dispatch_age", "scan_age", "scan_hour", "trouble_age")),
            *(number[name] for name in ("pickup_age", "legs", "hubs", "codes", "attempts", "abroad")),
            np.where(is_scanned, since_scan, np.nan),
            np.where(is_scanned, at_work, np.nan),
            np.where(is_scanned, mondays_between(scanned_on, today), np.nan),
            np.where(left, np.nan, today - day["planned_on"]),
            np.where(left, delay, np.nan),
            by_now,
            remaining,
            np.where(left, transit_by_now, np.nan),
            np.where(left, transit_remaining, np.nan),
            *_recent_features(left, orders, age, histories),
            stage_by_now,
            stage_remaining,
            waiting.waiting_features(histories.hub, orders, opendays, standings.text["hub"], day["hub_on"]),
            peer_features(number["peers"], number["moved_peers"]),
        ]
    )


def mondays_between(start: Days, end: Days) -> Days:
    """Count the Mondays after one day and before another; none where there is no day between.

    >>> friday = np.array([20_462])  # 9 January 2026
    >>> [int(mondays_between(friday, friday + days)[0]) for days in (0, 3, 4, 10, 11)]
    [0, 0, 1, 1, 2]
    """
    between: Days = np.maximum((end + 2) // 7 - (start + 3) // 7, 0)
    return between


def transit_hazards(histories: Histories, orders: Orders, window: int = regime.USUAL) -> Hazards:
    """Return hazards from dispatch to delivery by age, of the parcels to each destination in the last days."""
    keys = depot_keys(orders)[: len(regime.LEVELS)]
    return histories.transit.hazards(keys, orders.known_day, window)


def _recent_features(left: NDArray[np.bool_], orders: Orders, age: Days, histories: Histories) -> list[Floats]:
    """Compare the age with what lately was: over 120 days a change of the times shows late."""
    lane = histories.lead.hazards(lanes.lane_keys(orders), orders.known_day, lanes.RECENT)
    transit = [transit_hazards(histories, orders, window) for window in (regime.MONTH, regime.WEEK)]
    month, week = (share_and_remaining(one.hazard, age)[1] for one in transit)
    return [share_and_remaining(lane.hazard, age)[1], np.where(left, month, np.nan), np.where(left, week, np.nan)]


def _stage_features(
    standings: Standings, orders: Orders, opendays: OpenDays, histories: Histories
) -> tuple[Floats, Floats]:
    """Compare the age in the present stage with the history of that stage: handed over, departed or at the depot."""
    there, here = depot_keys(orders), departure_keys(orders)
    day = standings.day
    stages = (
        (day["handed_on"], day["departed_on"], histories.departure, here[: len(DEPARTURE_LEVELS)]),
        (day["departed_on"], day["depot_on"], histories.haul, there[: len(HAUL_LEVELS)]),
        (day["depot_on"], np.full(len(orders), UNKNOWN), histories.depot, there),
    )
    share, remaining = np.full(len(orders), np.nan), np.full(len(orders), np.nan)
    for since, until, history, keys in stages:
        rows = np.flatnonzero((since != UNKNOWN) & (until == UNKNOWN))
        if len(rows):
            found = history.hazards([key[rows] for key in keys], orders.known_day[rows], USUAL)
            start = np.minimum(since[rows], day["today"][rows])
            age = opendays.age(rows, start, day["today"][rows])
            told = found.at_risk[:, 0] > 0.0
            for out, values in zip((share, remaining), share_and_remaining(found.hazard, age), strict=True):
                out[rows] = np.where(told, values, np.nan)
    return share, remaining


def weekday_features(histories: Histories, orders: Orders) -> Floats:
    """Return the shares of weekdays of the destination's depots and of the lane, shape (n, 2, 7)."""
    day = orders.known_day
    depot = weekday_shares(histories.depot_weekdays, depot_keys(orders), day)
    lane = weekday_shares(histories.lane_weekdays, lanes.lane_keys(orders), day)
    return np.stack([depot, lane], axis=1)


def day_features(orders: Orders, opendays: OpenDays, since_scan: Floats, at_pickup: Floats, shares: Floats,
                 rows: NDArray[np.intp], steps: NDArray[np.int64]) -> Floats:  # fmt: skip
    """Return `DAY_COLUMNS` in order for day `steps[i]` after today of parcel `rows[i]`, shape (len(rows), columns).

    `since_scan` (n) is column since_scan_open_days of the parcels, `at_pickup` (n) column pickup_days.
    """
    today = orders.ordered_on[rows]
    ahead = opendays.count_to(rows, today + steps) - opendays.count_to(rows, today)
    weekdays = shares[rows, :, weekday(today + steps)]
    return np.column_stack([ahead, since_scan[rows] + ahead, at_pickup[rows] + steps, weekdays])
