"""What a sound row of each canonical table is, as data: the expectation, what happens to the others, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from parcelcast.tables import DELIVERY_MODES, STATUSES
from pipelines.ingest.storage import STORED

if TYPE_CHECKING:
    from collections.abc import Mapping

# stop: the whole stage fails; quarantine: the row is set aside; repair: the row stays without the values in `clears`;
# warn: the row stays as it is and is counted.
Action = Literal["stop", "quarantine", "repair", "warn"]

# Two scans that agree in these are one event.
SAME_EVENT = ("shipment_id", "code", "occurred_at", "facility_id", "raw_code")
# What a table tells of the past, and when we learned of it; what it tells of plans may lie ahead.
TOLD = {
    "shipments": (
        "ordered_at",
        "dispatched_at",
        "dispatched_recorded_at",
        "delivered_at",
        "delivered_recorded_at",
        "ended_at",
    ),
    "scans": ("occurred_at", "recorded_at"),
}
# No parcel was ordered before shops were online, and none is from the next century.
EARLIEST, LATEST = "2000-01-01T00:00:00+00:00", "2100-01-01T00:00:00+00:00"


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation about the rows of a table; `expectation` names a class of Great Expectations."""

    name: str
    action: Action
    reason: str
    expectation: str
    arguments: Mapping[str, Any]
    clears: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    may_be_many: bool = False  # a large share says nothing about the file, such as a feed that was sent twice

    @property
    def looks_at(self) -> frozenset[str]:
        """The columns that the expectation needs, derived ones among them."""
        named = {self.arguments[key] for key in ("column", "column_A", "column_B") if key in self.arguments}
        return frozenset(named | ({*self.columns} if "row_condition" in self.arguments else set()))


def _between(name: str, column: str, low: Any, high: Any, action: Action, reason: str, **more: Any) -> Rule:
    limits = {"column": column, "min_value": low, "max_value": high}
    return Rule(name, action, reason, "ExpectColumnValuesToBeBetween", limits, columns=(column,), **more)


def _positive(column: str, highest: float, unit: str) -> Rule:
    limits = {"column": column, "min_value": 0, "strict_min": True, "max_value": highest}
    reason = f"{column} is not above 0 and up to {highest:g} {unit}"
    return Rule(
        f"{column}_out_of_range", "repair", reason, "ExpectColumnValuesToBeBetween", limits, (column,), (column,)
    )


def _not_before(name: str, later: str, earlier: str, action: Action, reason: str, *clears: str) -> Rule:
    pair = {"column_A": later, "column_B": earlier, "or_equal": True, "ignore_row_if": "either_value_is_missing"}
    return Rule(name, action, reason, "ExpectColumnPairValuesAToBeGreaterThanB", pair, clears, (later, earlier))


def _true(name: str, flag: str, action: Action, reason: str, *columns: str, may_be_many: bool = False) -> Rule:
    """Expect a derived flag (see `deriving`) to be true; `columns` are the ones it was derived from."""
    expected = {"column": flag, "value_set": [True]}
    return Rule(name, action, reason, "ExpectColumnValuesToBeInSet", expected, (), columns, may_be_many)


def _in_the_past(table: str) -> Rule:
    reason = "later than this run: a wrong date, or the clock of this machine is slow"
    return _true("later_than_now", "has_been", "quarantine", reason, *TOLD[table])


def _one_of(column: str, words: tuple[str, ...], action: Action) -> Rule:
    expected = {"column": column, "value_set": list(words)}
    reason = f"{column} is not one of {', '.join(words)}"
    clears = (column,) if action == "repair" else ()
    return Rule(f"{column}_unknown", action, reason, "ExpectColumnValuesToBeInSet", expected, clears, (column,))


def _present(table: str) -> tuple[Rule, ...]:
    """Expect a value in every required column of a table."""
    return tuple(
        Rule(
            f"{column}_missing",
            "quarantine",
            f"{column} is missing",
            "ExpectColumnValuesToNotBeNull",
            {"column": column},
            columns=(column,),
        )
        for column in STORED[table].required_columns
    )


def _unique(column: str) -> Rule:
    expected = {"column": column}
    reason = f"another row has the same {column}"
    return Rule(f"{column}_repeated", "stop", reason, "ExpectColumnValuesToBeUnique", expected, columns=(column,))


