"""The parcels of a replay: what was promised for them, and what really became of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.orders import day_of
from features.sketches import UNKNOWN
from features.table import Network, ParcelHistory
from models.evaluation import MODEL, evaluate
from models.training import Trained
from parcelcast.calendar import WorkingCalendar, local_date
from parcelcast.progress import parcel_progress
from parcelcast.shipment import Carrier
from pipelines.living.feed import Feed
from pipelines.preparation import Prepared
from pipelines.simulator.clock import TIME_ZONE

Rows = NDArray[np.intp]
# By shipment id: the local dates of arrival (delivered, or ready to be collected) and of delivery.
Outcomes = Mapping[str, tuple[date | None, date | None]]
_LEVEL = 0.9  # the default promise policy's


@dataclass(frozen=True)
class Watched:
    """A parcel of a replay: its row in the history, its facts, and the local dates of the promise and the outcome.

    ``quoted_on`` is the date by the carrier's quote, counted from the planned dispatch. ``arrived_on`` is the day on
    which the shopper had it or could collect it, ``delivered_on`` the day on which they had it; None where that did not
    happen, or not by the end of what is known.
    """

    row: int
    shipment_id: str
    order_id: str
    calendar: WorkingCalendar
    origin_time_zone: str
    planned_dispatch_on: date | None
    promised_on: date
    quoted_on: date | None
    arrived_on: date | None
    delivered_on: date | None
    order_value: float | None
    currency: str | None

    @property
    def is_late(self) -> bool:
        """Whether it arrived after the promise, or never."""
        return self.arrived_on is None or self.arrived_on > self.promised_on


def promises(trained: Trained, prepared: Prepared, rows: Rows) -> dict[int, date]:
    """Return what the order-time model promises under the default policy, by row; some parcels have no promise."""
    forecast = evaluate(trained, None, prepared.history, prepared.assembled, rows).forecasts[MODEL]
    days = forecast.promised[_LEVEL]
    ordered_on = prepared.history.orders.ordered_on[rows[forecast.of]]
    told = zip(rows[forecast.of].tolist(), ordered_on.tolist(), days.tolist(), strict=True)
    return {row: day_of(ordered + lead) for row, ordered, lead in told if lead != UNKNOWN}


def watched_parcels(
    prepared: Prepared,
    shipments: pd.DataFrame,
    promised: Mapping[int, date],
    outcomes: Outcomes,
) -> list[Watched]:
    """Return the parcels that have a promise; ``outcomes`` tell of each when it arrived and was delivered."""
    history, network = prepared.history, prepared.network
    ids = [str(history.shipment_id[row]) for row in promised]
    frame = shipments.set_index("shipment_id").loc[ids]
    return [
        _watched(row, shipment_id, facts, network, promised[row], outcomes[shipment_id])
        for (row, shipment_id, facts) in zip(promised, ids, frame.to_dict("records"), strict=True)
    ]


def true_outcomes(truth: Path) -> dict[str, tuple[date | None, date | None]]:
    """Read the simulator's table of what really happened; cancelled parcels, neither late nor in time, are left out."""
    columns = ["shipment_id", "delivered_on", "pickup_point_at", "final_status"]
    table = pq.read_table(truth, columns=columns).to_pydict()
    return {
        shipment_id: (_earlier(delivered_on, collectable_at and local_date(collectable_at, TIME_ZONE)), delivered_on)
        for shipment_id, delivered_on, collectable_at, status in zip(*table.values(), strict=True)
        if status != "cancelled"
    }


def recorded_outcomes(
    history: ParcelHistory, feed: Feed, rows: Rows, known_before: int
) -> dict[str, tuple[date | None, date | None]]:
    """Return the same from what was recorded before a UTC day, as far as it was; without those known as cancelled."""
    as_of = datetime.combine(day_of(known_before), time(), UTC)
    found = {}
    for row, reports in feed.reports(rows).items():
        progress = parcel_progress(reports, as_of)
        is_cancelled = history.ended_known[row] != UNKNOWN and history.dispatched_on[row] == UNKNOWN
        if is_cancelled and history.ended_known[row] < known_before:
            continue
        is_known = history.delivered_on[row] != UNKNOWN and history.delivered_known[row] < known_before
        delivered_on = day_of(int(history.delivered_on[row])) if is_known else None
        at_point = (one.scan.happened_at for one in progress.timeline if one.scan.code == "at_pickup_point")
        collectable_at = next(at_point, None)
        collectable_on = collectable_at and local_date(collectable_at, history.destination_zone[row])
        found[str(history.shipment_id[row])] = (_earlier(delivered_on, collectable_on), delivered_on)
    return found


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)


def _watched(
    row: int,
    shipment_id: str,
    facts: Mapping[Any, Any],
    network: Network,
    promised_on: date,
    outcome: tuple[date | None, date | None],
) -> Watched:
    told: dict[str, Any] = {name: None if pd.isna(value) else value for name, value in facts.items()}
    carrier = network.carriers.get(told["carrier"]) or Carrier(told["carrier"] or "")
    place = network.places.find(told["destination_country"], told["destination_postal_code"])
    calendar = carrier.delivery_calendar(place)
    planned_at, quote = told["planned_dispatch_on"], told["quoted_transit_days"]
    planned = None if planned_at is None else planned_at.date()
    quoted_on = None if planned is None or quote is None else calendar.add_working_days(planned, round(quote))
    return Watched(
        row=row,
        shipment_id=shipment_id,
        order_id=told["order_id"],
        calendar=calendar,
        origin_time_zone=network.origins[told["origin_id"]].place.time_zone,
        planned_dispatch_on=planned,
        promised_on=promised_on,
        quoted_on=quoted_on,
        arrived_on=outcome[0],
        delivered_on=outcome[1],
        order_value=told["order_value"],
        currency=told["currency"],
    )
