"""When scans first told of each stage, and of each hub, as an Ibis expression."""

from itertools import accumulate, pairwise
from typing import Any

import ibis

from features.hubs import HUB_BITS, HUB_MASK, RECORD_BITS, SLOTS
from features.loads import DAY_S, RECORD, STAGES
from features.sketches import UNKNOWN

# All codes that tell of a stage, those of earlier stages first, and the place among them where each stage begins.
_NEW_CODES = [sorted(codes - later) for codes, later in pairwise([*STAGES.values(), frozenset()])]
_CODES = [code for codes in _NEW_CODES for code in codes]
_FIRST_CODE = dict(zip(STAGES, accumulate(map(len, _NEW_CODES), initial=0), strict=False))

FACILITIES = {"facility_id": "string", "hub": "int64"}


def facility_ids(scans: ibis.Table) -> ibis.Table:
    """Return the distinct `facility_id` of hubs in the Ibis table `scans`."""
    return _at_hubs(scans).select("facility_id").distinct()


def first_scans(scans: ibis.Table, facilities: ibis.Table) -> ibis.Table:
    """Return from the Ibis table `scans` one row per shipment: `shipment_id` and a number for each of `STAGES`.

    `features.loads.days_told` reads the numbers; they are missing where no scan told of the stage. The numbers of
    `features.hubs.SLOTS`, which `features.hubs.slot_told` reads, are -1 there; `facilities` (columns `FACILITIES`)
    numbers the hubs. Nothing here knows an engine, but its session must count time in UTC.
    """
    known = scans.recorded_at.epoch_seconds() // DAY_S
    happened = (scans.occurred_at.epoch_seconds() + scans.utc_offset_min.fill_null(0) * 60) // DAY_S
    # How far each code says that the parcel has come: its place among all codes, from those of the first stage on.
    come = ibis.literal(_CODES, "array<string>").index(scans.code)
    told = scans.select("shipment_id", come=come, number=known * RECORD + ibis.ifelse(happened < 0, 0, happened))
    stages = told.group_by("shipment_id").agg(
        **{name: told.number.min(where=told.come >= place) for name, place in _FIRST_CODE.items()}
    )
    hubs = _hub_slots(scans, facilities).rename(hub_shipment="shipment_id")
    found = stages.left_join(hubs, stages.shipment_id == hubs.hub_shipment).drop("hub_shipment")
    slots = [slot for pair in SLOTS.values() for slot in pair]
    return found.select("shipment_id", *STAGES, **{slot: found[slot].fill_null(UNKNOWN) for slot in slots})


def _hub_slots(scans: ibis.Table, facilities: ibis.Table) -> ibis.Table:
    """Return for each shipment that was at a hub the first number of the first two hubs, by each code of `SLOTS`."""
    there = _at_hubs(scans).join(facilities, "facility_id")
    known = there.recorded_at.epoch_seconds() // DAY_S
    minute = there.occurred_at.epoch_seconds() // 60 + there.utc_offset_min.fill_null(0)
    number = known * 2**RECORD_BITS + ibis.ifelse(minute < 0, 0, minute) * 2**HUB_BITS + there.hub
    told = there.select("shipment_id", "code", number=number.cast("int64"))
    lists = told.group_by("shipment_id").agg(
        **{pair[0]: told.number.collect(where=told.code == code) for code, pair in SLOTS.items()}
    )
    slots: dict[str, Any] = {}
    for first, other in SLOTS.values():
        numbers = lists[first]
        slots[first] = numbers.mins()
        slots[other] = _elsewhere(numbers, numbers.mins()).mins()
    return lists.select("shipment_id", **slots)


def _elsewhere(numbers: Any, first: Any) -> Any:
    """Return the numbers of other hubs than that of the first."""
    return numbers.filter(lambda number: (number & HUB_MASK) != (first & HUB_MASK))


def _at_hubs(scans: ibis.Table) -> ibis.Table:
    return scans.filter(scans.code.isin(list(SLOTS)) & scans.facility_id.notnull())
