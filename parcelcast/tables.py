"""The canonical tables as data: names, types, units. Times are UTC instants, dates local to the destination.

Everything but ids, order time, origin and destination may be missing.
"""

from dataclasses import dataclass
from typing import Literal

Dtype = Literal["string", "instant", "date", "float", "int", "bool"]

DELIVERY_MODES = ("home", "pickup_point", "locker", "two_man", "own_fleet")
STATUSES = ("ordered", "dispatched", "delivered", "returned", "lost", "cancelled")


@dataclass(frozen=True, slots=True)
class Column:
    """One column; a ``required`` one has a value in every row. ``unit`` is "" where there is none."""

    name: str
    dtype: Dtype
    required: bool
    unit: str
    description: str


@dataclass(frozen=True)
class Table:
    """A canonical table; ``key`` names the columns that identify a row."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """All columns in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The columns that have a value in every row."""
        return tuple(column.name for column in self.columns if column.required)

    def __getitem__(self, name: str) -> Column:
        """Find the column of that name; KeyError when the table has none.

        >>> SHIPMENTS["weight_g"].unit
        'g'
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}; it has {', '.join(self.column_names)}")


SHIPMENTS = Table("shipments", ("shipment_id",), (
    Column("shipment_id", "string", True, "", "one parcel"),
    Column("order_id", "string", True, "", "the order it belongs to"),
    Column("merchant_id", "string", True, "", "the shop"),
    Column("carrier", "string", False, "", "carrier id"),
    Column("service", "string", False, "", "service id of the carrier"),
    Column("delivery_mode", "string", False, "", "one of DELIVERY_MODES"),
    Column("origin_id", "string", True, "", "warehouse or seller"),
    Column("origin_country", "string", True, "", "ISO 3166-1 alpha-2"),
    Column("origin_postal_code", "string", False, "", "normalised postal code"),
    Column("destination_country", "string", True, "", "ISO 3166-1 alpha-2"),
    Column("destination_postal_code", "string", False, "", "normalised postal code"),
    Column("ordered_at", "instant", True, "UTC", "the shopper ordered"),
    Column("ready_at", "instant", False, "UTC", "packed and ready for the carrier"),
    Column("dispatched_at", "instant", False, "UTC", "handed to the carrier"),
    Column("delivered_at", "instant", False, "UTC", "delivered"),
    Column("ended_at", "instant", False, "UTC", "we learned that it will not be delivered: cancelled, lost, returned"),
    Column("dispatched_recorded_at", "instant", False, "UTC", "we learned of the dispatch"),
    Column("delivered_recorded_at", "instant", False, "UTC", "we learned of the delivery"),
    Column("planned_dispatch_on", "date", False, "local at the origin", "dispatch as planned when the order came"),
    Column("handling_limit_days", "float", False, "working days", "the seller's own limit from the order to dispatch"),
    Column("promised_on", "date", False, "local at the destination", "what the shopper was told"),
    Column("quoted_transit_days", "float", False, "deliverable days", "the carrier's quote, from dispatch"),
    Column("weight_g", "float", False, "g", "weight of the parcel"),
    Column("length_mm", "float", False, "mm", "longest side"),
    Column("width_mm", "float", False, "mm", "second side"),
    Column("height_mm", "float", False, "mm", "third side"),
    Column("item_count", "int", False, "items", "items in the parcel"),
    Column("item_category", "string", False, "", "the shop's category of the first item"),
    Column("order_value", "float", False, "currency", "value of the order's goods"),
    Column("currency", "string", False, "", "ISO 4217"),
    Column("freight_cost", "float", False, "currency", "what the shopper pays for shipping"),
    Column("payment_method", "string", False, "", "how the shopper pays"),
    Column("is_return", "bool", False, "", "the parcel goes back to the shop"),
    Column("status", "string", False, "", "one of STATUSES"),
))  # fmt: skip

