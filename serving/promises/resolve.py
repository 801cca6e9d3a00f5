"""From the request's ids to the domain's objects. What is not known is assumed, and noted."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time

from parcelcast.calendar import WorkingCalendar
from parcelcast.errors import InputError
from parcelcast.place import Place, PlaceIndex
from parcelcast.promise import PromisePolicy
from parcelcast.shipment import LONGEST_PLAN_DAYS, Carrier, Origin, Service, counted_dispatch_on
from serving.bundle_sources import ServingBundle
from serving.promises.cart import Cart, Line, Note, Option
from serving.promises.requests import (
    MAX_OPTIONS,
    MAX_ORIGINS,
    MAX_ORIGINS_PER_ITEM,
    Item,
    OptionChoice,
    OriginDefinition,
    PromiseRequest,
    ServiceLevel,
)

ANY_ORIGIN = "unknown"


def resolve(request: PromiseRequest, bundle: ServingBundle, now: datetime, service_level: float) -> Cart:
    """Return the cart that a request describes.

    Raises InputError for a cart with more than MAX_ORIGINS different origins, or a definition that appears twice.
    """
    to = request.destination
    destination = bundle.places.find(to.country, to.postal_code, to.city)
    notes = list(_place_notes(destination))
    unnamed = _candidates_of_unnamed(request, bundle)
    origins = _origins(request, unnamed, bundle, destination, notes)
    ordered_at = request.ordered_at or now
    notes += _plan_notes(request.planned_dispatch_on, ordered_at, origins.values())
    return Cart(
        ordered_at=ordered_at,
        destination=destination,
        lines=tuple(_line(item, _candidates(item, unnamed), origins) for item in request.items),
        origins=origins,
        options=tuple(_options(request.options, bundle, destination, notes)),
        policy=_policy(request, service_level),
        deliver_by=request.deliver_by,
        currency=request.currency,
        split=request.split,
        told_dispatch_on=request.planned_dispatch_on,
        notes=tuple(notes),
    )


def _place_notes(place: Place) -> Iterable[Note]:
    if place.precision == "unknown":
        yield Note("country_unknown", "nothing is known of this country: dates are told in UTC and without holidays")
    elif place.precision == "country":
        yield Note("postal_code_unknown", "the postal code was not recognised: the whole country is assumed")
    elif place.precision == "city":
        yield Note("postal_code_unknown", "the postal code was not recognised: the city stands in for it")


def _plan_notes(told: date | None, ordered_at: datetime, origins: Iterable[Origin]) -> Iterable[Note]:
    if told is None:
        return
    counted = {counted_dispatch_on(told, ordered_at, origin.calendar.time_zone) for origin in origins}
    if counted != {told}:
        days = " or ".join(str(day) for day in sorted(counted))
        yield Note(
            "plan_moved",
            f"planned_dispatch_on {told} counts as {days}: not before the day of the order, nor more than "
            f"{LONGEST_PLAN_DAYS} days after it",
        )


def _candidates(item: Item, unnamed: tuple[str, ...]) -> tuple[str, ...]:
    return unnamed if item.origins is None else tuple(dict.fromkeys(item.origins))


def _candidates_of_unnamed(request: PromiseRequest, bundle: ServingBundle) -> tuple[str, ...]:
    """Return where an item that names no origin may come from: those that the request defines, if no item names any."""
    known = {definition.id for definition in request.origins}
    if not known or any(item.origins is not None for item in request.items):
        known.update(bundle.origins)
    # More are a marketplace: nobody can say which seller is meant.
    return tuple(sorted(known)) if 0 < len(known) <= MAX_ORIGINS_PER_ITEM else (ANY_ORIGIN,)


def _origins(
    request: PromiseRequest,
    unnamed: tuple[str, ...],
    bundle: ServingBundle,
    destination: Place,
    notes: list[Note],
) -> dict[str, Origin]:
    defined = {definition.id: _defined_origin(definition, bundle.places) for definition in request.origins}
    if len(defined) < len(request.origins):
        raise InputError("origins define the same id twice; expected each id once")
    wanted = dict.fromkeys(name for item in request.items for name in _candidates(item, unnamed))
    if len(wanted) > MAX_ORIGINS:
        raise InputError(
            f"the items name {len(wanted)} different origins; expected at most {MAX_ORIGINS}: ask for parts of the cart"
        )
    found = {name: defined.get(name) or bundle.origins.get(name) for name in wanted}
    missing = [name for name, origin in found.items() if origin is None]
    notes += _origin_notes(missing, len({*bundle.origins, *defined}))
    return {name: origin or assumed_origin(name, destination) for name, origin in found.items()}


def _origin_notes(missing: list[str], known: int) -> Iterable[Note]:
    assumed = "dispatch is assumed from Monday to Friday with a cut-off at 14:00 at the destination"
    if ANY_ORIGIN in missing and known > MAX_ORIGINS_PER_ITEM:
        missing = [name for name in missing if name != ANY_ORIGIN]
        yield Note(
            "origins_not_named",
            f"{known} origins are known, at most {MAX_ORIGINS_PER_ITEM} are candidates: {assumed}; "
            "name yours in `items[].origins`",
        )
    if missing:
        yield Note(
            "origin_unknown", f"nothing is known of origin {', '.join(missing)}: {assumed}; define it in `origins`"
        )


def _defined_origin(definition: OriginDefinition, places: PlaceIndex) -> Origin:
    place = places.find(definition.country, definition.postal_code)
    calendar = WorkingCalendar(
        time_zone=definition.time_zone or place.time_zone,
        weekdays=frozenset(definition.weekdays),
        default_cutoff=time.fromisoformat(definition.cutoff),
        holiday_country=place.country,
        holiday_region=place.region,
    )
    return Origin(definition.id, place, calendar, definition.handling_days)


def assumed_origin(name: str, destination: Place) -> Origin:
    """Return an origin of which nothing is known but its id: somewhere, with the destination's clock and holidays."""
    nowhere = Place("ZZ", "", None, destination.time_zone, None, None, "unknown")
    calendar = WorkingCalendar(
        time_zone=destination.time_zone, holiday_country=destination.country, holiday_region=destination.region
    )
    return Origin(name, nowhere, calendar)


