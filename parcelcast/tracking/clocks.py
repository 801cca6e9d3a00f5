"""Times as carriers tell them: with an offset, without one, or with one that cannot be."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from parcelcast.calendar import zone
from parcelcast.errors import InputError
from parcelcast.tracking.scan import OFFSET_IMPOSSIBLE, OFFSETS_MIN, YEARS

OFFSET_MISSING = "offset_missing"
OFFSET_UNLIKE_FACILITY = "offset_unlike_facility"
TIME_ZONE_UNKNOWN = "time_zone_unknown"

_MINUTE = timedelta(minutes=1)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})$")


class ToldTime(NamedTuple):
    """An instant (UTC), the local clock minus UTC in minutes where it is known, and what is doubtful about it."""

    occurred_at: datetime
    utc_offset_min: int | None
    doubts: tuple[str, ...]


def read_time(told: str, time_zone: str | None = None) -> ToldTime:
    """Read an ISO 8601 time; without an offset, or with one that no clock has, it is local time of the facility.

    ``time_zone`` is the facility's (IANA); where that is not known either, the time is taken as UTC and marked. An
    offset that is not the facility's is marked and believed: some feeds tell all times on one clock. A local time that
    a clock change repeats is the first of the two, one that it skips is read with the offset before. Refused with
    InputError: what is no time, and years outside of 1990 to 2199.

    >>> read_time("2027-03-01T10:00:00+01:00").occurred_at.isoformat()
    '2027-03-01T09:00:00+00:00'
    >>> read_time("2027-03-01T10:00:00", "Europe/Berlin")
    ToldTime(occurred_at=datetime.datetime(2027, 3, 1, 9, 0, tzinfo=datetime.timezone.utc), utc_offset_min=60,
             doubts=('offset_missing',))
    """
    text = told.strip()
    # What nearly all feeds tell is read at once.
    if text[-3:-2] == ":" and text[-6:-5] in {"+", "-"} and (usual := _parsed(text)) is not None:
        minutes = (usual.utcoffset() or timedelta()) // _MINUTE
        if usual.year in YEARS and minutes in OFFSETS_MIN:
            return _with_offset(usual.astimezone(UTC), minutes, time_zone)
    match = _OFFSET.search(text, 11)  # behind the date, which has hyphens too
    offset = None if match is None else int(f"{match[1]}1") * (int(match[2]) * 60 + int(match[3]))
    at = _parsed(text[: match.start()] if match else text)
    if at is None or at.year not in YEARS:
        raise _refused(told)
    if at.tzinfo is not None:  # it ended in Z
        return ToldTime(at.astimezone(UTC), None, ())
    if offset in OFFSETS_MIN and offset is not None:
        return _with_offset(at.replace(tzinfo=UTC) - timedelta(minutes=offset), offset, time_zone)
    doubt = OFFSET_MISSING if offset is None else OFFSET_IMPOSSIBLE
    if time_zone is None:
        return ToldTime(at.replace(tzinfo=UTC), None, (doubt, TIME_ZONE_UNKNOWN))
    local = at.replace(tzinfo=zone(time_zone))
    utc = local.astimezone(UTC)
    return ToldTime(utc, offset_min(utc, time_zone), (doubt,))


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _with_offset(instant: datetime, offset: int, time_zone: str | None) -> ToldTime:
    unlike = offset != 0 and time_zone is not None and offset != offset_min(instant, time_zone)
    return ToldTime(instant, offset, (OFFSET_UNLIKE_FACILITY,) if unlike else ())


def offset_min(instant: datetime, time_zone: str) -> int:
    """Local clock minus UTC in minutes at an aware instant.

    >>> offset_min(datetime(2027, 7, 1, tzinfo=UTC), "Europe/Berlin")
    120
    """
    offset = instant.astimezone(zone(time_zone)).utcoffset() or timedelta()
    return round(offset.total_seconds() / 60)


def _refused(told: str) -> InputError:
    return InputError(
        f"the time {told[:40]!r}; expected ISO 8601 such as 2027-03-01T10:00:00+01:00, "
        f"in the years {YEARS[0]} to {YEARS[-1]}"
    )