_SHIPMENTS = (
    _unique("shipment_id"),
    *_present("shipments"),
    _between("ordered_at_out_of_range", "ordered_at", EARLIEST, LATEST, "quarantine", "ordered_at is not in this age"),
    _in_the_past("shipments"),
    _not_before(
        "delivered_before_order", "delivered_at", "ordered_at", "quarantine", "delivered before it was ordered"
    ),
    _between(
        "delivered_years_later",
        "delivered_after_days",
        None,
        730,
        "quarantine",
        "delivered more than two years after the order",
    ),
    _not_before(
        "delivered_before_dispatch",
        "delivered_at",
        "dispatched_at",
        "quarantine",
        "delivered before the carrier had it, and nobody knows which of the two times is wrong",
    ),
    Rule(
        "delivered_without_time",
        "quarantine",
        "delivered, but nobody knows when",
        "ExpectColumnValuesToNotBeNull",
        {"column": "delivered_at", "row_condition": 'status == "delivered"', "condition_parser": "pandas"},
        columns=("delivered_at", "status"),
    ),
    # order and delivery times of such rows are sound: sellers confirm a handover by hand, minutes wrong
    _not_before(
        "dispatched_before_order",
        "dispatched_at",
        "ordered_at",
        "repair",
        "handed to the carrier before it was ordered",
        "dispatched_at",
        "dispatched_recorded_at",
    ),
    # a shop may well hand over before the payment is booked, so this is counted and left
    _not_before(
        "dispatched_before_ready",
        "dispatched_at",
        "ready_at",
        "warn",
        "handed to the carrier before it was approved or packed",
    ),
    _not_before(
        "dispatch_known_too_early",
        "dispatched_recorded_at",
        "dispatched_at",
        "repair",
        "the dispatch was known before it happened",
        "dispatched_recorded_at",
    ),
    _not_before(
        "delivery_known_too_early",
        "delivered_recorded_at",
        "delivered_at",
        "repair",
        "the delivery was known before it happened",
        "delivered_recorded_at",
    ),
    _between(
        "promised_out_of_range",
        "promised_after_days",
        -1,
        730,
        "repair",
        "promised for a day before the order, or years after it",
        clears=("promised_on",),
    ),
    _one_of("status", STATUSES, "repair"),
    _one_of("delivery_mode", DELIVERY_MODES, "repair"),
    _positive("weight_g", 5_000_000, "g"),
    *(_positive(side, 20_000, "mm") for side in ("length_mm", "width_mm", "height_mm")),
    _positive("item_count", 100_000, "items"),
    _between(
        "order_value_negative", "order_value", 0, None, "repair", "order_value is negative", clears=("order_value",)
    ),
    _between(
        "freight_cost_negative", "freight_cost", 0, None, "repair", "freight_cost is negative", clears=("freight_cost",)
    ),
    _true(
        "destination_unknown",
        "destination_known",
        "warn",
        "the destination's country is unknown",
        "destination_country",
    ),
    _true(
        "postal_code_not_whole",
        "postal_code_whole",
        "warn",
        "the destination's postal code has not as many digits as those of its country",
        "destination_country",
        "destination_postal_code",
    ),
    _true("origin_unlisted", "origin_listed", "warn", "the origin is not among the origins", "origin_id"),
)

_ITEMS = (
    *_present("items"),
    _true("weight_zero_or_missing", "weighed", "warn", "the weight is zero or missing", "weight_g"),
)

# Scans are ten times as many as parcels, so their rules look at flags and numbers and not at texts.
_SCANS = (
    _true(
        "scan_incomplete", "complete", "quarantine", "a required value is missing", *STORED["scans"].required_columns
    ),
    _true("scan_repeated", "first_copy", "quarantine", "the same scan came before", "scan_id", may_be_many=True),
    _true(
        "shipment_unknown",
        "shipment_usable",
        "quarantine",
        "its shipment is not among the usable ones",
        "shipment_id",
        may_be_many=True,
    ),
    # under another id: nothing is wrong with the row, but a feed tells everything twice
    _true("scan_told_again", "told_first", "warn", "the same event came before under another id", *SAME_EVENT),
    _in_the_past("scans"),
    _true("code_unknown", "code_known", "quarantine", "code is not in our vocabulary", "code"),
    _between(
        "scan_far_from_order",
        "days_after_order",
        -30,
        730,
        "quarantine",
        "a month before the order or years after it: a tracking number is used again",
    ),
    _not_before(
        "scan_known_too_early",
        "recorded_at",
        "occurred_at",
        "repair",
        "the scan was known before it happened",
        "recorded_at",
    ),
)

_FACILITIES = (
    _unique("facility_id"),
    *_present("facilities"),
    _true("time_zone_unknown", "time_zone_known", "quarantine", "time_zone is no IANA name", "time_zone"),
    _between(
        "latitude_out_of_range",
        "latitude",
        -90,
        90,
        "repair",
        "latitude is no latitude",
        clears=("latitude", "longitude"),
    ),
    _between(
        "longitude_out_of_range",
        "longitude",
        -180,
        180,
        "repair",
        "longitude is no longitude",
        clears=("latitude", "longitude"),
    ),
)

_CARRIERS = (
    *_present("carriers"),
    Rule(
        "delivery_weekdays_unreadable",
        "stop",
        "delivery_weekdays are not digits from 0 (Monday) to 6",
        "ExpectColumnValuesToMatchRegex",
        {"column": "delivery_weekdays", "regex": r"^[0-6]{1,7}$"},
        columns=("delivery_weekdays",),
    ),
    _between(
        "quoted_days_out_of_range",
        "quoted_days",
        0,
        365,
        "repair",
        "quoted_days are no transit time",
        clears=("quoted_days",),
    ),
)

_ORIGINS = (
    _unique("origin_id"),
    *_present("origins"),
    _true("calendar_unreadable", "calendar_readable", "stop", "calendar is no working calendar", "calendar"),
    _between("handling_out_of_range", "handling_days", 0, 365, "stop", "handling_days are no handling time"),
)

_WEATHER = (
    *_present("weather_daily"),
    _true("weather_repeated", "first_copy", "quarantine", "the same forecast came before", "country", "region", "day"),
    *(
        _between(
            f"{column}_out_of_range", column, low, high, "repair", f"{column} is no weather on earth", clears=(column,)
        )
        for column, low, high in (
            ("temperature_min_c", -90, 60),
            ("temperature_max_c", -90, 60),
            ("precipitation_mm", 0, 2_000),
            ("snow_mm", 0, 12_000),
            ("wind_gust_kmh", 0, 450),
        )
    ),
)

# In the order in which they are judged: scans are held against the shipments that passed.
SUITES: dict[str, tuple[Rule, ...]] = {
    "origins": _ORIGINS,
    "carriers": _CARRIERS,
    "facilities": _FACILITIES,
    "shipments": _SHIPMENTS,
    "items": _ITEMS,
    "scans": _SCANS,
    "weather_daily": _WEATHER,
}
