"""From plans to the JSON of the answer; `answers.py` documents the same shape and a test holds the two together."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from parcelcast.distribution import DeliveryDistribution
from parcelcast.promise import Promise
from serving.bundle_sources import ServingBundle
from serving.locale.negotiation import Language
from serving.locale.sentences import Told as Sentence
from serving.locale.sentences import countdown_sentence, days_for, sentence
from serving.promises.cart import Cart, Note
from serving.promises.outcome import Day, Outcome
from serving.promises.planning import Candidate, OptionPlan

Json = dict[str, Any]

# Behind this probability the tail of a distribution is not worth a shop's bandwidth.
_SHOWN_UNTIL = 0.9995


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an answer depends on besides the cart."""

    bundle: ServingBundle
    calendar_version: str
    language: Language
    valid_until: datetime | None


def render(cart: Cart, plans: list[OptionPlan], said: Circumstances) -> Json:
    """Return the answer without its id and instant, which differ between equal answers."""
    notes = [*cart.notes, *_notes(plans, said, cart.split)]
    return {
        "valid_until": instant_text(said.valid_until),
        "ordered_on": plans[0].given.whole.ordered_on,
        "deliver_by": cart.deliver_by,
        "locale": said.language.tag,
        "destination": {
            "country": cart.destination.country,
            "region": cart.destination.region,
            "time_zone": cart.destination.time_zone,
            "precision": cart.destination.precision,
        },
        "model": {
            "version": said.bundle.version,
            "as_of": instant_text(said.bundle.as_of),
            "calendar": said.calendar_version,
        },
        "policy": {
            "service_level": cart.policy.service_level,
            "cost_per_day": cart.policy.cost_per_day,
            "cost_of_lateness": cart.policy.cost_of_lateness,
        },
        "options": [_option(cart, plan, said.language) for plan in plans],
        "notes": [{"code": note.code, "detail": note.detail} for note in dict.fromkeys(notes)],
    }


def instant_text(instant: datetime | None) -> str | None:
    """Return an instant as RFC 3339 in UTC, to the millisecond if it has a fraction.

    >>> instant_text(datetime(2026, 11, 23, 13, tzinfo=UTC)), instant_text(datetime(2026, 11, 23, 13, 0, 0, 5000, UTC))
    ('2026-11-23T13:00:00Z', '2026-11-23T13:00:00.005Z')
    """
    if instant is None:
        return None
    precision = "milliseconds" if instant.microsecond else "seconds"
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision)}Z"


def _notes(plans: list[OptionPlan], said: Circumstances, wish: str) -> list[Note]:
    notes = []
    if said.language.unknown is not None:
        notes.append(Note("locale_unknown", f"the answer is in English; spoken here: {_SPOKEN}"))
    if all(plan.given.whole.basis in {"carrier_quote", "policy"} for plan in plans):
        notes.append(Note("no_history", "no shipping history stands behind these dates: they are wide on purpose"))
    if wish == "together" and any(plan.given.name != "together" and plan.others for plan in plans):
        notes.append(Note("together_impossible", "no origin can send every item: the answer is for several parcels"))
    return notes


_SPOKEN = "de, en, es, fr, it, nl, pt"


def _option(cart: Cart, plan: OptionPlan, language: Language) -> Json:
    given = plan.given
    told = Sentence(
        ordered_on=given.whole.ordered_on,
        promised=given.whole.promised,
        order_by=min(promise.order_by for promise in plan.promises),
        time_zone=cart.destination.time_zone,
        parcels=len(given.told),
        first_by=given.first.promised,
    )
    return {
        "carrier": plan.option.carrier,
        "service": plan.option.service,
        "text": sentence(told, language),
        "countdown_text": countdown_sentence(told, language),
        **_dates(given.whole, language),
        "order_by": instant_text(told.order_by),
        "distribution": _distribution(given.joint),
        "order": _order(plan),
        "parcels": [
            {
                "origin": entry.parcel.origin_id,
                "items": [cart.lines[number].item_id for number in entry.parcel.lines],
                "handling_days": entry.parcel.handling_days,
                **_dates(promise, language),
            }
            for entry, promise in zip(given.told, plan.promises, strict=True)
        ],
        "origins": [_rank(rank, found) for rank, found in enumerate(plan.ranking, start=1)],
    }


def _dates(promise: Promise, language: Language) -> Json:
    return {
        "order_by": instant_text(promise.order_by),
        "dispatch_on": promise.dispatch_on,
        "earliest": promise.earliest,
        "likely": promise.likely,
        "promised": promise.promised,
        "confidence": _rounded(promise.confidence),
        "percentiles": {str(percent): day for percent, day in promise.percentiles.items()},
        "on_time_probability": _rounded(promise.on_time_probability),
        "basis": promise.basis,
        "evidence": {"level": promise.evidence.level, "parcels": round(promise.evidence.parcels, 1)},
        "reasons": [
            {"kind": reason.kind, "days": reason.days, "text": days_for(reason.kind, reason.days, language)}
            for reason in promise.reasons
        ],
    }


def _order(plan: OptionPlan) -> Json:
    given = plan.given
    return {
        "parcels": len(given.told),
        "plan": given.name,
        "search": "exact" if given.exact else "bounded",
        "first_by": _day(given.first),
        "all_by": _day(given.last),
        "dependence": {"shared_fate": _rounded(given.shared_fate), "groups": _groups(given)},
        "alternatives": [_alternative(other, given) for other in plan.others],
    }


def _groups(given: Outcome) -> list[list[int]]:
    groups: dict[object, list[int]] = {}
    for number, entry in enumerate(given.told):
        groups.setdefault(entry.fate, []).append(number)
    return list(groups.values())


def _alternative(other: Outcome, given: Outcome) -> Json:
    return {
        "plan": other.name,
        "parcels": len(other.told),
        "first_by": other.first.promised,
        "all_by": other.last.promised,
        "first_by_days": _difference(other.first.promised, given.first.promised),
        "all_by_days": _difference(other.last.promised, given.last.promised),
    }


def _rank(rank: int, found: Candidate) -> Json:
    promise = found.promise
    return {
        "rank": rank,
        "origin": found.parcel.origin_id,
        "handling_days": found.parcel.handling_days,
        "dispatch_on": promise.dispatch_on,
        "order_by": instant_text(promise.order_by),
        "likely": promise.likely,
        "promised": promise.promised,
        "confidence": _rounded(promise.confidence),
        "distance_km": None if found.distance_km is None else round(found.distance_km),
        "lines": len(found.parcel.lines),
        "chosen": found.chosen,
    }


def _distribution(joint: DeliveryDistribution) -> Json:
    shown = int(joint.cdf.searchsorted(_SHOWN_UNTIL)) + 1
    return {"anchor": joint.anchor, "cdf": [round(float(value), 4) for value in joint.cdf[:shown]]}


def _day(day: Day) -> Json:
    return {"promised": day.promised, "likely": day.likely, "confidence": _rounded(day.confidence)}


def _difference(later: date | None, earlier: date | None) -> int | None:
    return None if later is None or earlier is None else (later - earlier).days


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
