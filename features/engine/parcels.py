"""What is known of each parcel, in integers: from canonical shipments and scans, as Ibis expressions.

Nothing here knows an engine; its session must count time in UTC. Days are numbers since 1970-01-01, -1 where not (yet)
known; what a row means is told by `features.table.ParcelHistory`, whose days these are. Small tables say what ids stand
for (`features.engine.dimensions`).
"""

from functools import cache
from typing import Any

import ibis
import pyarrow as pa

from features.engine.engines import unbound
from features.engine.stages import FACILITIES, first_scans
from features.hubs import DAY_MIN, HUB_BITS, HUB_MASK, MINUTE_MASK, RECORD_BITS, SLOTS, VISITS
from features.loads import RECORD, STAGES
from features.sketches import UNKNOWN

DAY_S = 86_400

SHIPMENTS = {
    "shipment_id": "string",
    "origin_id": "string",
    "carrier": "string",
    "service": "string",
    "destination_country": "string",
    "destination_postal_code": "string",
    "ordered_at": "timestamp('UTC')",
    "dispatched_at": "timestamp('UTC')",
    "dispatched_recorded_at": "timestamp('UTC')",
    "delivered_at": "timestamp('UTC')",
    "delivered_recorded_at": "timestamp('UTC')",
    "planned_dispatch_on": "date",
    "status": "string",
    "ended_at": "timestamp('UTC')",
    "is_return": "boolean",
}
SCANS = {
    "shipment_id": "string",
    "occurred_at": "timestamp('UTC')",
    "utc_offset_min": "int64",
    "recorded_at": "timestamp('UTC')",
    "code": "string",
    "facility_id": "string",
}
ORIGINS = {"origin_id": "string", "origin": "int64", "here": "int64", "region_here": "int64", "working": "int32"}
# A destination's zone begins at `zone` in table `clocks`, which tells the UTC days from `first_clock` to `last_clock`.
DESTINATIONS = {
    "destination_country": "string",
    "destination_postal_code": "string",
    "there": "int64",
    "region_there": "int64",
    "zone": "int32",
    "first_clock": "int32",
    "last_clock": "int32",
    "land": "int32",
}
# A carrier's calendars begin at `calendars` in the table of that name, which has one for each `land`.
SERVICES = {"carrier": "string", "service": "string", "way": "int64", "carrier_number": "int64", "calendars": "int32"}
CALENDARS = {"at": "int32", "calendar": "int32"}
# The offset of a zone's clock on a UTC day: `before_s` until the instant `change_s`, then `after_s`.
CLOCKS = {"at": "int32", "change_s": "int64", "before_s": "int32", "after_s": "int32"}

# What columns of these types are in tables that we make ourselves.
ARROW = {"string": pa.string(), "int32": pa.int32(), "int64": pa.int64()}

ANNOUNCED = {
    "shipment_id": "string",
    "lane": "int64",
    "way_to": "int64",
    "region_to": "int64",
    "region_from": "int64",
    "origin": "int64",
    "calendar": "int32",
    "working": "int32",
    "known_day": "int32",
    "dispatch_on": "int32",
    "dispatched_on": "int32",
    "dispatched_known": "int32",
    "delivered_on": "int32",
    "delivered_known": "int32",
    "cancelled_known": "int32",
}
# The numbers of `features.engine.stages.first_scans`, -1 where no scan told of the stage or of a hub.
_SLOTS = [slot for pair in SLOTS.values() for slot in pair]
STAGED = dict.fromkeys((*STAGES, *_SLOTS), "int64")
STAGES_TOLD = {"shipment_id": "string", **STAGED}
PARCELS = {**ANNOUNCED, **STAGED}
# The days that these numbers stand for, as `features.loads.days_told` and `features.hubs.stay` read them, and the ways
# of a parcel at its hubs.
_EVENTS_TOLD = (*STAGES, *VISITS, *(f"{visit}_left" for visit in VISITS))
STAGE_DAYS = {
    **{f"{event}_{what}": "int32" for event in _EVENTS_TOLD for what in ("on", "known")},
    **{f"{visit}_way": "int64" for visit in VISITS},
}

# A lane is one number: its service, the area it starts from, the area it goes to. The ways to an area, to a region and
# from a region have the number of the carrier in place of the service's; a region is told by the first of its areas.
# The way of a parcel at a hub has the carrier, the hub, and twice the area that it comes from, and one, or goes to.
HERE, WAY = 2**20, 2**40
_NONE = 2**63 - 1
FAR = 2**30  # a day that never comes
_HERE_BITS, _WAY_BITS = 20, 40
_EVENTS = ("dispatched", "delivered")
_NOT_EVENTS = [name for name in ANNOUNCED if not name.startswith((*_EVENTS, "shipment_id", "cancelled"))]


