"""When the shop learned what: dispatch, delivery and status of each shipment as known at the end of the history."""

from dataclasses import dataclass

import numpy as np

from parcelcast.scan import DELIVERED_CODES
from parcelcast.tables import STATUSES
from pipelines.simulator.arrays import Bools, Ints
from pipelines.simulator.clock import DAY_MINUTES
from pipelines.simulator.events import CANCELLED, CODE, READY, first_minute
from pipelines.simulator.feeds import Reports, is_lost
from pipelines.simulator.history import History, earliest

_NEVER = 2**63 - 1
_SETTLED_AT = 6 * 60
ORDERED, DISPATCHED, DELIVERED, RETURNED, LOST, CANCELLED_STATUS = range(len(STATUSES))


@dataclass(frozen=True)
class Milestones:
    """When things really happened to each shipment: local minutes, -1 where they never did."""

    ready: Ints
    dispatched: Ints
    at_depot: Ints
    at_pickup_point: Ints
    delivered: Ints


@dataclass(frozen=True)
class Knowledge:
    """What the shop knows at the end of the history; ``*_recorded`` are local minutes, valid where known."""

    ready_known: Bools
    dispatched_recorded: Ints
    dispatched_known: Bools
    delivered_recorded: Ints
    delivered_known: Bools
    status: Ints
    ended_recorded: Ints
    ended_known: Bools


def milestones(history: History) -> Milestones:
    """First time of each milestone in the history's events."""
    events, n = history.events, history.shipments
    delivered = np.maximum(*(first_minute(events, CODE[code], n) for code in sorted(DELIVERED_CODES)))
    return Milestones(
        ready=first_minute(events, READY, n),
        dispatched=first_minute(events, CODE["handed_over"], n),
        at_depot=first_minute(events, CODE["destination_depot"], n),
        at_pickup_point=first_minute(events, CODE["at_pickup_point"], n),
        delivered=delivered,
    )


def knowledge(history: History, happened: Milestones, reported: Reports) -> Knowledge:
    """What reached the shop before ``until``; a delivery that no scan told is learned from the next invoice."""
    events, n, until = history.events, history.shipments, history.until_minute
    told = earliest_report(history, reported, np.isin(events.code, [CODE[code] for code in DELIVERED_CODES]))
    weekday_of_first = int(history.world.network.clock.weekdays[0])
    invoiced = invoiced_at(happened.delivered, weekday_of_first)
    told = np.where((told == _NEVER) & (happened.delivered >= 0), invoiced, told)
    # The warehouse's own system tells of the handover when the lorry has left.
    dispatch_told = np.where(happened.dispatched >= 0, happened.dispatched + 25, _NEVER)
    returned = earliest_report(history, reported, events.code == CODE["returned"])
    lost = earliest_report(history, reported, is_lost(events))
    cancelled = first_minute(events, CANCELLED, n)
    status = np.select(
        [(cancelled >= 0) & (cancelled < until), told < until, returned < until, lost < until, dispatch_told < until],
        [CANCELLED_STATUS, DELIVERED, RETURNED, LOST, DISPATCHED],
        ORDERED,
    )
    ended = np.select([status == CANCELLED_STATUS, status == RETURNED, status == LOST], [cancelled, returned, lost], -1)
    return Knowledge(
        ready_known=(happened.ready >= 0) & (happened.ready < until),
        dispatched_recorded=dispatch_told,
        dispatched_known=dispatch_told < until,
        delivered_recorded=told,
        delivered_known=told < until,
        status=status,
        ended_recorded=ended,
        ended_known=ended >= 0,
    )


def settled_at(history: History, happened: Milestones, reported: Reports) -> Ints:
    """Local minute from which on the shop waits for a shipment no more; of orders that are cancelled it never does.

    It has been told of the delivery, the return or the loss; the largest int64 where it never is.
    """
    returned = earliest_report(history, reported, history.events.code == CODE["returned"])
    lost = earliest_report(history, reported, is_lost(history.events))
    told = np.minimum(np.minimum(returned, lost), knowledge(history, happened, reported).delivered_recorded)
    return np.where(first_minute(history.events, CANCELLED, history.shipments) >= 0, -1, told)


def invoiced_at(delivered: Ints, weekday_of_first: int) -> Ints:
    """Local minute at which a carrier's invoice tells of a delivery: on the Monday after it."""
    day = delivered // DAY_MINUTES
    minute: Ints = (day + 7 - (day + weekday_of_first) % 7) * DAY_MINUTES + _SETTLED_AT
    return minute


def earliest_report(history: History, reported: Reports, chosen: Bools) -> Ints:
    """Local minute at which a first scan of the chosen events was recorded, by shipment; the largest int64 if never."""
    rows = chosen[reported.event] & (reported.code == history.events.code[reported.event])
    return earliest(history.events.order[reported.event[rows]], reported.recorded[rows], history.shipments)
