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
from features.sketches import AGES, CANCELLED, UNKNOWN

LAST_AGE = AGES - 1

# What is told of each calendar: where it begins in table `days`, its last open day up to `until`, and the first day of
# that table.
BASES = {"calendar": "int32", "base": "int32", "last_open": "int32", "earliest": "int32"}
SPELLS = {
    "key": "int64",
    "calendar": "int32",
    "start": "int32",
    "started_known": "int32",
    "end": "int32",
    "ended_known": "int32",
}
DAYS = {"at": "int32", "upto": "int32", "before": "int32", "next_open": "int32"}
SLOTS = {"slot": "int32", "open_day": "int32"}
BOUND = {"since": "int32", "until": "int32"}
# `when` is a day and an age in one number, which is faster to group by: day * WHEN + age.
# So are parcels at risk and parcels ended, which are fewer than `ENDED` / 2: at_risk + ended * ENDED.
CELLS = {"key": "int64", "when": "int32", "counts": "int64"}
WHEN, ENDED = 128, 2**26
LIVES = {
    "key": "int64",
    "start": "int32",
    "started_known": "int32",
    "first": "int32",
    "first_age": "int32",
    "reached": "int32",
    "end_age": "int32",
    "is_late": "boolean",
    "last_age": "int32",
    "seen_age": "int32",
    "end_day": "int32",
    "parcels": "int32",
}
RUNGS = {"key": "int64", "wider": "int64"}


@cache
def cells() -> ibis.Table:
    """Count table `lives` on the UTC days from `since` to `until` of table `bound`.

    Returns one row (columns `CELLS`) per key, day and age, which `unpacked` reads.
    """
    return added_up(counts())


@cache
def counts() -> ibis.Table:
    """Return what each row of table `lives` counts (columns `CELLS`); rows of the same key, day and age add up.

    Each age at which a parcel was seen open counts one at risk on the day on which it became known; those after its
    end are taken back on the day of the end's record, on which the end counts. What was recorded after `until` is not
    looked at, and what a day counts does not depend on `until`.
    """
    told, slots, bound = unbound("lives", LIVES), unbound("slots", SLOTS), unbound("bound", BOUND)
    late = told.filter(told.is_late)
    each = ibis.union(_under_way(told, slots), _taken_back(late), _ended(late))
    each = each.filter(each.day <= bound.until.max().as_scalar())
    return each.select("key", when=(each.day * WHEN + each.age).cast("int32"), counts=each.counts)


