"""What a batch of parcels changes: which days are counted again, and which parcels are settled for good."""

from functools import cache
from typing import Any

import ibis

from features.engine.engines import unbound
from features.engine.families import FACTS, FAMILIES
from features.engine.lifetables import BASES, BOUND, DAYS
from features.engine.parcels import ANNOUNCED, PARCELS, STAGE_DAYS, STAGED, STAGES_TOLD, with_stage_days
from features.hubs import RECORD_BITS
from features.loads import RECORD, STAGES
from features.sketches import UNKNOWN

TOLD = {
    "shipment_id": "string",
    "family": "int32",
    "key": "int64",
    "calendar": "int32",
    **dict.fromkeys(FACTS, "int32"),
}

CURRENT = {**PARCELS, **STAGE_DAYS, "is_settled": "boolean"}

FAR = 2**30  # a day that never comes
_NO = ibis.literal(value=False)


@cache
def known() -> ibis.Table:
    """Return the parcels of table `fresh`, and those of table `open` that it does not tell of anew."""
    fresh = unbound("fresh", PARCELS)
    return ibis.union(fresh, without_fresh("open"))


@cache
def without_fresh(name: str) -> ibis.Table:
    """Return the parcels of a table that table `fresh` does not tell of anew."""
    return unbound(name, PARCELS).anti_join(unbound("fresh", PARCELS), "shipment_id")


@cache
def told_again(name: str) -> ibis.Table:
    """Return the parcels of a table that tables `announced` or `stages` tell of."""
    announced, stages = unbound("announced", ANNOUNCED), unbound("stages", STAGES_TOLD)
    told = ibis.union(announced.select("shipment_id"), stages.select("shipment_id"))
    return unbound(name, PARCELS).semi_join(told, "shipment_id")


@cache
def news() -> ibis.Table:
    """Count the parcels of table `fresh` of which table `previous` does not already know the same."""
    return unbound("fresh", PARCELS).anti_join(unbound("previous", PARCELS), list(PARCELS)).count().as_table()


@cache
def perhaps_settled() -> ibis.Table:
    """Count what `announced` and `stages` tell of days before `since` of `bound` about parcels that are not open.

    Such a parcel is new to us, or it was settled before. What was recorded since changes no settled parcel.
    """
    since, opened = unbound("bound", BOUND).since.max().as_scalar(), unbound("open", PARCELS)
    announced, stages = unbound("announced", ANNOUNCED), unbound("stages", STAGES_TOLD)
    recorded = ibis.least(*(_record_or_far(stages, name) for name in STAGED))
    told = ibis.union(
        announced.filter(announced.known_day < since).select("shipment_id"),
        stages.filter(recorded < since).select("shipment_id"),
    )
    return told.anti_join(opened, "shipment_id").count().as_table()


@cache
def judged(name: str, families: tuple[str, ...]) -> ibis.Table:
    """Tell of the parcels of a table whether they count nothing after `until` of `bound` any more (`is_settled`).

    All of their spells are over then, and an end on a closed day has come to count on the next open one.
    """
    parcels = with_stage_days(unbound(name, PARCELS))
    until, closed = unbound("bound", BOUND).until.max(), unbound("bases", BASES).longest_closed.max()
    needed: list[Any] = []
    days: list[Any] = []
    for family in (FAMILIES[name] for name in families):
        for _, facts_of in family.all_spells:
            facts = facts_of(parcels)
            needed += [facts["end"]] if family.may_skip else [facts["start"], facts["end"]]
            days += facts.values()
    are_over = (ibis.least(*needed) != UNKNOWN) & (ibis.greatest(*days) <= until.as_scalar() - closed.as_scalar())
    return parcels.select(*PARCELS, *STAGE_DAYS, is_settled=are_over)


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
def rewritten() -> ibis.Table:
    """Count the parcels of table `fresh` of which table `previous` does not know the same of days before `since`.

    Only what they tell otherwise can change what such a day counts.
    """
    fresh, previous = (_as_of_before(unbound(name, PARCELS)) for name in ("fresh", "previous"))
    known = (fresh[name] for name in ("known_day", "dispatched_known", "delivered_known", *STAGED))
    return fresh.filter(ibis.greatest(*known) != UNKNOWN).anti_join(previous, list(PARCELS)).count().as_table()


def _as_of_before(parcels: ibis.Table) -> ibis.Table:
    """Return parcels without what was recorded on `since` of table `bound` or later."""
    parcels = parcels.cross_join(unbound("bound", BOUND).select("since"))
    events = {"known_day": "known_day", "dispatched_on": "dispatched_known", "delivered_on": "delivered_known"}
    recorded = events | {known: known for known in events.values()}
    told = {name: ibis.ifelse(parcels[day] < parcels.since, parcels[name], UNKNOWN) for name, day in recorded.items()}
    told |= {name: ibis.ifelse(_record_day(parcels, name) < parcels.since, parcels[name], UNKNOWN) for name in STAGED}
    return parcels.mutate(**told).select(*PARCELS)


def _record_or_far(told: ibis.Table, name: str) -> Any:
    """Return the day of `_record_day`, `FAR` where the number is missing or -1."""
    return ibis.ifelse(told[name] >= 0, _record_day(told, name), FAR).cast("int32")


def _record_day(told: ibis.Table, name: str) -> Any:
    """Return the UTC day of the record of a number of `STAGED`."""
    return told[name] // RECORD if name in STAGES else told[name] >> RECORD_BITS


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
