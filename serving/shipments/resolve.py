"""From a parcel's facts to the domain's shipment. What is not known is assumed, as it is for promises."""

from parcelcast.calendar import WorkingCalendar
from parcelcast.shipment import Carrier, Origin, Shipment
from serving.bundle_sources import ServingBundle
from serving.promises.resolve import ANY_ORIGIN, assumed_origin
from serving.stores.parcels import ParcelFacts


def shipment_of(facts: ParcelFacts, bundle: ServingBundle) -> Shipment:
    """Return the shipment that a bundle's forecasters understand.

    An unknown origin lies where the shop says, else nowhere, and dispatches from Monday to Friday; an unknown carrier
    has no quote; unknown countries and postal codes have the widest place that is known.
    """
    destination = bundle.places.find(facts.destination_country, facts.destination_postal_code, facts.destination_city)
    name = facts.origin_id or ANY_ORIGIN
    origin = bundle.origins.get(name)
    if origin is None and facts.origin_country is not None:
        place = bundle.places.find(facts.origin_country, facts.origin_postal_code or "")
        calendar = WorkingCalendar(
            time_zone=place.time_zone, holiday_country=place.country, holiday_region=place.region
        )
        origin = Origin(name, place, calendar)
    service = (bundle.carriers.get(facts.carrier or "") or Carrier("")).service(facts.service)
    quoted = facts.quoted_transit_days
    if quoted is None and service is not None:
        quoted = service.quoted_days
    return Shipment(
        ordered_at=facts.ordered_at,
        origin=origin or assumed_origin(name, destination),
        destination=destination,
        carrier=facts.carrier,
        service=facts.service,
        delivery_mode=facts.delivery_mode,
        quoted_transit_days=quoted,
        handling_limit_days=facts.handling_limit_days,
        told_dispatch_on=facts.planned_dispatch_on,
        promised_on=facts.promised_on,
        weight_g=facts.weight_g,
        length_mm=facts.length_mm,
        width_mm=facts.width_mm,
        height_mm=facts.height_mm,
        item_count=facts.item_count,
        item_category=facts.item_category,
        order_value=facts.order_value,
        currency=facts.currency,
        freight_cost=facts.freight_cost,
        payment_method=facts.payment_method,
    )
