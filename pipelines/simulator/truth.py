"""The truth about every shipment: what really happened, whoever knew of it, and what its delays were caused by."""

import numpy as np
import pyarrow as pa

from pipelines.simulator.clock import DAY_MINUTES
from pipelines.simulator.columns import dates, instants, numbered, numbers
from pipelines.simulator.feeds import dark_lane
from pipelines.simulator.history import OPEN, History
from pipelines.simulator.knowledge import Milestones
from pipelines.simulator.parcels import CAUSES, Stage

_STATUS = {
    Stage.DELIVERED: "delivered",
    Stage.RETURNED: "returned",
    Stage.LOST_KNOWN: "lost",
    Stage.CANCELLED: "cancelled",
}


def truth_table(history: History, happened: Milestones) -> pa.Table:
    """One row per shipment, those that end after the history included.

    ``final_status`` is delivered, returned, lost, cancelled or open (the world ended first); ``<cause>_days`` are days
    lost to a cause: working days in the warehouse, nights of line haul, delivery days at the depot.
    """
    world, n = history.world, history.shipments
    clock = world.network.clock
    first_day = np.datetime64(clock.first_day, "D")
    delivered = happened.delivered >= 0
    status = [_STATUS[Stage(int(stage))] if stage != OPEN else "open" for stage in np.unique(history.final_stage)]
    which = np.unique(history.final_stage, return_inverse=True)[1]
    columns = {
        "shipment_id": numbered("p", np.arange(n), 9),
        "ordered_on": dates(first_day + world.orders.minute[:n] // DAY_MINUTES),
        "planned_dispatch_on": dates(first_day + world.orders.release_day[:n]),
        **{
            f"{name}_at": instants(clock.to_utc(minute), minute >= 0)
            for name, minute in (
                ("ready", happened.ready),
                ("dispatched", happened.dispatched),
                ("destination_depot", happened.at_depot),
                ("pickup_point", happened.at_pickup_point),
                ("delivered", happened.delivered),
            )
        },
        "delivered_on": dates(first_day + happened.delivered // DAY_MINUTES, delivered),
        "final_status": pa.array(status, pa.string()).take(pa.array(which)),
        "ended_on": dates(first_day + history.end_day.astype(np.int64), history.end_day >= 0),
        "dark_lane": pa.array(dark_lane(world, np.arange(n))),
    }
    causes = {f"{name}_days": numbers(history.lost_days[:, cause]) for cause, name in enumerate(CAUSES)}
    return pa.table(columns | causes)
