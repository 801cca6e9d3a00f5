"""The canonical tables of a history, as a shop's export would hold them; and the truth, which it never would."""

import json

import numpy as np
import pyarrow as pa

from parcelcast.tables import CARRIERS as CARRIERS_TABLE
from parcelcast.tables import DELIVERY_MODES, FACILITIES, ORIGINS, SHIPMENTS, STATUSES, WEATHER_DAILY
from pipelines.simulator.attributes import PAYMENT_METHODS, draw_attributes
from pipelines.simulator.carriers import CARRIERS, EXPRESS, INJECTION, SERVICES, STANDARD_GRENZGAENGER, TWO_MAN
from pipelines.simulator.clock import DAY_MINUTES, TIME_ZONE
from pipelines.simulator.columns import dates, instants, named, numbered, numbers, table_of
from pipelines.simulator.demand import POSTAL_CODES_PER_AREA
from pipelines.simulator.facilities import all_facilities
from pipelines.simulator.geography import postal_codes
from pipelines.simulator.history import History
from pipelines.simulator.knowledge import Knowledge, Milestones
from pipelines.simulator.merchants import MERCHANTS, WAREHOUSES
from pipelines.simulator.promises import incumbent_days, quoted_days
from pipelines.simulator.weather import LEADS
from pipelines.simulator.world import World

# What carriers print in their leaflets; a shipment carries the quote of its own lane.
_LEAFLET_DAYS = {EXPRESS: 1, STANDARD_GRENZGAENGER: 4, INJECTION: 5, TWO_MAN: 3}


def shipments_table(history: History, happened: Milestones, known: Knowledge) -> pa.Table:
    """Shipments with what was known of them when the history ended."""
    world, n = history.world, history.shipments
    clock, orders = world.network.clock, world.orders
    release = orders.release_day[:n].astype("timedelta64[D]") + np.datetime64(clock.first_day, "D")
    return table_of(SHIPMENTS, {
        "shipment_id": numbered("p", np.arange(n), 9),
        "order_id": numbered("o", orders.order[:n], 9),
        "ordered_at": instants(clock.to_utc(orders.minute[:n])),
        "ready_at": instants(clock.to_utc(happened.ready), known.ready_known),
        "dispatched_at": instants(clock.to_utc(happened.dispatched), known.dispatched_known),
        "delivered_at": instants(clock.to_utc(happened.delivered), known.delivered_known),
        "ended_at": _recorded(history, known.ended_recorded, known.ended_known),
        "dispatched_recorded_at": _recorded(history, known.dispatched_recorded, known.dispatched_known),
        "delivered_recorded_at": _recorded(history, known.delivered_recorded, known.delivered_known),
        "planned_dispatch_on": dates(release),
        "status": named(STATUSES, known.status),
        "is_return": pa.array(np.zeros(n, bool)),
        "handling_limit_days": pa.nulls(n, pa.float64()),
        **_lane_columns(history),
        **_promise_columns(history),
        **_parcel_columns(history),
    })  # fmt: skip


def _recorded(history: History, minute: np.ndarray, known: np.ndarray) -> pa.Array:
    return instants(history.world.network.clock.to_utc(np.where(known, minute, 0)), known)


