"""What happened to parcels, as it happened: the log from which scans and the truth are told."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from parcelcast.scan import CODES
from pipelines.simulator.arrays import AnyInts, Bools, Int8s, Int16s, Int32s, Ints

# Scan codes by number, and two events that no carrier scans: the warehouse is done, the order was cancelled.
CODE = {code: number for number, code in enumerate(CODES)}
READY, CANCELLED = len(CODES), len(CODES) + 1

REASONS = (
    "", "weather", "strike", "missort", "incorrect_address", "lost", "damaged", "refused", "absent", "documents",
    "not_collected", "out_of_time",
)  # fmt: skip
REASON = {reason: number for number, reason in enumerate(REASONS)}
PARTY_OF_REASON = {
    "": "", "weather": "nature", "strike": "carrier", "missort": "carrier", "incorrect_address": "recipient",
    "lost": "carrier", "damaged": "carrier", "refused": "recipient", "absent": "recipient", "documents": "customs",
    "not_collected": "recipient", "out_of_time": "carrier",
}  # fmt: skip


class Events(NamedTuple):
    """Events as parallel arrays: order row, code number, local minute, facility (-1 for none), reason and leg."""

    order: Int32s
    code: Int8s
    minute: Int32s
    facility: Int16s
    reason: Int8s
    leg: Int8s

    def select(self, rows: Bools | Ints) -> "Events":
        """Return the events of some rows."""
        return Events(
            self.order[rows],
            self.code[rows],
            self.minute[rows],
            self.facility[rows],
            self.reason[rows],
            self.leg[rows],
        )


_NOTHING = Events(
    np.zeros(0, np.int32),
    np.zeros(0, np.int8),
    np.zeros(0, np.int32),
    np.zeros(0, np.int16),
    np.zeros(0, np.int8),
    np.zeros(0, np.int8),
)


@dataclass(slots=True)
class EventLog:
    """Collects events day by day."""

    parts: list[Events] = field(default_factory=lambda: [_NOTHING])

    def add(
        self,
        order: Int32s,
        code: int,
        minute: AnyInts,
        facility: AnyInts | int = -1,
        reason: AnyInts | int = 0,
        leg: int = 0,
        replica: Int32s | None = None,  # noqa: ARG002 - a world of one has a single one
    ) -> None:
        """Add an event of one code for each order; ``minute`` is local, since the first day."""
        size = len(order)
        if not size:
            return
        self.parts.append(
            Events(
                order,
                np.full(size, code, np.int8),
                minute.astype(np.int32),
                np.broadcast_to(facility, size).astype(np.int16),
                np.broadcast_to(reason, size).astype(np.int8),
                np.full(size, leg, np.int8),
            )
        )

    def copy(self) -> "EventLog":
        """Return a log with the same past and its own future."""
        return EventLog(list(self.parts))

    def events(self) -> Events:
        """All events so far, in the order of logging."""
        parts = self.parts
        return Events(
            np.concatenate([part.order for part in parts]),
            np.concatenate([part.code for part in parts]),
            np.concatenate([part.minute for part in parts]),
            np.concatenate([part.facility for part in parts]),
            np.concatenate([part.reason for part in parts]),
            np.concatenate([part.leg for part in parts]),
        )


@dataclass(slots=True)
class Witness(EventLog):
    """A log that also tells the replica of each event; under it no parcel is lost, but each risk of it is told.

    ``replicas`` has an element for each part but the first. A risk is the number of parts that were logged before it,
    the orders and their replicas.
    """

    replicas: list[Int32s] = field(default_factory=list)
    risks: list[tuple[int, Int32s, Int32s]] = field(default_factory=list)

    def add(
        self,
        order: Int32s,
        code: int,
        minute: AnyInts,
        facility: AnyInts | int = -1,
        reason: AnyInts | int = 0,
        leg: int = 0,
        replica: Int32s | None = None,
    ) -> None:
        """Add an event of one code for each order and its replica."""
        if len(order):
            EventLog.add(self, order, code, minute, facility, reason, leg)
            self.replicas.append(np.zeros(len(order), np.int32) if replica is None else replica)

    def risk(self, order: Int32s, replica: Int32s) -> None:
        """Tell that these parcels could be lost now."""
        self.risks.append((len(self.parts), order, replica))


def first_minute(events: Events, code: int, orders: int) -> Ints:
    """Local minute of each order's first event of a code; -1 where there was none.

    >>> log = EventLog()
    >>> log.add(np.array([1, 1, 0], np.int32), READY, np.array([50, 40, 7]))
    >>> first_minute(log.events(), READY, 3).tolist()
    [7, 40, -1]
    """
    rows = events.code == code
    first = np.full(orders, 2**31 - 1, np.int64)
    np.minimum.at(first, events.order[rows], events.minute[rows])
    first[first == 2**31 - 1] = -1
    return first
