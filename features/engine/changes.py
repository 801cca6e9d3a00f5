"""What a batch of parcels changes: which days are counted again, and which parcels are settled for good."""

from functools import cache
from typing import Any

import ibis

from features.engine.engines import unbound
from features.engine.families import FACTS, FAMILIES
from features.engine.lifetables import BASES, BOUND, DAYS
from features.engine.parcels import (
    ANNOUNCED,
    FAR,
    PARCELS,
    STAGE_DAYS,
    STAGED,
    STAGES_TOLD,
    record_day,
    with_stage_days,
)
from features.sketches import UNKNOWN

TOLD = {
    "shipment_id": "string",
    "family": "int32",
    "key": "int64",
    "calendar": "int32",
    **dict.fromkeys(FACTS, "int32"),
}

CHANGED = {"changed": "int32"}
CURRENT = {**PARCELS, **STAGE_DAYS, "is_settled": "boolean"}

_NO = ibis.literal(value=False)


@cache
def _told() -> ibis.Table:
    """Return the ids of the parcels that tables `announced` or `stages` tell of."""
    announced, stages = unbound("announced", ANNOUNCED), unbound("stages", STAGES_TOLD)
    return ibis.union(announced.select("shipment_id"), stages.select("shipment_id"))


@cache
def told_again(name: str) -> ibis.Table:
    """Return the parcels of a table that the batch tells of."""
    return unbound(name, PARCELS).semi_join(_told(), "shipment_id").select(*PARCELS)


@cache
def not_told(name: str) -> ibis.Table:
    """Return the parcels of a table that the batch does not tell of."""
    return unbound(name, PARCELS).anti_join(_told(), "shipment_id")


@cache
def first_days() -> ibis.Table:
    """Return the first day of a record of table `current` that is known otherwise than before (`changed`).

    `scanned` is the first day of a record of table `stages`; both are `FAR` where there is none.
    """
    changed, scanned = unbound("current", CHANGED).changed, _recorded(unbound("stages", STAGES_TOLD))
    found = changed.min().fill_null(FAR).name("changed").as_table()
    return found.mutate(scanned=scanned.min().fill_null(FAR).as_scalar())


@cache
def perhaps_settled() -> ibis.Table:
    """Count what `announced` and `stages` tell of days before `since` of `bound` about parcels that are not open.

    Such a parcel is new to us, or it was settled before. What was recorded since changes no settled parcel.
    """
    since, opened = unbound("bound", BOUND).since.max().as_scalar(), unbound("open", PARCELS)
    announced, stages = unbound("announced", ANNOUNCED), unbound("stages", STAGES_TOLD)
    told = ibis.union(
        announced.filter(announced.known_day < since).select("shipment_id"),
        stages.filter(_recorded(stages) < since).select("shipment_id"),
    )
    return told.anti_join(opened, "shipment_id").count().as_table()


def _recorded(stages: ibis.Table) -> Any:
    """Return the day of the first record, `FAR` where none is told of."""
    return ibis.least(
        *(ibis.ifelse(stages[name] >= 0, record_day(stages[name], name), FAR).cast("int32") for name in STAGED)
    )


@cache
def judged(parcels: ibis.Table, families: tuple[str, ...]) -> ibis.Table:
    """Tell of parcels whether they count nothing after `until` of `bound` any more (`is_settled`).

    All of their spells are over then, or the order was cancelled, after which nothing new counts; and an end on a
    closed day has come to count on the next open one: all calendars have been open since the last of their days.
    """
    parcels = with_stage_days(parcels)
    until, last_open = unbound("bound", BOUND).until.max(), unbound("bases", BASES).last_open.min()
    needed: list[Any] = []
    days: list[Any] = []
    records: list[Any] = [parcels.cancelled_known]
    for family in (FAMILIES[name] for name in families):
        for _, facts_of in family.all_spells:
            facts = facts_of(parcels)
            needed += [facts["end"]] if family.may_skip else [facts["start"], facts["end"]]
            days += [facts["start"], facts["end"]]
            records += [facts["started_known"], facts["ended_known"]]
    are_over = (
        ((parcels.cancelled_known != UNKNOWN) | (ibis.least(*needed) != UNKNOWN))
        & (ibis.greatest(*days) <= last_open.as_scalar())
        & (ibis.greatest(*records) <= until.as_scalar())
    )
    return parcels.mutate(is_settled=are_over)


