"""What trackers tell, as rows of scans. Of their bodies only these fields are read: names of people stay outside."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from parcelcast.errors import InputError
from parcelcast.place import PlaceIndex
from serving.scans.rows import MAX_TEXT
from serving.trackers.carriers import country_of, tracked_carrier

# Parcels have some ten; what tells more is no parcel's way.
MAX_CHECKPOINTS = 1_000
_LINE = 100

Row = dict[str, Any]


def aftership_rows(event: object, places: PlaceIndex) -> list[Row]:
    """Return a row for each checkpoint of an AfterShip event; none for other events. InputError for more than 1,000.

    A time without an offset is on the clock of the checkpoint's place, as the carrier told it.
    """
    tracking = _mapping(event, "msg")
    return [_of_checkpoint(tracking, told, places) for told in _mappings(tracking.get("checkpoints"))]


def easypost_rows(event: object) -> list[Row]:
    """Return a row for each detail of an EasyPost tracker; none for other events. InputError for more than 1,000.

    Its times have offsets.
    """
    tracker = _mapping(event, "result")
    if tracker.get("object") != "Tracker":
        return []
    return [_of_detail(tracker, told) for told in _mappings(tracker.get("tracking_details"))]


def _of_checkpoint(tracking: Mapping[str, Any], told: Mapping[str, Any], places: PlaceIndex) -> Row:
    country = country_of(told.get("country_region") or told.get("country_iso3"))
    postal_code, city = _line(told.get("postal_code") or told.get("zip")), _line(told.get("city"))
    found = places.find(country or "", postal_code or "", city or "")
    return {
        "carrier": tracked_carrier(_line(told.get("slug")) or _line(tracking.get("slug")) or ""),
        "tracking_number": _line(tracking.get("tracking_number")),
        "occurred_at": _line(told.get("checkpoint_time")),
        "time_zone": None if found.precision == "unknown" else found.time_zone,
        "raw_code": _line(told.get("subtag")) or _line(told.get("tag")),
        "raw_text": _text(told.get("message")),
        "country": country,
        "place": city or _line(told.get("location")),
    }


def _of_detail(tracker: Mapping[str, Any], told: Mapping[str, Any]) -> Row:
    location = told.get("tracking_location")
    location = location if isinstance(location, Mapping) else {}
    status, detail = _line(told.get("status")), _line(told.get("status_detail"))
    return {
        "carrier": tracked_carrier(_line(tracker.get("carrier")) or ""),
        "tracking_number": _line(tracker.get("tracking_code")),
        "occurred_at": _line(told.get("datetime")),
        "raw_code": f"{status}/{detail}" if status and detail else status,
        "raw_text": _text(told.get("message")),
        "country": country_of(location.get("country")),
        "place": _line(location.get("city")),
    }


def _mapping(event: object, name: str) -> Mapping[str, Any]:
    found = event.get(name) if isinstance(event, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _mappings(told: object) -> Iterator[Mapping[str, Any]]:
    if not isinstance(told, Sequence):
        return
    if len(told) > MAX_CHECKPOINTS:
        raise InputError(f"got {len(told)} checkpoints of one parcel; expected at most {MAX_CHECKPOINTS}")
    yield from (one for one in told if isinstance(one, Mapping))


def _line(told: object) -> str | None:
    """Return a text of printable characters, cut to what a row allows; None when there is none."""
    if not isinstance(told, str):
        return None
    return "".join(one for one in " ".join(told.split()) if one.isprintable())[:_LINE].strip() or None


def _text(told: object) -> str | None:
    return told.encode(errors="ignore").decode().replace("\0", "")[:MAX_TEXT] if isinstance(told, str) else None
