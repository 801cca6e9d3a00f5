"""When scans first told of each stage, as an Ibis expression."""

from itertools import accumulate, pairwise

import ibis

from features.loads import DAY_S, RECORD, STAGES

# All codes that tell of a stage, those of earlier stages first, and the place among them where each stage begins.
_NEW_CODES = [sorted(codes - later) for codes, later in pairwise([*STAGES.values(), frozenset()])]
_CODES = [code for codes in _NEW_CODES for code in codes]
_FIRST_CODE = dict(zip(STAGES, accumulate(map(len, _NEW_CODES), initial=0), strict=False))


def first_scans(scans: ibis.Table) -> ibis.Table:
    """Return from the Ibis table `scans` one row per shipment: `shipment_id` and a number for each of `STAGES`.

    `features.loads.days_told` reads the numbers; they are missing where no scan told of the stage. Nothing here knows
    an engine, but its session must count time in UTC.
    """
    known = scans.recorded_at.epoch_seconds() // DAY_S
    happened = (scans.occurred_at.epoch_seconds() + scans.utc_offset_min.fill_null(0) * 60) // DAY_S
    # How far each code says that the parcel has come: its place among all codes, from those of the first stage on.
    come = ibis.literal(_CODES, "array<string>").index(scans.code)
    told = scans.select("shipment_id", come=come, number=known * RECORD + ibis.ifelse(happened < 0, 0, happened))
    return told.group_by("shipment_id").agg(
        **{name: told.number.min(where=told.come >= place) for name, place in _FIRST_CODE.items()}
    )