@cache
def ids() -> ibis.Table:
    """Return the distinct addresses, services and origins of table `shipments`: what dimensions are needed for."""
    shipments, none = _shopper_bound(), ibis.literal("")
    # The gaps of few distinct ids are filled sooner than those of all rows.
    parts = [
        found.select(kind=ibis.literal(kind), one=found[0].fill_null(""), two=found[1].fill_null("")).distinct()
        for kind, found in (
            ("destination", shipments.select("destination_country", "destination_postal_code").distinct()),
            ("service", shipments.select("carrier", "service").distinct()),
            ("origin", shipments.select("origin_id", two=none).distinct()),
        )
    ]
    return ibis.union(*parts)


@cache
def extent() -> ibis.Table:
    """Return the first and last UTC day of an order in table `shipments`, and the last day of any record of theirs.

    Cancellations do not count there, as no gate looks at their time.
    """
    shipments = _shopper_bound()
    ordered = shipments.ordered_at
    last = ibis.greatest(ordered.max(), *(_recorded(shipments, event).max() for event in _EVENTS))
    return shipments.agg(first=_utc_day(ordered.min()), last=_utc_day(last), ordered=_utc_day(ordered.max()))


@cache
def announced() -> ibis.Table:
    """Return the facts (columns `ANNOUNCED`) of the rows of table `shipments` that go to a shopper."""
    shipments = _shopper_bound()
    names = ("destination_postal_code", "carrier", "service")
    shipments = shipments.mutate(**{name: shipments[name].fill_null("") for name in names})
    known = (
        shipments.join(unbound("origins", ORIGINS), "origin_id")
        .join(unbound("destinations", DESTINATIONS), ["destination_country", "destination_postal_code"])
        .join(unbound("services", SERVICES), ["carrier", "service"])
    )
    calendars = unbound("calendars", CALENDARS)
    known = known.join(calendars, known.calendars + known.land == calendars["at"])
    known = known.select(
        "shipment_id", "origin", "calendar", "working", "zone", "first_clock", "last_clock",
        "ordered_at", "dispatched_at", "delivered_at",
        lane=known.way * WAY + known.here * HERE + known.there,
        way_to=known.carrier_number * WAY + known.there,
        region_to=known.carrier_number * WAY + known.region_there,
        region_from=known.carrier_number * WAY + known.region_here * HERE,
        planned=known.planned_dispatch_on.epoch_days().cast("int32").fill_null(UNKNOWN),
        known_day=_utc_day(known.ordered_at),
        dispatched_known=_known(known, "dispatched"),
        delivered_known=_known(known, "delivered"),
        cancelled_known=_utc_day(_cancelled_at(known)).fill_null(UNKNOWN),
    )  # fmt: skip
    known = _with_local_days(known, ("ordered", "dispatched", "delivered"))
    return known.mutate(dispatch_on=ibis.greatest(known.planned, known.ordered_on)).select(*ANNOUNCED)


@cache
def stages() -> ibis.Table:
    """Return what table `scans` tells of stages, one row per shipment: `shipment_id` and columns `STAGED`."""
    return first_scans(unbound("scans", SCANS), unbound("facilities", FACILITIES))


@cache
def first() -> ibis.Table:
    """Return the facts of all parcels that table `announced` tells of, with what table `stages` tells of them."""
    announced, told = unbound("announced", ANNOUNCED), unbound("stages", STAGES_TOLD)
    known = announced.left_join(told, "shipment_id")
    return known.select(*ANNOUNCED, **{name: known[name].fill_null(UNKNOWN) for name in STAGED})


