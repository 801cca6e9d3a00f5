"""Life tables as Ibis expressions: from spells to the daily counts of `features.sketches`, in integers alone.

Nothing here knows an engine. Open days come as two small tables over whole calendars (`features.engine.dimensions`):

* `days`: `at` (a calendar's `base` plus the day), `upto` and `before`: numbers of the last open day up to and with the
  day, and before it; `next_open`: the first open day from it on.
* `slots`: `slot`, the number of an open day, unique among all calendars, and its `open_day`.
"""

from functools import cache

import ibis
import pyarrow as pa

from features.engine.engines import unbound
from features.sketches import AGES, UNKNOWN

LAST_AGE = AGES - 1

SPELLS = {
    "key": "int64",
    "base": "int32",
    "start": "int32",
    "started_known": "int32",
    "end": "int32",
    "ended_known": "int32",
}
DAYS = {"at": "int32", "upto": "int32", "before": "int32", "next_open": "int32"}
SLOTS = {"slot": "int32", "open_day": "int32"}
BOUND = {"since": "int32", "until": "int32"}
CELLS = {"key": "int64", "day": "int32", "age": "int32", "at_risk": "int32", "ended": "int32"}
LIVES = {
    "key": "int64",
    "start": "int32",
    "started_known": "int32",
    "is_over": "boolean",
    "first": "int32",
    "last_age": "int32",
    "end_day": "int32",
    "seen_age": "int32",
    "first_age": "int32",
    "parcels": "int32",
}
RUNGS = {"key": "int64", "wider": "int64"}


@cache
def cells() -> ibis.Table:
    """Count table `lives` on the UTC days from `since` to `until` of table `bound`.

    Returns one row per key, day and age (columns `CELLS`).

    Each age at which a parcel was seen open counts one at risk on the day on which it became known; those after its
    end are taken back on the day of the end's record, on which the end counts. What was recorded after `until` is not
    looked at, and what a day counts does not depend on `until`.
    """
    told, slots, bound = unbound("lives", LIVES), unbound("slots", SLOTS), unbound("bound", BOUND)
    counts = ibis.union(_at_risk(told, slots), _taken_back(told), _ended(told))
    counts = counts.filter(counts.day <= bound.until.max().as_scalar())
    sums = counts.group_by("key", "day", "age").agg(at_risk=counts.at_risk.sum(), ended=counts.ended.sum())
    return sums.select("key", "day", "age", at_risk=sums.at_risk.cast("int32"), ended=sums.ended.cast("int32"))


def bound_table(since: int, until: int) -> pa.Table:
    """Return the table `bound` of these UTC days."""
    return pa.table({"since": pa.array([since], pa.int32()), "until": pa.array([until], pa.int32())})


@cache
def rolled_up(narrow: str) -> ibis.Table:
    """Add the counts of the table of that name up to the wider keys that table `rungs` names."""
    rungs, counts = unbound("rungs", RUNGS), unbound(narrow, CELLS)
    joined = counts.join(rungs, counts.key == rungs.key)
    return joined.group_by(key=joined.wider, day=joined.day, age=joined.age).agg(
        at_risk=joined.at_risk.sum().cast("int32"), ended=joined.ended.sum().cast("int32")
    )