def _lane_columns(history: History) -> dict[str, pa.Array]:
    world, n = history.world, history.shipments
    orders, areas = world.orders, world.network.areas
    origin, area, service = orders.origin[:n], orders.area[:n], orders.service[:n]
    every = np.arange(len(areas) * POSTAL_CODES_PER_AREA)
    codes = postal_codes(areas, every // POSTAL_CODES_PER_AREA, every % POSTAL_CODES_PER_AREA)
    return {
        "merchant_id": named([one.merchant_id for one in WAREHOUSES], origin),
        "carrier": named([CARRIERS[carrier].carrier_id for carrier, _ in SERVICES], service),
        "service": named([one.service_id for _, one in SERVICES], service),
        "delivery_mode": named(DELIVERY_MODES, orders.mode[:n]),
        "origin_id": named([one.origin_id for one in WAREHOUSES], origin),
        "origin_country": named([one.country for one in WAREHOUSES], origin),
        "origin_postal_code": named([one.postal_code for one in WAREHOUSES], origin),
        "destination_country": named(areas.country, area),
        "destination_postal_code": named(
            codes, area.astype(np.int64) * POSTAL_CODES_PER_AREA + orders.postal_number[:n]
        ),
    }


def _promise_columns(history: History) -> dict[str, pa.Array]:
    world, n = history.world, history.shipments
    orders = world.orders
    merchants = {one.merchant_id: one for one in MERCHANTS}
    quotes = np.array([merchants[one.merchant_id].quotes for one in WAREHOUSES])[orders.origin[:n]]
    promises = np.array([merchants[one.merchant_id].promises for one in WAREHOUSES])[orders.origin[:n]]
    table = quoted_days(world.network)
    quoted = np.where(quotes, table[orders.service[:n], orders.origin[:n], orders.area[:n]], np.nan)
    promised = np.datetime64(world.network.clock.first_day, "D") + incumbent_days(history, quoted)
    return {"quoted_transit_days": numbers(quoted, ~np.isnan(quoted)), "promised_on": dates(promised, promises)}


def _parcel_columns(history: History) -> dict[str, pa.Array]:
    drawn, n = draw_attributes(history), history.shipments
    return {
        "weight_g": numbers(drawn.weight_g, drawn.weight_known),
        "length_mm": numbers(drawn.sides_mm[:, 0], drawn.sides_known),
        "width_mm": numbers(drawn.sides_mm[:, 1], drawn.sides_known),
        "height_mm": numbers(drawn.sides_mm[:, 2], drawn.sides_known),
        "item_count": numbers(drawn.item_count),
        "item_category": named([one.category for one in MERCHANTS], drawn.merchant),
        "order_value": numbers(drawn.order_value),
        "currency": named(["EUR"], np.zeros(n, np.int64)),
        "freight_cost": numbers(drawn.freight_cost),
        "payment_method": named(PAYMENT_METHODS, drawn.payment, drawn.payment_known),
    }


def facilities_table(world: World) -> pa.Table:
    """Hubs, depots, pickup points and customs offices that parcels can pass."""
    areas, every = world.network.areas, all_facilities(world.network)
    country = np.array(areas.country)
    served = np.array([[land in one.countries for land in country] for one in CARRIERS])[every.carrier, every.area]
    used = np.flatnonzero(served)
    at = every.area[used]
    return table_of(FACILITIES, {
        "facility_id": pa.array([every.facility_id[number] for number in used]),
        "carrier": named([one.carrier_id for one in CARRIERS], every.carrier[used]),
        "kind": pa.array([every.kind[number] for number in used]),
        "country": named(areas.country, at),
        "postal_code": named(postal_codes(areas, at, np.zeros(len(used), np.int64)), np.arange(len(used))),
        "place": named(areas.city, at),
        "region": named([region or None for region in areas.region], at),
        "time_zone": named([TIME_ZONE], np.zeros(len(used), np.int64)),
        "latitude": numbers(areas.latitude[at]),
        "longitude": numbers(areas.longitude[at]),
    })  # fmt: skip


def carriers_table() -> pa.Table:
    """Carriers with their services."""
    carriers = [CARRIERS[number] for number, _ in SERVICES]
    return table_of(CARRIERS_TABLE, {
        "carrier": pa.array([one.carrier_id for one in carriers]),
        "service": pa.array([service.service_id for _, service in SERVICES]),
        "delivery_weekdays": pa.array([one.delivery_weekdays for one in carriers]),
        "observes_holidays": pa.array([True] * len(SERVICES)),
        "quoted_days": pa.array([_LEAFLET_DAYS.get(number, 2) for number in range(len(SERVICES))]),
        "price": pa.array([service.price for _, service in SERVICES]),
        "currency": pa.array(["EUR"] * len(SERVICES)),
    })  # fmt: skip


def origins_table(world: World) -> pa.Table:
    """Warehouses with their working calendars; every carrier picks up on the days they work."""
    pickups = [
        json.dumps({carrier.carrier_id: [int(day) for day in one.weekdays] for carrier in CARRIERS})
        for one in WAREHOUSES
    ]
    return table_of(ORIGINS, {
        "origin_id": pa.array([one.origin_id for one in WAREHOUSES]),
        "merchant_id": pa.array([one.merchant_id for one in WAREHOUSES]),
        "country": pa.array([one.country for one in WAREHOUSES]),
        "postal_code": pa.array([one.postal_code for one in WAREHOUSES]),
        "calendar": pa.array([json.dumps(one.to_dict()) for one in world.network.calendars]),
        "handling_days": pa.array([one.handling_days for one in WAREHOUSES]),
        "pickup_weekdays": pa.array(pickups),
    })  # fmt: skip


def weather_table(history: History) -> pa.Table:
    """Forecasts issued at every local midnight for today and the next days, and observations a day later.

    A region of "" is the whole country. A day's latest row is its observation.
    """
    skies, network = history.skies, history.world.network
    issued, cells = len(skies.gust_kmh), len(network.areas.cells)
    day, lead, cell = (grid.ravel() for grid in np.meshgrid(
        np.arange(issued), np.arange(LEADS + 1), np.arange(cells), indexing="ij"
    ))  # fmt: skip
    observed_day, observed_cell = (
        grid.ravel() for grid in np.meshgrid(np.arange(issued - 1), np.arange(cells), indexing="ij")
    )
    source = np.concatenate([day, observed_day])
    lead = np.concatenate([lead, np.zeros(len(observed_day), np.int64)])
    cell = np.concatenate([cell, observed_cell])
    issue_day = np.concatenate([day, observed_day + 1])
    temperature = skies.temperature_c[source, lead, cell]
    span = 4.5 - 0.15 * np.minimum(skies.precipitation_mm[source, lead, cell], 20.0)
    return table_of(WEATHER_DAILY, {
        "country": named([country for country, _ in network.areas.cells], cell),
        "region": named([region for _, region in network.areas.cells], cell),
        "day": dates(np.datetime64(network.clock.first_day, "D") + source + lead),
        "issued_at": instants(network.clock.to_utc(issue_day * DAY_MINUTES)),
        "temperature_min_c": numbers(np.round(temperature - span, 1)),
        "temperature_max_c": numbers(np.round(temperature + span, 1)),
        "precipitation_mm": numbers(np.round(skies.precipitation_mm[source, lead, cell], 1)),
        "snow_mm": numbers(np.round(skies.snow_cm[source, lead, cell] * 10)),
        "wind_gust_kmh": numbers(np.round(skies.gust_kmh[source, lead, cell])),
    })  # fmt: skip