@cache
def known() -> ibis.Table:
    """Return the facts of the parcels of table `open` and of those that table `announced` tells of (columns `PARCELS`).

    What is told anew takes the place of what was known: of a stage the first record, and a dispatch, a delivery or a
    cancellation can be told anew, but not taken back: files may come in any order. Scans of parcels that were never
    announced are left out. Column `changed` is the first day of a record that is known otherwise than before, `FAR`
    where none is.
    """
    old, new, told = unbound("open", PARCELS), unbound("announced", ANNOUNCED), unbound("stages", STAGES_TOLD)
    old = old.rename({f"old_{name}": name for name in PARCELS})
    told = told.rename({f"new_{name}": name for name in STAGES_TOLD})
    both = old.outer_join(new, old.old_shipment_id == new.shipment_id)
    same = {name: ibis.coalesce(both[name], both[f"old_{name}"]) for name in ("shipment_id", *_NOT_EVENTS)}
    cancelled = [both[name].fill_null(UNKNOWN) for name in ("cancelled_known", "old_cancelled_known")]
    told_anew = {"cancelled_known": ibis.ifelse(cancelled[0] != UNKNOWN, *cancelled).cast("int32")}
    both = both.mutate(same | _events(both) | told_anew | {"is_announced": both.shipment_id.notnull()})
    both = _with_first(both.left_join(told, both.shipment_id == told.new_shipment_id))
    return both.select(*PARCELS, changed=_changed(both))


def _with_first(parcels: ibis.Table) -> ibis.Table:
    """Add the numbers `STAGED` of parcels that are told of by old ones and new ones, any of which may be missing."""
    both = [f"{when}_{name}" for name in STAGED for when in ("old", "new")]
    told = parcels.mutate(**{name: parcels[name].fill_null(UNKNOWN) for name in both})
    told = told.mutate(**{name: _or_unknown(_least(told[f"old_{name}"], told[f"new_{name}"])) for name in STAGED})
    others = {}
    for first, other in SLOTS.values():
        hub = told[first] & HUB_MASK
        numbers = (told[f"{when}_{slot}"] for when in ("old", "new") for slot in (first, other))
        others[other] = _or_unknown(_least(*(ibis.ifelse((one & HUB_MASK) == hub, UNKNOWN, one) for one in numbers)))
    return told.mutate(**others)


def record_day(number: Any, name: str) -> Any:
    """Return the UTC day of the record of a number of `STAGED` by its name."""
    return number // RECORD if name in STAGES else number >> RECORD_BITS


def _events(parcels: ibis.Table) -> dict[str, Any]:
    """Return the days of `_EVENTS`, the old ones where nothing is told of an event any more."""
    return {
        f"{event}_{what}": ibis.ifelse(
            parcels[f"{event}_on"] != UNKNOWN,
            parcels[f"{event}_{what}"],
            ibis.coalesce(parcels[f"old_{event}_{what}"], parcels[f"{event}_{what}"]),
        ).cast("int32")
        for event in _EVENTS
        for what in ("on", "known")
    }


def _changed(parcels: ibis.Table) -> Any:
    """Return the first day of a record that is now known otherwise than by the columns `old_*`, else `FAR`."""
    facts = {"known_day": _NOT_EVENTS, **{f"{event}_known": (f"{event}_on", f"{event}_known") for event in _EVENTS}}
    facts["cancelled_known"] = ("cancelled_known",)
    days = []
    for record, told in (facts | {name: (name,) for name in STAGED}).items():
        old = {name: ibis.coalesce(parcels[f"old_{name}"], UNKNOWN) for name in told}
        is_same = ibis.and_(*(parcels[name] == old[name] for name in told))
        was_known = old[record] != UNKNOWN
        first = ibis.ifelse(was_known, ibis.least(old[record], parcels[record]), parcels[record])
        day = record_day(first, record) if record in STAGED else first
        days.append(ibis.ifelse(is_same, FAR, day))
    is_told = parcels.is_announced | parcels.new_shipment_id.notnull()
    return ibis.ifelse(is_told, ibis.least(*days), FAR).cast("int32")


def with_stage_days(parcels: ibis.Table) -> ibis.Table:
    """Add columns `STAGE_DAYS` to parcels."""
    told = _with_visits(parcels)
    days: dict[str, Any] = {}
    for event in _EVENTS_TOLD:
        days |= _days(event, told[event])
    return told.mutate(**days).select(*parcels.columns, *STAGE_DAYS)


