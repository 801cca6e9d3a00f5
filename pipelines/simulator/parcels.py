"""The parcels on their way: one row each and replica, as parallel arrays."""

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Self

import numpy as np

from pipelines.simulator.arrays import Bools, Floats, Int8s, Int16s, Int32s, Ints
from pipelines.simulator.demand import Orders


class Stage(IntEnum):
    """Where a parcel is; ``due`` is the first day on which it can get on."""

    PAYMENT = 0  # the warehouse waits for the money
    ORDERED = 1  # released to the warehouse on its planned day
    QUEUED = 2  # waits for its turn in the warehouse
    PICKING = 3  # begun, not finished on its day
    STOCK = 4  # an item is missing
    READY = 5  # packed, waits for the carrier
    TRUNK = 6  # on a pallet, waits for direct injection
    ORIGIN = 7  # in the carrier's origin depot
    HUB = 8  # waits in a hub
    HAUL_TO_HUB = 9
    CUSTOMS = 10
    CUSTOMS_HELD = 11
    HAUL_TO_DEPOT = 12
    DEPOT = 13  # waits in the destination depot
    HELD = 14  # the address is in doubt
    RETRY = 15  # goes out again
    PICKUP_POINT = 16
    RETURNING = 17
    LOST = 18  # nobody has noticed yet
    DELIVERED = 20
    RETURNED = 21
    LOST_KNOWN = 22
    CANCELLED = 23


FINAL = Stage.DELIVERED

# Causes of lost days; what a calendar costs (Sundays, holidays) is no cause.
CAUSES = ("warehouse", "payment", "line_haul", "customs", "weather", "strike", "depot_backlog", "attempts")
WAREHOUSE, PAYMENT, LINE_HAUL, CUSTOMS_CAUSE, WEATHER, STRIKE, DEPOT_BACKLOG, ATTEMPTS = range(len(CAUSES))


@dataclass(slots=True)
class Parcels:
    """Rows of active parcels; ``order`` is the row of the order stream, ``facility`` the current or last hub."""

    order: Int32s
    replica: Int32s
    origin: Int16s
    area: Int16s
    service: Int8s
    mode: Int8s
    stage: Int8s
    due: Int16s
    attempts: Int8s
    facility: Int16s
    position: Floats
    lost_days: Int16s  # (n, causes)

    @classmethod
    def ordered(cls, orders: Orders, rows: slice, replicas: int) -> Self:
        """Rows for orders of the stream, in each replica; the order of time is kept within a replica."""
        order = np.tile(np.arange(rows.start, rows.stop, dtype=np.int32), replicas)
        prepaid = orders.prepaid[order] > 0
        size = len(order)
        return cls(
            order=order,
            replica=np.repeat(np.arange(replicas, dtype=np.int32), rows.stop - rows.start),
            origin=orders.origin[order],
            area=orders.area[order],
            service=orders.service[order],
            mode=orders.mode[order],
            stage=np.where(prepaid, Stage.PAYMENT, Stage.ORDERED).astype(np.int8),
            due=np.where(prepaid, orders.minute[order] // 1440 + 1, orders.release_day[order]).astype(np.int16),
            attempts=np.zeros(size, np.int8),
            facility=np.full(size, -1, np.int16),
            position=np.full(size, -1.0),
            lost_days=np.zeros((size, len(CAUSES)), np.int16),
        )

    def __len__(self) -> int:
        return len(self.order)

    def at(self, stage: Stage, day: int) -> Ints:
        """Indices of the parcels of a stage that are due by that day."""
        return np.flatnonzero((self.stage == stage) & (self.due <= day))

    def select(self, rows: Ints | Bools) -> Self:
        """Copy of some rows."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    def join(self, other: Self) -> Self:
        """Return these rows and then the other's."""
        return type(self)(
            *(np.concatenate([getattr(self, field.name), getattr(other, field.name)]) for field in fields(self))
        )

    def repeat(self, replicas: int) -> Self:
        """Return the same rows in so many replicas; only for a single one."""
        repeated = self.select(np.tile(np.arange(len(self)), replicas))
        repeated.replica = np.repeat(np.arange(replicas, dtype=np.int32), len(self))
        return repeated

    def lose_day(self, rows: Ints, cause: Ints | int) -> None:
        """Count a day lost for a cause, for rows named once each."""
        self.lost_days[rows, cause] += 1