@cache
def lives() -> ibis.Table:
    """Tell of the parcels of table `spells` (columns `LIVES`) what counts from `since` to `until` of table `bound`.

    `first` is the number of the last open day up to the start, `last_age` the age at the end, -1 while the parcel is
    open, and `end_day` the day that counts the end. It was seen open at the ages up to `seen_age`, that of the last
    open day before the end counts, and `first_age` is the first one that became known on `since` or later.
    """
    spells, days, bound = unbound("spells", SPELLS), unbound("days", DAYS), unbound("bound", BOUND)
    # Many parcels share their whole story; they are looked at once.
    alike = spells.group_by(*SPELLS).agg(parcels=spells.count().cast("int32")).cross_join(bound)
    recorded = ibis.greatest(alike.end, alike.ended_known, alike.start, alike.started_known)
    known = alike.mutate(recorded=recorded, is_over=(alike.end != UNKNOWN) & (recorded <= alike.until))
    known = known.filter(known.start <= known.until)
    known = known.mutate(end=ibis.ifelse(known.is_over, ibis.greatest(known.end, known.start), known.start))
    begun = known.join(days.select("at", first="upto"), known.base + known.start == days.at).drop("at")
    ends = days.select("at", last_before="before", end_open="next_open")
    over = begun.join(ends, begun.base + begun.end == ends.at).drop("at")
    after = over.end > over.start
    over = over.mutate(
        last_age=ibis.ifelse(over.is_over, ibis.ifelse(after, over.last_before + 1 - over.first, 0), UNKNOWN),
        # An end counts together with its last day under way, which follows it when it fell on a closed day.
        end_day=ibis.greatest(ibis.ifelse(after, over.end_open, over.start), over.recorded),
    )
    over = over.filter(~over.is_over | (over.end_day >= over.since))
    stop = ibis.ifelse(over.is_over, ibis.least(over.end_day, over.until + 1), over.until + 1)
    over = over.mutate(stop=over.base + stop, before=over.base + over.since)
    stops, sinces = days.select("at", seen_before="before"), days.select("at", before_since="before")
    seen = over.join(stops, over.stop == stops.at).drop("at")
    seen = seen.join(sinces, seen.before == sinces.at)
    # What is known of the start only with the end was never seen open after it.
    unseen = seen.is_over & (seen.started_known >= seen.end_day)
    seen_age = ibis.ifelse(unseen, seen.last_age, seen.seen_before - seen.first)
    began = ibis.greatest(seen.start, seen.started_known) >= seen.since
    first_age = ibis.ifelse(began, 0, ibis.greatest(seen.before_since + 1 - seen.first, 0))
    seen = seen.mutate(seen_age=ibis.least(seen_age, LAST_AGE), first_age=first_age)
    return seen.select(*(seen[name].cast(kind).name(name) for name, kind in LIVES.items()))


def _at_risk(lives: ibis.Table, slots: ibis.Table) -> ibis.Table:
    alive = lives.mutate(reached=ibis.greatest(ibis.least(lives.last_age, LAST_AGE), lives.seen_age))
    alive = alive.filter(alive.reached >= alive.first_age)
    ages = ibis.range(alive.first_age, alive.reached + 1)
    each = alive.select("key", "start", "started_known", "first", "parcels", age=ages.unnest())
    each = each.mutate(slot=each.first + each.age)
    each = each.left_join(slots, each.slot == slots.slot)
    opened = ibis.ifelse(each.age == 0, each.start, each.open_day)
    each = each.select("key", "started_known", "age", "parcels", opened=opened)
    each = each.filter(each.opened.notnull())
    return _counted(each.select("key", "age", "parcels", day=ibis.greatest(each.opened, each.started_known)), 1, 0)


def _taken_back(lives: ibis.Table) -> ibis.Table:
    late = lives.filter(lives.is_over & (lives.seen_age > lives.last_age))
    ages = ibis.range(late.last_age + 1, late.seen_age + 1).unnest()
    return _counted(late.select("key", "parcels", day=late.end_day, age=ages), -1, 0)


def _ended(lives: ibis.Table) -> ibis.Table:
    over = lives.filter(lives.is_over & (lives.last_age <= LAST_AGE))
    return _counted(over.select("key", "parcels", day=over.end_day, age=over.last_age), 0, 1)


def _counted(rows: ibis.Table, at_risk: int, ended: int) -> ibis.Table:
    return rows.select(
        "key",
        day=rows.day.cast("int32"),
        age=rows.age.cast("int32"),
        at_risk=(rows.parcels * at_risk).cast("int32"),
        ended=(rows.parcels * ended).cast("int32"),
    )
