"""The reference data of orders, read from the canonical tables origins and carriers."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from features.frames import outgoing
from features.table import Network
from parcelcast.calendar import WorkingCalendar
from parcelcast.errors import DataError
from parcelcast.place import PlaceIndex
from parcelcast.shipment import Carrier, Origin, Service


def network_of(tables: Mapping[str, pd.DataFrame], places: PlaceIndex) -> Network:
    """Return places, origins and carriers; a carrier that no table `carriers` tells of may bring a parcel on any day.

    DataError when shipments name an origin that the table `origins` does not have.
    """
    origins = _origins(tables["origins"], places)
    unlisted = sorted(set(tables["shipments"]["origin_id"]) - set(origins))
    if unlisted:
        raise DataError(
            f"{len(unlisted)} origins of shipments are not among the origins: {', '.join(unlisted[:5])}",
            file="origins",
            column="origin_id",
            remedy="add them to the origins, or look for their rows in the quarantine, and ingest again",
        )
    return Network(places, origins, _carriers(tables["carriers"]) if "carriers" in tables else {})


def carriers_of(shipments: pd.DataFrame) -> dict[str, Carrier]:
    """Return the carriers and services that parcels on their way to shoppers name, those with most parcels first.

    For a history without a table `carriers`: any day may bring a parcel, and nothing is quoted.
    """
    sent = outgoing(shipments)
    services = {str(carrier): _by_use(names) for carrier, names in sent.groupby("carrier")["service"]}
    return {
        carrier: Carrier(carrier, tuple(map(Service, services[carrier])), frozenset(range(7)), observes_holidays=False)
        for carrier in _by_use(sent["carrier"])
    }


def hubs_of(facilities: pd.DataFrame) -> pd.DataFrame:
    """Return the hubs among the canonical facilities."""
    return facilities[facilities["kind"] == "hub"]


def hub_regions(facilities: pd.DataFrame, places: PlaceIndex) -> dict[str, str]:
    """Return the region of each hub, such as "DE-BY", from the canonical facilities.

    Where the table does not name it, postal code or city tell it; "DE-" where nothing does.
    """
    hubs = hubs_of(facilities)
    columns = ("facility_id", "country", "region", "postal_code", "place")
    rows = zip(*(hubs[name].astype(object) for name in columns), strict=True)
    return {
        facility_id: f"{country}-{_known(region) or places.find(country, _known(code), _known(city)).region or ''}"
        for facility_id, country, region, code, city in rows
    }


def _origins(frame: pd.DataFrame, places: PlaceIndex) -> dict[str, Origin]:
    # Thousands of sellers keep a few calendars between them.
    calendars = {text: WorkingCalendar.from_dict(json.loads(text)) for text in frame["calendar"].unique()}
    columns = ("origin_id", "country", "postal_code", "calendar", "handling_days")
    rows = zip(*(frame[name].astype(object) for name in columns), strict=True)
    return {
        origin_id: Origin(origin_id, places.find(country, _known(postal_code)), calendars[calendar], int(handling_days))
        for origin_id, country, postal_code, calendar, handling_days in rows
    }


def _carriers(frame: pd.DataFrame) -> dict[str, Carrier]:
    """Gather the services of each carrier; it delivers on a weekday, or holiday, on which any of them does."""
    return {
        str(carrier): Carrier(
            str(carrier),
            tuple(_service(row) for row in services.to_dict("records")),
            frozenset(int(day) for days in services["delivery_weekdays"] for day in days),
            bool(services["observes_holidays"].all()),
        )
        for carrier, services in frame.groupby("carrier", sort=False)
    }


def _service(row: Mapping[Any, Any]) -> Service:
    quoted, price, currency = (_known(row[name]) for name in ("quoted_days", "price", "currency"))
    return Service(str(row["service"]), quoted and int(quoted), price and float(price), currency)


def _by_use(names: pd.Series) -> list[str]:
    counts = names.value_counts()
    return sorted(map(str, counts.index), key=lambda name: (-counts[name], name))


def _known(value: Any) -> Any:
    return None if pd.isna(value) else value
