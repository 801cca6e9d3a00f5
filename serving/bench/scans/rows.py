"""The scans of the benchmark: parcels that all move at once, as a carrier's feed tells them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from parcelcast.codes.mapping import CodeTables
from serving.scans.intake import Reader
from serving.stores.schema import EPOCH, MICROSECOND
from serving.stores.schema import scans as table

CARRIER = "dpd"
# A real table's codes, so that mapping is measured too.
_CODES = ("05", "10", "02", "04", "08", "06", "03", "13")
_BEGIN = datetime(2026, 11, 16, 5, tzinfo=UTC)


def parcels(count: int) -> Iterator[dict[str, Any]]:
    """Yield the bodies that register parcels."""
    for number in range(count):
        yield {
            "shipment_id": f"S{number}",
            "order_id": f"O{number}",
            "carrier": CARRIER,
            "destination": {"country": "DE", "postal_code": f"{10115 + number % 80000:05}"},
            "ordered_at": (_BEGIN - timedelta(hours=8)).isoformat(),
            "promised_on": "2026-11-20",
            "tracking_numbers": [{"tracking_number": _number(number)}],
        }


def scans(count: int, parcels: int) -> list[dict[str, Any]]:
    """Return rows: every parcel's first scan, then every parcel's second, and so on; all are different."""
    return [
        {
            "carrier": CARRIER,
            "tracking_number": _number(number % parcels),
            "occurred_at": (_BEGIN + timedelta(hours=3 * (number // parcels), seconds=number % parcels)).isoformat(),
            "raw_code": _CODES[number // parcels % len(_CODES)],
            "raw_text": "Your parcel has been sorted and moves on",
            "facility_id": f"dpd-{number % 80:04}",
            "country": "DE",
            "place": "Leipzig",
        }
        for number in range(count)
    ]


def bodies(rows: Sequence[dict[str, Any]], size: int) -> list[str]:
    """Return request bodies of `size` rows; a single row is an object, not a list."""
    if size == 1:
        return [orjson.dumps(row).decode() for row in rows]
    return [orjson.dumps(rows[start : start + size]).decode() for start in range(0, len(rows), size)]


def bare_insert(rows: Sequence[dict[str, Any]], *, sqlite: bool) -> tuple[str, list[tuple[Any, ...]]]:
    """Return a plain insert of the same rows, and its values."""
    names = [column.name for column in table.columns if column.name not in {"seq", "doubts"}]
    batch = Reader(CodeTables.default(), "http").rows(rows, _BEGIN + timedelta(days=5))
    values = [tuple(_plain(getattr(scan, name), sqlite) for name in names) for scan in batch.scans]
    places = ", ".join(["?" if sqlite else "%s"] * len(names))
    return f"insert into scans ({', '.join(names)}) values ({places})", values  # noqa: S608 - our own column names


def _plain(value: Any, sqlite: bool) -> Any:  # noqa: FBT001 - one caller, above
    return (value - EPOCH) // MICROSECOND if sqlite and isinstance(value, datetime) else value


def _number(parcel: int) -> str:
    return f"0159{parcel:010}"
