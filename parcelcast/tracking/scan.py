"""One report of a scan, and what makes two reports the same event."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from parcelcast.errors import InputError
from parcelcast.scan import CODES, UNKNOWN_CODE

# Servers and scanners disagree by minutes; only more than this makes a clock doubtful.
CLOCK_TOLERANCE = timedelta(minutes=15)
CLOCK_AHEAD = "clock_ahead"
OFFSET_IMPOSSIBLE = "offset_impossible"

# Outside of these years a time is a mistake, as for orders.
YEARS = range(1990, 2200)
_FIRST_YEAR, _LAST_YEAR = YEARS[0], YEARS[-1]
# The clocks of the world are 12 hours behind to 14 hours ahead of UTC, by whole quarters of an hour.
OFFSETS_MIN = range(-12 * 60, 14 * 60 + 1, 15)

_CODES = frozenset(CODES)


class Number(NamedTuple):
    """A tracking number; carriers give out the same ones, so it is one only together with its carrier."""

    carrier: str
    tracking_number: str

    @classmethod
    def of(cls, carrier: str, tracking_number: str) -> "Number":
        """Return the number as it is compared: without regard to case, and to blanks in it.

        >>> Number.of(" DPD", "0159 6812 ab")
        Number(carrier='dpd', tracking_number='01596812AB')
        """
        return cls(*_compared(carrier, tracking_number))


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan as somebody told it; times are aware and kept in UTC, ``utc_offset_min`` is the local clock minus UTC.

    ``recorded_at`` is when we learned of it. ``replaces`` is the id of a scan that this one corrects. ``doubts`` name
    what was wrong with its time (see `parcelcast.tracking.clocks`); an offset that no clock has is left out and named
    there. ``told_carrier`` is the carrier that a scan names beside a parcel's id, whose number has none. Refused with
    InputError: a time without an offset or outside of the years 1990 to 2199, an unknown code, no tracking number.

    ``scan_id`` is the same for two reports of one event under one number: same carrier, tracking number, raw code,
    second and facility (or place, where no facility is told), and the same scan that they correct.
    """

    carrier: str
    tracking_number: str
    code: str
    occurred_at: datetime
    recorded_at: datetime
    utc_offset_min: int | None = None
    reason: str | None = None
    party: str | None = None
    facility_id: str | None = None
    country: str | None = None
    place: str | None = None
    raw_code: str | None = None
    raw_text: str | None = None
    leg: int | None = None
    source: str | None = None
    map_version: str | None = None
    replaces: str | None = None
    told_carrier: str | None = None
    doubts: tuple[str, ...] = ()
    scan_id: str = field(init=False)

    def __post_init__(self) -> None:
        # Feeds bring thousands a second, so nothing is set again that is as it should be.
        for name, at in (("occurred_at", self.occurred_at), ("recorded_at", self.recorded_at)):
            if at.tzinfo is None or not _FIRST_YEAR <= at.year <= _LAST_YEAR:
                expected = f"a time with an offset, in the years {YEARS[0]} to {YEARS[-1]}"
                raise InputError(f"{name} is {at.isoformat()}; expected {expected}")
            if at.tzinfo is not UTC:
                object.__setattr__(self, name, at.astimezone(UTC))
        if self.code not in _CODES:
            raise InputError(f"code {self.code!r}; expected one of {', '.join(CODES)}")
        if self.utc_offset_min is not None and self.utc_offset_min not in OFFSETS_MIN:
            object.__setattr__(self, "utc_offset_min", None)
            object.__setattr__(self, "doubts", (*self.doubts, OFFSET_IMPOSSIBLE))
        carrier, number = _compared(self.carrier, self.tracking_number)
        if not number:
            raise InputError("a scan without a tracking number; expected the number on the parcel")
        if carrier != self.carrier:
            object.__setattr__(self, "carrier", carrier)
        if number != self.tracking_number:
            object.__setattr__(self, "tracking_number", number)
        object.__setattr__(self, "scan_id", _identity(self))

    @property
    def number(self) -> Number:
        """The number under which it was told."""
        return Number(self.carrier, self.tracking_number)

    @property
    def event(self) -> tuple[str, str, str]:
        """What happened, under whatever number: the raw code (or code), the second, and the facility (or place)."""
        at = self.occurred_at
        return (
            self.raw_code or f"={self.code}",
            # ISO 8601 in half the time of isoformat().
            "%d-%02d-%02dT%02d:%02d:%02d+00:00" % (at.year, at.month, at.day, at.hour, at.minute, at.second),  # noqa: UP031
            self.facility_id or f"@{(self.place or '').strip().casefold()}",
        )

    @property
    def is_unread(self) -> bool:
        """Whether no code table knew its raw code."""
        return self.code == UNKNOWN_CODE and self.map_version is None and self.raw_code is not None

    @property
    def happened_at(self) -> datetime:
        """When it happened (UTC): as told, but not after we learned of it."""
        return min(self.occurred_at, self.recorded_at)

    @property
    def is_ahead(self) -> bool:
        """Whether its clock is ahead of ours by more than the tolerance of 15 minutes."""
        return self.occurred_at - self.recorded_at > CLOCK_TOLERANCE

    @property
    def all_doubts(self) -> tuple[str, ...]:
        """The doubts, and whether its clock is ahead of ours."""
        return (*self.doubts, CLOCK_AHEAD) if self.is_ahead else self.doubts


def _compared(carrier: str, tracking_number: str) -> tuple[str, str]:
    return carrier.strip().casefold(), "".join(tracking_number.split()).upper()


def _identity(scan: Scan) -> str:
    parts = (scan.carrier, scan.tracking_number, *scan.event, scan.replaces or "")
    return blake2b("\x1f".join(parts).encode(errors="surrogatepass"), digest_size=16).hexdigest()
