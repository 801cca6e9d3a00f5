"""From a cart to what is told about each option: the best plan, what it comes to, and what another one would change."""

from dataclasses import dataclass
from datetime import date

from parcelcast.errors import InputError
from parcelcast.forecast import Forecaster
from parcelcast.place import distance_km
from parcelcast.promise import Promise
from serving.promises.assignment import SEARCH_LIMIT, Plan, assign, needs, split, together
from serving.promises.cart import Cart, Option, Parcel
from serving.promises.forecasts import Forecasts, Told, judge_of
from serving.promises.outcome import Outcome, Promises, outcome_of

# Origins with their handling times, plus lines, times options: with 4 ms each, the most work that one answer may be.
MAX_PARCELS = 1_000

# Plans are compared at this level when the merchant's policy is one of costs.
_COMPARED_AT = 0.9

PLANS = ("auto", "together", "split")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An origin that could send some of the cart, with the promise of all that it could send."""

    parcel: Parcel
    promise: Promise
    distance_km: float | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class OptionPlan:
    """What is told about one option."""

    option: Option
    given: Outcome
    promises: tuple[Promise, ...]  # of the parcels of `given`
    others: tuple[Outcome, ...]
    ranking: tuple[Candidate, ...]


def plan_options(cart: Cart, forecaster: Forecaster, shared_fate: float) -> list[OptionPlan]:
    """Plan every option of a cart.

    The model is asked twice at most: for what each origin could send, and for the parcels chosen. InputError when that
    is more than one answer may take.
    """
    wanted = needs(cart)
    _check_work(len(wanted) + len(cart.lines), len(cart.options))
    numbers = range(len(cart.options))
    forecasts = Forecasts(cart, forecaster)
    forecasts.ask((number, parcel) for number in numbers for parcel in wanted)
    chosen = [_plans(cart, forecasts.of(number, wanted), cart.options[number]) for number in numbers]
    forecasts.ask((number, parcel) for number in numbers for plan in chosen[number].values() for parcel in plan.parcels)
    return [
        _option_plan(cart, shared_fate, cart.options[number], forecasts.of(number, wanted), {
            name: (plan, forecasts.of(number, plan.parcels)) for name, plan in chosen[number].items()
        })
        for number in numbers
    ]  # fmt: skip


def _check_work(parcels: int, options: int) -> None:
    if parcels * options > MAX_PARCELS:
        raise InputError(
            f"this cart needs {parcels * options} forecasts ({parcels} for each of {options} options); "
            f"expected at most {MAX_PARCELS}: ask with fewer options, fewer candidate origins or a part of the items"
        )


def _plans(cart: Cart, told: list[Told], option: Option) -> dict[str, Plan]:
    judge = judge_of(told, option, cart.policy.service_level or _COMPARED_AT)
    plans: dict[str, Plan] = {"auto": assign(cart, judge, SEARCH_LIMIT // len(cart.options))}
    if len(cart.lines) > 1:
        if (one := together(cart, judge)) is not None:
            plans["together"] = one
        plans["split"] = split(cart, judge)
    return plans


def _option_plan(
    cart: Cart,
    shared_fate: float,
    option: Option,
    candidates: list[Told],
    plans: dict[str, tuple[Plan, list[Told]]],
) -> OptionPlan:
    promises = Promises(cart, option)
    outcomes = {
        name: outcome_of(name, told, promises, shared_fate, exact=plan.exact) for name, (plan, told) in plans.items()
    }
    given = outcomes.get(cart.split, outcomes["auto"])
    return OptionPlan(
        option=option,
        given=given,
        promises=tuple(promises.of(entry) for entry in given.told),
        others=tuple(outcome for outcome in outcomes.values() if outcome is not given),
        ranking=_ranking(candidates, given, promises),
    )


def _ranking(candidates: list[Told], given: Outcome, promises: Promises) -> tuple[Candidate, ...]:
    used = {(entry.parcel.origin_id, entry.parcel.handling_days) for entry in given.told}
    ranked = [
        Candidate(
            entry.parcel,
            promises.of(entry),
            distance_km(entry.shipment.origin.place, entry.shipment.destination),
            (entry.parcel.origin_id, entry.parcel.handling_days) in used,
        )
        for entry in sorted(candidates, key=lambda entry: entry.distribution.mean_days())
    ]
    return tuple(sorted(ranked, key=lambda found: found.promise.promised or date.max))
