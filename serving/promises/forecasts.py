"""The forecasts of one answer, asked for in batches and never twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from parcelcast.distribution import DeliveryDistribution, all_by
from parcelcast.errors import InputError
from parcelcast.forecast import Forecast, Forecaster
from parcelcast.shipment import Shipment
from serving.promises.assignment import Judge, Score
from serving.promises.cart import Cart, Option, Parcel

# With 4 ms each, the most that one request may make the model work.
MAX_FORECASTS = 1_000


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
        """Get those forecasts that are still missing, in one batch; `wanted` pairs the option's number with a parcel.

        Raises InputError when one answer would need more than MAX_FORECASTS.
        """
        missing = [key for key in dict.fromkeys(wanted) if key not in self._told]
        total = len(missing) + len(self._told)
        if total > MAX_FORECASTS:
            raise InputError(
                f"this cart needs {total} forecasts; expected at most {MAX_FORECASTS}: "
                "ask with fewer options, fewer candidate origins or a part of the items"
            )
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
    known = {(entry.parcel.origin_id, entry.parcel.handling_days): entry for entry in told}

    def judge(parcels: Sequence[Parcel]) -> Score:
        chosen = [known[parcel.origin_id, parcel.handling_days] for parcel in parcels]
        joint = joint_of(chosen, 0.0)
        day = joint.quantile(level)
        leaves = max(entry.shipment.leaves_on for entry in chosen)
        named = date.max if day is None else option.calendar.next_working_day(max(day, leaves))
        return named, len(chosen), round(joint.mean_days(), 6)

    return judge


def joint_of(told: Sequence[Told], shared_fate: float) -> DeliveryDistribution:
    """Return the distribution of the day by which all of these parcels have come."""
    if len(told) == 1:
        return told[0].distribution
    return all_by([entry.distribution for entry in told], shared_fate, [entry.fate for entry in told])
