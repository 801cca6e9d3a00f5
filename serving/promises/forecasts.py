"""The forecasts of one answer, asked for in batches and never twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from parcelcast.distribution import LEVEL_TOLERANCE, DeliveryDistribution, Floats, all_by
from parcelcast.forecast import Forecast, Forecaster
from parcelcast.shipment import Shipment
from serving.promises.assignment import Judge, Score
from serving.promises.cart import Cart, Option, Parcel


@dataclass(frozen=True, slots=True)
class Told:
    """A parcel with one option: its facts and its forecast."""

    parcel: Parcel
    shipment: Shipment
    forecast: Forecast

    @property
    def distribution(self) -> DeliveryDistribution:
        """The forecast's distribution."""
        return self.forecast.distribution

    @property
    def fate(self) -> tuple[str, str | None, object]:
        """Parcels with the same fate share origin, carrier and dispatch day."""
        return self.parcel.origin_id, self.shipment.carrier, self.shipment.planned_dispatch_on


class Forecasts:
    """Forecasts by option and parcel."""

    def __init__(self, cart: Cart, forecaster: Forecaster) -> None:
        self._cart = cart
        self._forecaster = forecaster
        self._told: dict[tuple[int, Parcel], Told] = {}

    def ask(self, wanted: Iterable[tuple[int, Parcel]]) -> None:
        """Get the forecasts that are still missing, in one batch; `wanted` pairs an option's number with a parcel."""
        missing = [key for key in dict.fromkeys(wanted) if key not in self._told]
        if not missing:
            return
        shipments = [self._cart.shipment(parcel, self._cart.options[number]) for number, parcel in missing]
        answers = self._forecaster.forecast(shipments)
        for key, shipment, forecast in zip(missing, shipments, answers, strict=True):
            self._told[key] = Told(key[1], shipment, forecast)

    def of(self, option: int, parcels: Sequence[Parcel]) -> list[Told]:
        """Return forecasts that were asked for before."""
        return [self._told[option, parcel] for parcel in parcels]


def judge_of(told: Sequence[Told], option: Option, level: float) -> Judge:
    """Return the judge of plans for one option: the deliverable day by which all has come with probability `level`.

    The forecast of an origin and handling time stands for any parcel from there, whatever lines are in it: the search
    is exact for these forecasts, and the chosen parcels are forecast again as they are.
    """
    places = {(entry.parcel.origin_id, entry.parcel.handling_days): row for row, entry in enumerate(told)}
    leaves = [entry.shipment.leaves_on for entry in told]
    curves = _curves([entry.distribution for entry in told])
    anchor = told[0].distribution.anchor

    def judge(parcels: Sequence[Parcel]) -> Score:
        rows = [places[parcel.origin_id, parcel.handling_days] for parcel in parcels]
        joint = curves[rows].prod(axis=0)
        days = int(joint.searchsorted(level - LEVEL_TOLERANCE))
        wait = round(float((1.0 - joint).sum()), 6)
        if days == len(joint):
            return date.max, len(rows), wait
        day = max(anchor + timedelta(days=days), *(leaves[row] for row in rows))
        return option.calendar.next_working_day(day), len(rows), wait

    return judge


def _curves(distributions: Sequence[DeliveryDistribution]) -> Floats:
    """Return the CDFs of one destination's parcels, shape (parcels, days), flat after each one's own horizon."""
    longest = max(distribution.horizon for distribution in distributions) + 1
    return np.stack(
        [np.pad(distribution.cdf, (0, longest - len(distribution.cdf)), mode="edge") for distribution in distributions]
    )


def joint_of(told: Sequence[Told], shared_fate: float) -> DeliveryDistribution:
    """Return the distribution of the day by which all of these parcels have come."""
    if len(told) == 1:
        return told[0].distribution
    return all_by([entry.distribution for entry in told], shared_fate, [entry.fate for entry in told])