def _line(item: Item, candidates: tuple[str, ...], origins: Mapping[str, Origin]) -> Line:
    return Line(
        item_id=item.id,
        quantity=item.quantity,
        weight_g=None if item.weight_g is None else item.weight_g * item.quantity,
        size_mm=(item.length_mm, item.width_mm, item.height_mm),
        category=item.category,
        value=None if item.value is None else item.value * item.quantity,
        handling={
            name: origins[name].handling_days if item.handling_days is None else item.handling_days
            for name in candidates
        },
        handling_limit_days=item.handling_limit_days,
    )


def _options(
    choices: list[OptionChoice] | None, bundle: ServingBundle, destination: Place, notes: list[Note]
) -> Iterable[Option]:
    if choices is None:
        choices = [
            OptionChoice(carrier=carrier.carrier_id, service=service.service_id or None)
            for carrier in bundle.carriers.values()
            for service in carrier.services or (Service(""),)
        ][:MAX_OPTIONS] or [OptionChoice()]
    for choice in choices:
        yield _option(choice, bundle, destination, notes)


def _option(choice: OptionChoice, bundle: ServingBundle, destination: Place, notes: list[Note]) -> Option:
    carrier = bundle.carriers.get(choice.carrier) if choice.carrier else None
    service = carrier.service(choice.service) if carrier else None
    if choice.carrier and carrier is None:
        notes.append(
            Note(
                "carrier_unknown",
                f"the days of carrier {choice.carrier} are not known: deliveries from Monday to Saturday are assumed",
            )
        )
    elif choice.service and service is None:
        notes.append(Note("service_unknown", f"carrier {choice.carrier} has no known service {choice.service}"))
    quoted = choice.quoted_days
    if quoted is None and service is not None:
        quoted = service.quoted_days
    return Option(
        carrier=choice.carrier,
        service=choice.service,
        quoted_days=quoted,
        delivery_mode=choice.delivery_mode,
        price=choice.price,
        calendar=(carrier or Carrier(choice.carrier or "")).delivery_calendar(destination),
    )


def _policy(request: PromiseRequest, service_level: float) -> PromisePolicy:
    match request.policy:
        case None:
            return PromisePolicy(service_level)
        case ServiceLevel():
            return PromisePolicy(request.policy.service_level)
        case costs:
            return PromisePolicy(None, costs.cost_per_day, costs.cost_of_lateness)