SCANS = Table("scans", ("scan_id",), (
    Column("scan_id", "string", True, "", "one scan"),
    Column("shipment_id", "string", True, "", "the parcel"),
    Column("occurred_at", "instant", True, "UTC", "it happened"),
    Column("utc_offset_min", "int", False, "min", "local clock minus UTC where it happened"),
    Column("recorded_at", "instant", True, "UTC", "we learned of it"),
    Column("code", "string", True, "", "one of parcelcast.scan.CODES"),
    Column("reason", "string", False, "", "why, for exceptions and failed attempts"),
    Column("party", "string", False, "", "who caused it: merchant, carrier, customs, recipient, nature"),
    Column("facility_id", "string", False, "", "where in the carrier's network"),
    Column("country", "string", False, "", "ISO 3166-1 alpha-2"),
    Column("place", "string", False, "", "place name as told"),
    Column("raw_code", "string", False, "", "the carrier's own code"),
    Column("raw_text", "string", False, "", "the carrier's own words"),
    Column("carrier", "string", False, "", "carrier id"),
    Column("leg", "int", False, "", "number of the leg, from 0"),
    Column("source", "string", False, "", "adapter or feed it came through"),
    Column("map_version", "string", False, "", "version of the code table that mapped it"),
))  # fmt: skip

FACILITIES = Table("facilities", ("facility_id",), (
    Column("facility_id", "string", True, "", "one hub, depot, customs office or pickup point"),
    Column("carrier", "string", False, "", "carrier id"),
    Column("kind", "string", True, "", "hub, depot, customs, pickup_point"),
    Column("country", "string", True, "", "ISO 3166-1 alpha-2"),
    Column("postal_code", "string", False, "", "normalised postal code"),
    Column("place", "string", False, "", "city"),
    Column("region", "string", False, "", "region part of ISO 3166-2"),
    Column("time_zone", "string", True, "", "IANA time zone"),
    Column("latitude", "float", False, "degrees", "north is positive"),
    Column("longitude", "float", False, "degrees", "east is positive"),
))  # fmt: skip

CARRIERS = Table("carriers", ("carrier", "service"), (
    Column("carrier", "string", True, "", "carrier id"),
    Column("service", "string", True, "", "service id of the carrier"),
    Column("delivery_weekdays", "string", True, "", "digits of the weekdays it delivers on, 0 is Monday: 012345"),
    Column("observes_holidays", "bool", True, "", "no delivery on public holidays at the destination"),
    Column("quoted_days", "int", False, "deliverable days", "the carrier's own quote, from dispatch"),
    Column("price", "float", False, "currency", "list price"),
    Column("currency", "string", False, "", "ISO 4217"),
))  # fmt: skip

ORIGINS = Table("origins", ("origin_id",), (
    Column("origin_id", "string", True, "", "warehouse or seller"),
    Column("merchant_id", "string", False, "", "the shop"),
    Column("country", "string", True, "", "ISO 3166-1 alpha-2"),
    Column("postal_code", "string", False, "", "normalised postal code"),
    Column("calendar", "string", True, "", "JSON of WorkingCalendar.to_dict"),
    Column("handling_days", "int", True, "working days", "from the cut-off to dispatch"),
    Column("pickup_weekdays", "string", False, "", 'JSON of the weekdays each carrier picks up on: {"id": [0, 2]}'),
))  # fmt: skip

WEATHER_DAILY = Table("weather_daily", ("country", "region", "day", "issued_at"), (
    Column("country", "string", True, "", "ISO 3166-1 alpha-2"),
    Column("region", "string", True, "", "region part of ISO 3166-2"),
    Column("day", "date", True, "local", "the day it describes"),
    Column("issued_at", "instant", True, "UTC", "the forecast was known; for observations, when they were"),
    Column("temperature_min_c", "float", False, "degrees Celsius", "lowest temperature"),
    Column("temperature_max_c", "float", False, "degrees Celsius", "highest temperature"),
    Column("precipitation_mm", "float", False, "mm", "rain and melted snow"),
    Column("snow_mm", "float", False, "mm", "depth of snow on the ground"),
    Column("wind_gust_kmh", "float", False, "km/h", "strongest gust"),
))  # fmt: skip

TABLES = {table.name: table for table in (SHIPMENTS, SCANS, FACILITIES, CARRIERS, ORIGINS, WEATHER_DAILY)}