@cache
def current(*, is_settled: bool) -> ibis.Table:
    """Return the parcels of table `current` that are settled, or those that are still open."""
    parcels = unbound("current", CURRENT)
    return parcels.filter(parcels.is_settled if is_settled else ~parcels.is_settled).select(*PARCELS)


@cache
def told(families: tuple[str, ...], name: str) -> ibis.Table:
    """Return the spells of some families, begun or not, of the parcels in a table, by its name; columns `TOLD`."""
    parcels = with_stage_days(unbound(name, PARCELS))
    kinds = [told for family in families for told in FAMILIES[family].told(parcels, "shipment_id")]
    spells = [told.mutate(family=ibis.literal(number, "int32")) for number, told in enumerate(kinds)]
    return ibis.union(*spells).select(*TOLD)


@cache
def everybody() -> ibis.Table:
    """Return the parcels of tables `current` and `settled`."""
    current, settled = unbound("current", CURRENT), with_stage_days(unbound("settled", PARCELS))
    return ibis.union(*(parcels.select(*PARCELS, *STAGE_DAYS) for parcels in (current, settled)))


@cache
def touched() -> ibis.Table:
    """Return the spans of days before `since` of `bound` (columns `first`, `last`) that count otherwise than they did.

    A parcel's spell in table `told_now` against the same one in table `told_before`: from where their stories part to
    where the longer of them has nothing more to count.
    """
    since = unbound("bound", BOUND).since.max().as_scalar()
    new, old = _ends("told_now"), _ends("told_before")
    old = old.rename({f"old_{name}": name for name in old.columns})
    both = new.left_join(old, [new.shipment_id == old.old_shipment_id, new.family == old.old_family])
    began_alike = ibis.and_(
        *[both[name] == both[f"old_{name}"] for name in ("key", "calendar", "start", "started_known")]
    ).fill_null(_NO)
    ends_alike = (both.recorded == both.old_recorded) & (both.end == both.old_end)
    parted = ibis.ifelse(
        began_alike,
        ibis.least(both.recorded, both.old_recorded),
        ibis.least(both.began, ibis.coalesce(both.old_began, FAR)),
    )
    last = ibis.greatest(both.last, ibis.coalesce(both.old_last, UNKNOWN))
    changed = both.filter(~(began_alike & ends_alike.fill_null(_NO)))
    spans = changed.select(first=parted.cast("int32"), last=last.cast("int32"))
    return spans.filter(spans["first"] < since).distinct()


def _ends(name: str) -> ibis.Table:
    """Return the spells of a table with the day they began and the last day on which they count anything."""
    spells = unbound(name, TOLD).join(unbound("bases", BASES), "calendar")
    has_begun = spells.start != UNKNOWN
    is_over = has_begun & (spells.end != UNKNOWN)
    recorded = ibis.greatest(*(spells[name] for name in FACTS))
    spells = spells.mutate(
        recorded=ibis.ifelse(is_over, recorded, FAR),
        began=ibis.ifelse(has_begun, ibis.greatest(spells.start, spells.started_known), FAR),
        at=spells.base + ibis.greatest(spells.end, spells.start, spells.earliest),
        is_over=is_over,
        has_begun=has_begun,
    )
    opens = unbound("days", DAYS).select("next_open", opens_at="at")
    spells = spells.left_join(opens, spells["at"] == opens.opens_at)
    counted = ibis.greatest(spells.recorded, ibis.coalesce(spells.next_open, FAR))
    last = ibis.ifelse(spells.is_over, counted, ibis.ifelse(spells.has_begun, FAR, UNKNOWN))
    return spells.select("shipment_id", "family", "key", "calendar", *FACTS, "recorded", "began", last=last)
