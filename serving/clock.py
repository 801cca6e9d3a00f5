"""Time as a thing that is passed in."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present instant (UTC); the composition root alone passes this one in."""
    return datetime.now(UTC)
