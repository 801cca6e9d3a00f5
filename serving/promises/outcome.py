"""What a plan comes to: the joint distributions and dates of its parcels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from parcelcast.distribution import DeliveryDistribution, first_by
from parcelcast.forecast import Basis, Forecast
from parcelcast.promise import LIKELY, Promise, PromisePolicy, make_promise, named_dates
from parcelcast.shipment import Shipment
from serving.promises.cart import Cart, Option, Parcel
from serving.promises.forecasts import Told, joint_of

_WEAKEST_LAST: tuple[Basis, ...] = ("model", "lane_history", "carrier_quote", "policy")


@dataclass(frozen=True, slots=True)
class Day:
    """A promised day of the order with its probability, and the likely one."""

    promised: date | None
    likely: date | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The parcels of a plan with one option, when the first and the last of them come, and the order's own promise."""

    name: str
    told: tuple[Told, ...]
    joint: DeliveryDistribution
    first: Day
    whole: Promise
    shared_fate: float
    exact: bool

    @property
    def last(self) -> Day:
        """The day by which everything has come."""
        return Day(self.whole.promised, self.whole.likely, self.whole.confidence)


class Promises:
    """Makes the promise of each parcel with one option, once."""

    def __init__(self, cart: Cart, option: Option) -> None:
        self.cart = cart
        self.option = option
        self._made: dict[Parcel, Promise] = {}

    def of(self, told: Told) -> Promise:
        """Return the promise of a parcel that travels alone."""
        if told.parcel not in self._made:
            self._made[told.parcel] = self.with_forecast(told.shipment, told.forecast)
        return self._made[told.parcel]

    def with_forecast(self, shipment: Shipment, forecast: Forecast) -> Promise:
        """Return the promise of a parcel under another forecast than its own."""
        return make_promise(shipment, forecast, self.option.calendar, self.cart.policy, self.cart.deliver_by)


def outcome_of(
    name: str, told: Sequence[Told], promises: Promises, shared_fate: float, *, exact: bool = True
) -> Outcome:
    """Return what these parcels come to.

    The order's promise is that of the parcel that leaves last, with the joint distribution instead of its own, so that
    its reasons add up to the order's date.
    """
    cart, option = promises.cart, promises.option
    if len(told) == 1:
        whole = promises.of(told[0])
        day = Day(whole.promised, whole.likely, whole.confidence)
        return Outcome(name, tuple(told), told[0].distribution, day, whole, shared_fate, exact)
    joint = joint_of(told, shared_fate)
    slowest = max(told, key=lambda entry: (entry.shipment.leaves_on, entry.distribution.mean_days()))
    weakest = max(told, key=lambda entry: (_WEAKEST_LAST.index(entry.forecast.basis), -entry.forecast.evidence.parcels))
    forecast = Forecast(joint, weakest.forecast.basis, weakest.forecast.evidence)
    whole = promises.with_forecast(slowest.shipment, forecast)
    return Outcome(name, tuple(told), joint, _first(told, option, cart.policy, shared_fate), whole, shared_fate, exact)


def _first(told: Sequence[Told], option: Option, policy: PromisePolicy, shared_fate: float) -> Day:
    distribution = first_by([entry.distribution for entry in told], shared_fate, [entry.fate for entry in told])
    leaves_on = min(entry.shipment.leaves_on for entry in told)
    promised = policy.promised(distribution, option.calendar, leaves_on)
    return Day(
        promised,
        named_dates(distribution, (LIKELY,), option.calendar, leaves_on)[0],
        None if promised is None else distribution.probability_by(promised),
    )
