"""The parcels of a replay: what was promised for them, and what really became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.orders import day_of
from features.sketches import UNKNOWN
from features.table import Network, ParcelHistory
from models.evaluation import MODEL, evaluate
from models.training import Trained
from parcelcast.calendar import WorkingCalendar
from parcelcast.shipment import Carrier
from pipelines.preparation import Prepared

Rows = NDArray[np.intp]
_LEVEL = 0.9  # the default promise policy's


@dataclass(frozen=True)
class Watched:
    """A parcel of a replay: its row in the history, its facts, and the local dates of the promise and the outcome.

    ``quoted_on`` is the date by the carrier's quote, counted from the planned dispatch. ``delivered_on`` is None for a
    parcel that was not delivered, or not by the end of what is known.
    """

    row: int
    shipment_id: str
    order_id: str
    calendar: WorkingCalendar
    origin_time_zone: str
    planned_dispatch_on: date | None
    promised_on: date
    quoted_on: date | None
    delivered_on: date | None
    order_value: float | None
    currency: str | None

    @property
    def is_late(self) -> bool:
        """Whether it came after the promise, or never."""
        return self.delivered_on is None or self.delivered_on > self.promised_on


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
    delivered: Mapping[str, date | None],
) -> list[Watched]:
    """Return the parcels that have a promise; ``delivered`` tells of each whether and when it came."""
    history, network = prepared.history, prepared.network
    ids = [str(history.shipment_id[row]) for row in promised]
    frame = shipments.set_index("shipment_id").loc[ids]
    return [
        _watched(row, shipment_id, facts, network, promised[row], delivered[shipment_id])
        for (row, shipment_id, facts) in zip(promised, ids, frame.to_dict("records"), strict=True)
    ]


def recorded_deliveries(history: ParcelHistory, rows: Sequence[int], known_before: int) -> dict[str, date | None]:
    """Return the local dates of the deliveries that were recorded before a UTC day; None for the other parcels."""
    told: dict[str, date | None] = {}
    for row in rows:
        is_known = history.delivered_on[row] != UNKNOWN and history.delivered_known[row] < known_before
        told[str(history.shipment_id[row])] = day_of(int(history.delivered_on[row])) if is_known else None
    return told


def _watched(
    row: int, shipment_id: str, facts: Mapping[Any, Any], network: Network, promised_on: date, delivered_on: date | None
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
        delivered_on=delivered_on,
        order_value=told["order_value"],
        currency=told["currency"],
    )
