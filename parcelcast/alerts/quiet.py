"""Quiet hours: the time of day in which nobody wants to be written to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Self

from parcelcast.calendar import local_date, zone
from parcelcast.errors import InputError


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``start`` to before ``end``, local times of day at the destination; over midnight when end comes first.

    >>> QuietHours(time(21), time(8)).end_after(datetime(2026, 11, 20, 22, 30, tzinfo=UTC), "Europe/Berlin")
    datetime.datetime(2026, 11, 21, 7, 0, tzinfo=datetime.timezone.utc)
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start == self.end or self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise InputError(
                f"quiet hours from {self.start} to {self.end}; expected two different local times without an offset, "
                "or none at all"
            )

    def end_after(self, now: datetime, time_zone: str) -> datetime | None:
        """Return the end (UTC) of the quiet hours that an instant lies in; None when it lies in none."""
        clock = now.astimezone(zone(time_zone)).time()
        is_over_midnight = self.end < self.start
        is_begun, is_unended = clock >= self.start, clock < self.end
        if not (is_begun or is_unended if is_over_midnight else is_begun and is_unended):
            return None
        day = local_date(now, time_zone) + timedelta(days=is_over_midnight and is_begun)
        end = datetime.combine(day, self.end, tzinfo=zone(time_zone)).astimezone(UTC)
        # Where the clock is set back over the end, the end comes twice; the second one is meant then.
        return end if end > now else end + timedelta(hours=1)

    def begin_before(self, at: datetime, time_zone: str) -> datetime:
        """Return the beginning (UTC) of the quiet hours that an instant lies in or that end with it; else itself.

        >>> QuietHours(time(21), time(8)).begin_before(datetime(2026, 11, 20, 23, tzinfo=UTC), "Europe/Berlin")
        datetime.datetime(2026, 11, 20, 20, 0, tzinfo=datetime.timezone.utc)
        """
        if self.end_after(at - timedelta(microseconds=1), time_zone) is None:
            return at
        day = local_date(at, time_zone)
        begins = (datetime.combine(one, self.start, tzinfo=zone(time_zone)) for one in (day, day - timedelta(days=1)))
        return next(begin for one in begins if (begin := one.astimezone(UTC)) < at)

    def to_dict(self) -> dict[str, str]:
        """Return JSON values."""
        return {"start": self.start.isoformat("minutes"), "end": self.end.isoformat("minutes")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read {"start": "21:00", "end": "08:00"}; InputError for anything else."""
        form = '{"start": "21:00", "end": "08:00"}, or null for none'
        if set(data) != {"start", "end"}:
            raise InputError(f"quiet_hours have {sorted(data)}; expected {form}")
        try:
            return cls(time.fromisoformat(data["start"]), time.fromisoformat(data["end"]))
        except (TypeError, ValueError) as error:
            raise InputError(f"quiet_hours {dict(data)}: {error}; expected {form}") from error
