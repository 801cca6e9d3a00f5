"""When scans first told of each stage, and of each hub, as an Ibis expression."""

from itertools import accumulate, pairwise
from typing import Any

import ibis

from features.hubs import DAY_MIN, HUB_BITS, HUB_MASK, RECORD_BITS, SLOTS
from features.loads import DAY_S, RECORD, STAGES
from features.sketches import UNKNOWN

# All codes that tell of a stage, those of earlier stages first, and the place among them where each stage begins.
_NEW_CODES = [sorted(codes - later) for codes, later in pairwise([*STAGES.values(), frozenset()])]
_CODES = [code for codes in _NEW_CODES for code in codes]
_FIRST_CODE = dict(zip(STAGES, accumulate(map(len, _NEW_CODES), initial=0), strict=False))

FACILITIES = {"facility_id": "string", "hub": "int64"}


def facility_ids(scans: ibis.Table) -> ibis.Table:
    """Return the distinct `facility_id` of hubs in the Ibis table `scans`."""
    at_hubs = scans.filter(scans.code.isin(list(SLOTS)) & scans.facility_id.notnull())
    return at_hubs.select("facility_id").distinct()


def first_scans(scans: ibis.Table, facilities: ibis.Table) -> ibis.Table:
    """Return from the Ibis table `scans` one row per shipment: `shipment_id` and a number for each of `STAGES`.

    `features.loads.days_told` reads the numbers; they are missing where no scan told of the stage. The numbers of
    `features.hubs.SLOTS`, which `features.hubs.slot_told` reads, are -1 there; `facilities` (columns `FACILITIES`)
    numbers the hubs. Nothing here knows an engine, but its session must count time in UTC.
    """
    there = scans.left_join(facilities, scans.facility_id == facilities.facility_id)
    known = there.recorded_at.epoch_seconds() // DAY_S
    minute = there.occurred_at.epoch_seconds() // 60 + there.utc_offset_min.fill_null(0)
    minute = ibis.ifelse(minute < 0, 0, minute)
    # How far each code says that the parcel has come: its place among all codes, from those of the first stage on.
    come = ibis.literal(_CODES, "array<string>").index(there.code)
    told = there.select(
        "shipment_id",
        come=come,
        stage=known * RECORD + minute // DAY_MIN,
        slot=(known * 2**RECORD_BITS + minute * 2**HUB_BITS + there.hub).cast("int64"),
    )
    first = told.group_by("shipment_id").agg(
        **{name: told.stage.min(where=told.come >= place) for name, place in _FIRST_CODE.items()},
        **{pair[0]: told.slot.collect(where=told.come == _CODES.index(code)) for code, pair in SLOTS.items()},
    )
    slots: dict[str, Any] = {}
    for name, other in SLOTS.values():
        slots[name] = first[name].mins()
        slots[other] = _elsewhere(first[name], first[name].mins()).mins()
    return first.select("shipment_id", *STAGES, **{name: number.fill_null(UNKNOWN) for name, number in slots.items()})


def _elsewhere(numbers: Any, first: Any) -> Any:
    """Return the numbers of other hubs than that of the first."""
    return numbers.filter(lambda number: (number & HUB_MASK) != (first & HUB_MASK))
