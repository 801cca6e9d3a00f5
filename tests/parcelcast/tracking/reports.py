"""Reports for tests: short to write, and strategies of whole journeys with their mishaps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from parcelcast.scan import CODES
from parcelcast.tracking.scan import Scan

MONDAY = datetime(2027, 3, 1, tzinfo=UTC)


def hours(number: float) -> datetime:
    """Instant so many hours after the Monday on which all of this begins."""
    return MONDAY + timedelta(hours=number)


def scan(
    code: str, at: float, recorded: float | None = None, *, number: str = "A1", carrier: str = "dpd", **more
) -> Scan:
    """A scan at an hour, recorded at once unless told otherwise."""
    return Scan(carrier, number, code, hours(at), hours(at if recorded is None else recorded), **more)


@st.composite
def reports(draw: st.DrawFn, codes: tuple[str, ...] = CODES, max_size: int = 8) -> list[Scan]:
    """Scans of one number in some hours, some recorded late or by a clock that is ahead, some corrected."""
    found: list[Scan] = []
    for _ in range(draw(st.integers(0, max_size))):
        at = draw(st.integers(0, 72))
        one = scan(
            draw(st.sampled_from(codes)),
            at,
            at + draw(st.sampled_from([0, 0, 0.1, 5, 30, -3])),
            facility_id=draw(st.sampled_from([None, "H1", "H2"])),
            reason=draw(st.sampled_from([None, "lost", "absent", "cancelled"])),
        )
        corrects = draw(st.none() | st.sampled_from(found)) if found else None
        found.append(replace(one, replaces=corrects.scan_id) if corrects else one)
    return found


@st.composite
def shaken(draw: st.DrawFn, original: list[Scan]) -> list[Scan]:
    """The same reports in another order, some of them again later."""
    again = draw(st.lists(st.sampled_from(original), max_size=4)) if original else []
    late = [replace(one, recorded_at=one.recorded_at + timedelta(hours=draw(st.integers(0, 9)))) for one in again]
    return draw(st.permutations(original + late))
