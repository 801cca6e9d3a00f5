"""The families that are counted by day: whose time under way, by which keys; `features.table` builds the same ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis

from features.engine import ladders
from features.engine.dimensions import Registry
from features.engine.ladders import Numbers
from features.engine.lifetables import SPELLS
from features.hubs import LEVELS as HUB_LEVELS
from features.lanes import LEVELS as LANE_LEVELS
from features.loads import DEPARTURE_LEVELS, DEPOT_LEVELS, HAUL_LEVELS
from features.origins import LEVELS as ORIGIN_LEVELS
from features.sketches import CANCELLED, UNKNOWN

FACTS = ("start", "started_known", "end", "ended_known")
Facts = Callable[[ibis.Table], dict[str, Any]]

# A key is one number: its family, its level (0 is the widest), and its number on that level.
LEVEL, FAMILY = 2**57, 2**60


@dataclass(frozen=True)
class Family:
    """One family: `facts` returns the `FACTS` of a parcel with its stage days, `key` and `calendar` name its columns.

    `number` is the family's in all tables. `rungs` returns the numbers of narrow keys on every one of `levels`, widest
    first, and `names` the texts of a level's numbers. `more` are keys and facts of further spells of the parcel, which
    count in the same family. Where `may_skip`, a spell may never begin, and will not once its end is known.
    """

    number: int
    name: str
    key: str
    calendar: str
    levels: int
    facts: Facts
    rungs: Callable[[Numbers, Registry], tuple[Numbers, ...]]
    names: Callable[[int, Numbers, Registry], list[str]]
    more: tuple[tuple[str, Facts], ...] = ()
    may_skip: bool = False

    @property
    def all_spells(self) -> tuple[tuple[str, Facts], ...]:
        """Return keys and facts of all spells of a parcel, as if no order were cancelled."""
        return (self.key, self.facts), *self.more

    def keys(self, level: int, numbers: Any) -> Any:
        """Return the keys of numbers on a level."""
        return numbers + (self.number * FAMILY + level * LEVEL)

    def told(self, parcels: ibis.Table, *names: str) -> list[ibis.Table]:
        """Return of each spell the columns `names` with `key`, `calendar` and `FACTS`, which are -1 where not known."""
        tables = []
        for key, facts_of in self.all_spells:
            facts = {name: value.cast("int32") for name, value in _until_cancelled(facts_of, parcels).items()}
            keys = self.keys(self.levels - 1, parcels[key])
            tables.append(parcels.select(*names, key=keys, calendar=parcels[self.calendar], **facts))
        return tables

    def spells(self, parcels: ibis.Table) -> ibis.Table:
        """Return the spells that have begun, with the columns of `features.engine.lifetables.SPELLS`."""
        return ibis.union(*(told.filter(told.start != UNKNOWN).select(*SPELLS) for told in self.told(parcels)))


def _until_cancelled(facts_of: Facts, parcels: ibis.Table) -> dict[str, Any]:
    """Tell a spell with the cancellation of the order as its end, unless it was known to have ended before."""
    told, known = facts_of(parcels), parcels.cancelled_known
    end, ended_known = told["end"], told["ended_known"]
    is_later = (ended_known == UNKNOWN) | (known <= ibis.greatest(*told.values()))
    cancelled = ibis.ifelse(is_later, ibis.literal(int(CANCELLED), "int32"), end)
    # Few orders are cancelled: of all others an engine looks at one column.
    return told | {
        "end": ibis.ifelse(known == UNKNOWN, end, cancelled),
        "ended_known": ibis.ifelse(known == UNKNOWN, ended_known, ibis.ifelse(is_later, known, ended_known)),
    }


def _from_plan(event: str) -> Callable[[ibis.Table], dict[str, Any]]:
    """Tell the time from the planned dispatch to an event."""
    return lambda parcels: {
        "start": parcels.dispatch_on,
        "started_known": parcels.known_day,
        "end": parcels[f"{event}_on"],
        "ended_known": parcels[f"{event}_known"],
    }


def _from_dispatch(parcels: ibis.Table) -> dict[str, Any]:
    """Tell the time from dispatch to delivery."""
    return {
        "start": parcels.dispatched_on,
        "started_known": parcels.dispatched_known,
        "end": parcels.delivered_on,
        "ended_known": parcels.delivered_known,
    }


def _between(begin: str, finish: str) -> Facts:
    """Tell the time from a stage to another; a delivery that was known sooner than any scan ended it too."""

    def facts(parcels: ibis.Table) -> dict[str, Any]:
        end, ended_known = parcels[f"{finish}_on"], parcels[f"{finish}_known"]
        delivered_on, delivered_known = parcels.delivered_on, parcels.delivered_known
        is_sooner = (delivered_known != UNKNOWN) & ((ended_known == UNKNOWN) | (delivered_known < ended_known))
        return {
            "start": parcels[f"{begin}_on"],
            "started_known": parcels[f"{begin}_known"],
            "end": ibis.ifelse(is_sooner, delivered_on, end),
            "ended_known": ibis.ifelse(is_sooner, delivered_known, ended_known),
        }

    return facts


def _at_hub(visit: str) -> Facts:
    """Tell the time at a hub."""
    names = ("on", "known", "left_on", "left_known")
    return lambda parcels: {fact: parcels[f"{visit}_{name}"] for fact, name in zip(FACTS, names, strict=True)}


FAMILIES: Mapping[str, Family] = {
    one.name: one
    for one in (
        Family(
            0, "lead", "lane", "calendar", len(LANE_LEVELS),
            _from_plan("delivered"), ladders.lane_rungs, ladders.lane_names,
        ),
        Family(
            1, "handling", "origin", "working", len(ORIGIN_LEVELS),
            _from_plan("dispatched"), ladders.origin_rungs, ladders.origin_names,
        ),
        Family(
            2, "depot", "way_to", "calendar", len(DEPOT_LEVELS),
            _between("depot", "out"), ladders.depot_rungs, ladders.depot_names,
        ),
        Family(
            3, "haul", "region_to", "calendar", len(HAUL_LEVELS),
            _between("departed", "depot"), ladders.haul_rungs, ladders.depot_names,
        ),
        Family(
            4, "transit", "region_to", "calendar", len(HAUL_LEVELS),
            _from_dispatch, ladders.haul_rungs, ladders.depot_names,
        ),
        Family(
            5, "departure", "region_from", "calendar", len(DEPARTURE_LEVELS),
            _between("handed", "departed"), ladders.departure_rungs, ladders.departure_names,
        ),
        Family(
            6, "hub", "hub_way", "calendar", len(HUB_LEVELS),
            _at_hub("hub"), ladders.hub_rungs, ladders.hub_names,
            (("next_hub_way", _at_hub("next_hub")),), may_skip=True,
        ),
    )
}  # fmt: skip
