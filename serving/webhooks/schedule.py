"""When a failed delivery is tried again."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise

from parcelcast.errors import InputError
from parcelcast.settings import WEBHOOK_RETRY_SECONDS

Jitter = Callable[[], float]
"""Draws a number from 0 to 1, evenly."""

JITTER_SHARE = 0.1
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class Schedule:
    """Instants of retries in seconds after the first attempt; after the last one a delivery is dead.

    An attempt comes up to a tenth of the waiting time later than the schedule says, so that many receivers' retries
    spread, but never after the last instant. Instants that passed while nobody sent are left out.
    """

    offsets_s: Sequence[float] = WEBHOOK_RETRY_SECONDS

    def __post_init__(self) -> None:
        rising = all(before < after for before, after in pairwise((0.0, *self.offsets_s, math.inf)))
        if not self.offsets_s or not rising:
            raise InputError(
                f"got retries after {self.offsets_s} seconds, expected rising numbers above 0, as 5,300,1800"
            )

    def after(self, first: datetime, tried: datetime, ended: datetime, jitter: Jitter) -> datetime | None:
        """Return when to try again after an attempt from `tried` until `ended`; None: it was the last.

        >>> noon = datetime(2027, 3, 1, 12, tzinfo=UTC)
        >>> for second in (0, 5, 400, 86_400):
        ...     at = noon + timedelta(seconds=second)
        ...     print(Schedule().after(noon, at, at, lambda: 0.0))
        2027-03-01 12:00:05+00:00
        2027-03-01 12:05:00+00:00
        2027-03-01 12:30:00+00:00
        None
        """
        instants = [first + timedelta(seconds=offset) for offset in self.offsets_s]
        planned = next((instant for instant in instants if instant > tried), None)
        if planned is None:
            return None
        # A receiver that let us wait for long gets its pause all the same.
        planned = max(planned, ended + timedelta(seconds=self.offsets_s[0]))
        wait = (planned - ended) * (1 + JITTER_SHARE * jitter())
        return max(planned, min(ended + wait, instants[-1]))


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header, seconds or an HTTP date, cut to an hour; None when it says nothing usable.

    >>> retry_after("120", datetime(2027, 3, 1, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    >>> retry_after("Mon, 01 Mar 2027 00:00:30 GMT", datetime(2027, 3, 1, tzinfo=UTC))
    datetime.timedelta(seconds=30)
    """
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return min(timedelta(seconds=int(value)), LONGEST_PAUSE)
    try:
        told = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    told = told if told.tzinfo else told.replace(tzinfo=UTC)
    return min(max(told - now, timedelta(0)), LONGEST_PAUSE)