def _days(name: str, number: Any) -> dict[str, Any]:
    """Return the days of an event and of its record."""
    days = {"on": number % RECORD, "known": number // RECORD}
    return {f"{name}_{what}": ibis.ifelse(number == UNKNOWN, UNKNOWN, day).cast("int32") for what, day in days.items()}


def _with_visits(parcels: ibis.Table) -> ibis.Table:
    """Tell of both hubs what `features.hubs.stay` tells of one, in numbers as of stages, and the parcel's way there.

    Step by step, so that no step repeats what another one tells.
    """
    arrivals, departures = SLOTS.values()
    is_delivered = ibis.least(parcels.delivered_on, parcels.delivered_known) != UNKNOWN
    delivered = parcels.delivered_known.cast("int64") * RECORD + parcels.delivered_on
    stages = {f"{slot}_stage": _as_stage(parcels[slot]) for slot in _SLOTS}
    told = parcels.mutate(delivered=ibis.ifelse(is_delivered, delivered, UNKNOWN), **stages)
    ends = {}
    for number, (visit, slot) in enumerate(zip(VISITS, arrivals, strict=True)):
        hub = told[slot] & HUB_MASK
        left = [ibis.ifelse((told[one] & HUB_MASK) == hub, told[f"{one}_stage"], UNKNOWN) for one in departures]
        later = [told[f"{one}_stage"] for one in arrivals[number + 1 :]]
        ends[f"{visit}_left"] = _least(*left, *later, told.depot, told.delivered)
    told = told.mutate(**ends)
    lane = told.lane
    sides = ((lane & (WAY - 1)) >> _HERE_BITS) * 2 + 1, (lane & (HERE - 1)) * 2
    numbers: dict[str, Any] = {}
    for visit, slot, side in zip(VISITS, arrivals, sides, strict=True):
        start, end = told[f"{slot}_stage"], told[f"{visit}_left"]
        numbers[visit] = ibis.ifelse(end // RECORD < start // RECORD, UNKNOWN, start)
        numbers[f"{visit}_left"] = _or_unknown(end)
        numbers[f"{visit}_way"] = (told.region_to >> _WAY_BITS) * WAY + (told[slot] & HUB_MASK) * HERE + side
    return told.mutate(**numbers)


def _as_stage(number: Any) -> Any:
    """Return the number that a stage would have, of a slot's number."""
    day = ((number >> HUB_BITS) & MINUTE_MASK).cast("int32") // DAY_MIN
    return ibis.ifelse(number == UNKNOWN, UNKNOWN, (number >> RECORD_BITS) * RECORD + day)


def _least(*numbers: Any) -> Any:
    """Return the smallest of numbers that may be -1, else `_NONE`, the greatest of all: the bits of -1 but the sign."""
    return ibis.least(*(one & _NONE for one in numbers))


def _or_unknown(number: Any) -> Any:
    return ibis.ifelse(number == _NONE, UNKNOWN, number)


def _shopper_bound() -> ibis.Table:
    """Table `shipments` without returns."""
    shipments = unbound("shipments", SHIPMENTS)
    return shipments.filter(~ibis.coalesce(shipments.is_return, ibis.literal(value=False)))


def _second(instant: Any) -> Any:
    return instant.epoch_seconds().cast("float64")


def _utc_day(instant: Any) -> Any:
    return _day(_second(instant))


def _day(second: Any) -> Any:
    return (second / DAY_S).floor().cast("int32")


def _recorded(shipments: ibis.Table, event: str) -> Any:
    return ibis.coalesce(shipments[f"{event}_recorded_at"], shipments[f"{event}_at"])


def _cancelled_at(shipments: ibis.Table) -> Any:
    """Return when we learned that an order was cancelled, null where it was not or nobody knows when."""
    return ibis.ifelse(shipments.status == "cancelled", shipments.ended_at, ibis.null("timestamp('UTC')"))


def _known(shipments: ibis.Table, event: str) -> Any:
    return _utc_day(_recorded(shipments, event)).fill_null(UNKNOWN)


def _with_local_days(known: ibis.Table, events: tuple[str, ...]) -> ibis.Table:
    """Add the days that a clock there showed at events; clocks far from our days are the edge's."""
    asked = {}
    for event in events:
        day = ibis.least(ibis.greatest(_utc_day(known[f"{event}_at"]), known.first_clock), known.last_clock)
        asked[f"{event}_asked"] = known.zone + day - known.first_clock
    found = known.mutate(asked)
    for event in events:
        clocks = unbound("clocks", CLOCKS).rename({f"{event}_clock_{name}": name for name in CLOCKS})
        found = found.left_join(clocks, found[f"{event}_asked"] == clocks[f"{event}_clock_at"])
    days = {}
    for event in events:
        change, before, after = (found[f"{event}_clock_{name}"] for name in ("change_s", "before_s", "after_s"))
        second = _second(found[f"{event}_at"])
        days[f"{event}_on"] = _day(second + ibis.ifelse(second < change, before, after)).fill_null(UNKNOWN)
    return found.mutate(days)
