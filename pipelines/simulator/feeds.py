"""How carriers report: which scans reach the shop, when, how often, and with which mistakes."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from parcelcast.scan import CODES
from pipelines.simulator.arrays import AnyInts, Bools, Days, Floats, Ints
from pipelines.simulator.carriers import CARRIERS, DARK_LANES
from pipelines.simulator.clock import DAY_MINUTES
from pipelines.simulator.events import CANCELLED, CODE, READY, REASON, Events
from pipelines.simulator.history import History
from pipelines.simulator.world import SCANS, World

# Share of scans that never happen or never arrive, by code.
_MISSING = {
    "label_created": 0.01, "handed_over": 0.02, "origin_scan": 0.05, "hub_arrival": 0.04, "hub_departure": 0.07,
    "export_customs": 0.03, "import_customs": 0.03, "customs_released": 0.03, "destination_depot": 0.04,
    "out_for_delivery": 0.03, "delivery_attempted": 0.02, "at_pickup_point": 0.01, "delivered": 0.003,
    "delivered_to_neighbour": 0.003, "return_started": 0.01,
}  # fmt: skip
_DARK = [CODE[code] for code in ("origin_scan", "hub_arrival", "hub_departure")]
_TOLD_BY_WAREHOUSE = [CODE["handed_over"], READY, CANCELLED]
_LATE, _TWICE, _WRONG_OFFSET, _UNKNOWN_CODE = 0.02, 0.015, 0.002, 0.02
_PUSHED, _LONGEST_PUSH = 6.0, 600
_LATE_MINUTES = (540.0, 0.9)  # median, and spread of the logarithm
_LATEST_MINUTES = 6 * DAY_MINUTES
_FILES_EVERY = 6 * 60


@dataclass(frozen=True)
class Reports:
    """Scans as they reach the shop, in the order in which they do; ``event`` is the row of the history's events.

    ``occurred`` is what the scan claims (UTC), ``recorded`` is local minutes; ``offset`` minutes may be wrong.
    """

    event: Ints
    code: AnyInts
    occurred: Days
    offset: Ints
    recorded: Ints


def reports(history: History) -> Reports:
    """All scans that ever reach the shop, those after ``until`` included."""
    rng = np.random.default_rng(np.random.SeedSequence((history.world.config.seed, SCANS)))
    events, clock = history.events, history.world.network.clock
    event = np.flatnonzero(_is_scanned(history, rng))
    minute = events.minute[event].astype(np.int64)
    recorded = minute + _delay(history, event, rng)
    code = events.code[event].astype(np.int64)
    # Some are sent again, and some come with a code that nobody knows.
    again = np.flatnonzero(rng.random(len(event)) < _TWICE)
    strange = np.flatnonzero((rng.random(len(event)) < _UNKNOWN_CODE) & np.isin(code, _NEAR_UNKNOWN))
    later = recorded[again] + 1 + rng.exponential(300.0, len(again)).astype(np.int64)
    rows = np.concatenate([np.arange(len(event)), again, strange])
    recorded = np.concatenate([recorded, later, recorded[strange] + 1])
    code = np.concatenate([code, code[again], np.full(len(strange), CODE["info_only"])])
    # A clock set to the wrong zone is one fault of one event: its copies share it.
    wrong = (rng.random(len(event)) < _WRONG_OFFSET)[rows]
    offset = clock.offsets(minute)[rows] + np.where(wrong, 60, 0)
    occurred = (clock.to_utc(minute)[rows] - np.where(wrong, 60, 0).astype("timedelta64[m]")).astype("datetime64[m]")
    order = np.lexsort((rows, recorded))
    return Reports(event[rows][order], code[order], occurred[order], offset[order], recorded[order])


_NEAR_UNKNOWN = [CODE[code] for code in ("origin_scan", "hub_arrival", "destination_depot")]


def _is_scanned(history: History, rng: np.random.Generator) -> Bools:
    events = history.events
    missing = np.array([_MISSING.get(code, 0.0) for code in CODES])
    # An admitted loss is an exception like others, but nobody forgets to tell it.
    scanned = events.code < READY
    scanned[scanned] = rng.random(int(scanned.sum())) >= missing[events.code[scanned]]
    return scanned & ~(dark_lane(history.world, events.order) & np.isin(events.code, _DARK))


def dark_lane(world: World, order: AnyInts) -> Bools:
    """Which order rows travel on lanes where no hub scans."""
    carrier = world.network.service_carrier[world.orders.service[order]]
    lanes = np.array([
        [(one.carrier_id, country) in DARK_LANES for country in world.network.areas.country] for one in CARRIERS
    ])  # fmt: skip
    found: Bools = lanes[carrier, world.orders.area[order]]
    return found


def _delay(history: History, event: Ints, rng: np.random.Generator) -> Ints:
    """Minutes until the shop learns of each event: minutes when pushed, hours by file, days for a few."""
    events, world = history.events, history.world
    minute = events.minute[event].astype(np.int64)
    carrier = world.network.service_carrier[world.orders.service[events.order[event]]]
    by_file = np.array([one.feed == "file" for one in CARRIERS])[carrier]
    pushed = rng.lognormal(np.log(_PUSHED), 1.0, len(event)).astype(np.int64)
    next_file = (minute // _FILES_EVERY + 1) * _FILES_EVERY + 25 - minute
    delay = np.where(by_file, next_file, np.minimum(pushed, _LONGEST_PUSH))
    late = np.flatnonzero(rng.random(len(event)) < _LATE)
    delay[late] += np.minimum(
        rng.lognormal(np.log(_LATE_MINUTES[0]), _LATE_MINUTES[1], len(late)), _LATEST_MINUTES
    ).astype(np.int64)
    return delay


def share_untold(world: World, events: Events, as_of: AnyInts | int, invoiced: Bools) -> Floats:
    """Return the probability that the shop has not learned of an event before local minute ``as_of``.

    Deliveries that are ``invoiced`` by then are known even where no scan ever tells of them. The warehouse tells of
    what it has packed, and of the handover.
    """
    code, left = events.code.astype(np.int64), np.asarray(as_of - events.minute, float)
    carrier = world.network.service_carrier[world.orders.service[events.order]]
    by_file = np.array([one.feed == "file" for one in CARRIERS])[carrier]
    next_file = (events.minute // _FILES_EVERY + 1) * _FILES_EVERY + 25 - events.minute
    usual = np.where(by_file, next_file, _PUSHED)
    # Delays are cut to whole minutes.
    at_once = np.where(by_file, next_file > left, (left < _LONGEST_PUSH) * _beyond(left + 1, _PUSHED, 1.0))
    later = (left - usual < _LATEST_MINUTES) * _beyond(left - usual, *_LATE_MINUTES)
    delayed = (1 - _LATE) * at_once + _LATE * later
    missing = np.array([*(_MISSING.get(one, 0.0) for one in CODES), 0.0, 0.0])[code]
    missing = np.where(dark_lane(world, events.order) & np.isin(code, _DARK), 1.0, missing)
    untold: Floats = np.where(invoiced, 0.0, missing) + (1 - missing) * delayed
    return np.where(np.isin(code, _TOLD_BY_WAREHOUSE), 0.0, untold)


def _beyond(minutes: Floats, median: float, spread: float) -> Floats:
    """Return the probability that a log-normal delay is longer."""
    tail: Floats = ndtr(-np.log(np.maximum(minutes, 1e-9) / median) / spread)
    return tail


def is_lost(events: Events) -> Bools:
    """Which events are a carrier's admission that it has lost a parcel."""
    admitted: Bools = (events.code == CODE["exception"]) & (events.reason == REASON["lost"])
    return admitted