def unpacked(cells: ibis.Table) -> ibis.Table:
    """Return rows of columns `CELLS` as key, day, age, at_risk and ended."""
    ended = (cells.counts + ENDED // 2) // ENDED
    return cells.select(
        "key",
        day=(cells.when // WHEN).cast("int32"),
        age=(cells.when % WHEN).cast("int32"),
        at_risk=(cells.counts - ended * ENDED).cast("int32"),
        ended=ended.cast("int32"),
    )


def bound_table(since: int, until: int) -> pa.Table:
    """Return the table `bound` of these UTC days."""
    return pa.table({"since": pa.array([since], pa.int32()), "until": pa.array([until], pa.int32())})


@cache
def rolled_up(narrow: str) -> ibis.Table:
    """Add the counts of the table of that name up to the wider keys that table `rungs` names."""
    rungs, counts = unbound("rungs", RUNGS), unbound(narrow, CELLS)
    return added_up(counts.join(rungs, "key").select("when", "counts", key="wider"))


def added_up(cells: ibis.Table) -> ibis.Table:
    """Return one row per key, day and age of columns `CELLS`."""
    # Integers are added up as doubles: as exact up to 2**53, and half as wide as the sums of integers in DuckDB.
    return cells.group_by("key", "when").agg(counts=cells.counts.cast("float64").sum().cast("int64"))


@cache
def lives() -> ibis.Table:
    """Tell of the parcels of table `spells` (columns `LIVES`) what counts from `since` to `until` of table `bound`.

    `first` is the number of the last open day up to the start, `last_age` the age at the end, -1 while the parcel is
    open, and `end_day` the day that counts the end. It was seen open at the ages up to `seen_age`, that of the last
    open day before the end counts, it counts at risk up to `reached`, and `first_age` is the first age that became
    known on `since` or later. Where the end counts on the same day as its last age, that is `end_age`, else -1;
    `is_late` tells of lives whose end counts on a day of its own, or that were seen open after it.
    """
    days = unbound("days", DAYS)
    seen = _with_ages(_with_ends(_stories(unbound("spells", SPELLS)), days), days)
    return seen.select(*(seen[name].cast(kind).name(name) for name, kind in LIVES.items()))


def _stories(spells: ibis.Table) -> ibis.Table:
    """Return what is known of spells by `until`, those that are alike once: `is_over` and the number of `parcels`."""
    # Many parcels share their whole story, as far as it makes a difference; they are looked at once.
    spells = spells.mutate(started_known=ibis.greatest(spells.started_known, spells.start))
    spells = spells.mutate(recorded=ibis.greatest(spells.end, spells.ended_known, spells.started_known))
    alike = spells.group_by("key", "calendar", "start", "started_known", "end", "recorded")
    known = (
        alike.agg(parcels=spells.count().cast("int32"))
        .join(unbound("bases", BASES), "calendar")
        .cross_join(unbound("bound", BOUND))
    )
    known = known.mutate(
        # No scan is of a day before all orders.
        start=ibis.greatest(known.start, known.earliest),
        started_known=ibis.greatest(known.started_known, known.earliest),
        recorded=ibis.greatest(known.recorded, known.earliest),
    )
    # Of a cancelled order nothing counts from the day on which that was known.
    is_cancelled = known.end == CANCELLED
    known = known.mutate(until=ibis.ifelse(is_cancelled, ibis.least(known.until, known.recorded - 1), known.until))
    known = known.filter(known.started_known <= known.until)
    known = known.mutate(is_over=(known.end >= 0) & (known.recorded <= known.until))
    return known.mutate(end=ibis.ifelse(known.is_over, ibis.greatest(known.end, known.start), known.start))


def _with_ends(known: ibis.Table, days: ibis.Table) -> ibis.Table:
    """Add `first`, and of ends that count on `since` or later `last_age`, `last_day` and `end_day`."""
    begun = known.join(days.select("at", first="upto"), known.base + known.start == days.at).drop("at")
    ends = days.select("at", last_before="before", end_open="next_open")
    over = begun.join(ends, begun.base + begun.end == ends.at).drop("at")
    after = over.end > over.start
    over = over.mutate(
        last_age=ibis.ifelse(over.is_over, ibis.ifelse(after, over.last_before + 1 - over.first, 0), UNKNOWN),
        # An end counts together with its last day under way, which follows it when it fell on a closed day.
        last_day=ibis.ifelse(after, over.end_open, over.start),
    )
    over = over.mutate(end_day=ibis.greatest(over.last_day, over.recorded))
    return over.filter(~over.is_over | (over.end_day >= over.since))


def _with_ages(over: ibis.Table, days: ibis.Table) -> ibis.Table:
    """Add the ages at which parcels count, and whether their ends count with them."""
    stop = ibis.ifelse(over.is_over, ibis.least(over.end_day, over.until + 1), over.until + 1)
    over = over.mutate(stop=over.base + stop, before=over.base + over.since)
    stops, sinces = days.select("at", seen_before="before"), days.select("at", before_since="before")
    seen = over.join(stops, over.stop == stops.at).drop("at")
    seen = seen.join(sinces, seen.before == sinces.at)
    # What is known of the start only with the end was never seen open after it.
    unseen = seen.is_over & (seen.started_known >= seen.end_day)
    seen_age = ibis.ifelse(unseen, seen.last_age, seen.seen_before - seen.first)
    first_age = ibis.ifelse(seen.started_known >= seen.since, 0, ibis.greatest(seen.before_since + 1 - seen.first, 0))
    seen = seen.mutate(seen_age=ibis.least(seen_age, LAST_AGE), first_age=first_age)
    seen = seen.filter(seen.is_over | (seen.seen_age >= seen.first_age))
    counts_at_once = (
        seen.is_over
        & (seen.end_day == ibis.greatest(seen.last_day, seen.started_known))
        & seen.last_age.between(seen.first_age, LAST_AGE)
    )
    return seen.mutate(
        reached=ibis.greatest(ibis.least(seen.last_age, LAST_AGE), seen.seen_age),
        end_age=ibis.ifelse(counts_at_once, seen.last_age, UNKNOWN),
        is_late=seen.is_over & (~counts_at_once | (seen.seen_age > seen.last_age)),
    )


def _under_way(lives: ibis.Table, slots: ibis.Table) -> ibis.Table:
    """Count each age at which a parcel was seen open, and the end where it counts on the same day as its last age."""
    alive = lives.filter(lives.reached >= lives.first_age)
    ages = ibis.range(alive.first_age, alive.reached + 1).unnest()
    each = alive.select("key", "start", "started_known", "first", "end_age", "parcels", age=ages)
    each = each.mutate(age=each.age.cast("int32"), slot=(each.first + each.age).cast("int32"))
    each = each.left_join(slots, each.slot == slots.slot)
    each = each.mutate(opened=ibis.ifelse(each.age == 0, each.start, each.open_day))
    each = each.filter(each.opened.notnull())
    return each.select(
        "key",
        day=ibis.greatest(each.opened, each.started_known),
        age=each.age,
        counts=each.parcels * ibis.ifelse(each.age == each.end_age, 1 + ENDED, 1).cast("int64"),
    )


def _taken_back(late: ibis.Table) -> ibis.Table:
    late = late.filter(late.seen_age > late.last_age)
    ages = ibis.range(late.last_age + 1, late.seen_age + 1).unnest()
    each = late.select("key", "parcels", day=late.end_day, age=ages)
    return each.select("key", "day", age=each.age.cast("int32"), counts=-each.parcels.cast("int64"))


def _ended(late: ibis.Table) -> ibis.Table:
    late = late.filter((late.end_age == UNKNOWN) & (late.last_age <= LAST_AGE))
    return late.select("key", day=late.end_day, age=late.last_age, counts=late.parcels.cast("int64") * ENDED)
