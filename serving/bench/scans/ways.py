"""The ways of the benchmark's parcels: between places and by services of which the model has learned."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product
from typing import Any

from serving.bundle_sources import BundleSource, ServingBundle
from serving.shipments.resolve import shipment_of
from serving.stores.parcels import ParcelFacts

Way = Mapping[str, Any]

# What a server without a bundle is asked.
_PLAIN: Way = {"carrier": "kranich", "destination": {"country": "DE", "postal_code": "10115"}}
_ORIGINS = 10


def ways_of(source: BundleSource) -> list[Way]:
    """Return facts of parcels that the bundle's model knows: from each of its first origins to each, by all services.

    Without a bundle, or one that knows nothing, it is one way of which no model knows anything.
    """
    return (_known(source.load()) if source.identity() is not None else []) or [_PLAIN]


def _known(bundle: ServingBundle) -> list[Way]:
    origins = list(bundle.origins.values())[:_ORIGINS]
    services = [
        (carrier.carrier_id, one.service_id) for carrier in bundle.carriers.values() for one in carrier.services
    ]
    ways = [
        {
            "origin_id": origin.origin_id,
            "destination": {"country": to.place.country, "postal_code": to.place.postal_code},
            "carrier": carrier,
            "service": service,
        }
        for origin, to, (carrier, service) in product(origins, origins, services)
    ]
    forecasts = bundle.forecaster.forecast([shipment_of(_facts(way), bundle) for way in ways])
    return [way for way, forecast in zip(ways, forecasts, strict=True) if forecast.basis == "model"]


def _facts(way: Way) -> ParcelFacts:
    return ParcelFacts(
        shipment_id="S",
        order_id="O",
        ordered_at=datetime.now(UTC),
        destination_country=way["destination"]["country"],
        destination_postal_code=way["destination"]["postal_code"],
        carrier=way["carrier"],
        service=way["service"],
        origin_id=way["origin_id"],
    )
