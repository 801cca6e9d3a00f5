"""Open days of calendars as the two small tables that `features.engine.lifetables` looks ages up in."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.opendays import OpenDays

_NEVER = 2**30  # the next open day of a calendar that has no more


@dataclass(frozen=True)
class OpenDayTables:
    """Tables `days` and `slots`; one element per calendar: its `base`, to which a day is added to find it in `days`.

    `last_open` is a calendar's last open day up to `until`.
    """

    base: NDArray[np.int32]
    last_open: NDArray[np.int32]
    days: pa.Table
    slots: pa.Table

    @classmethod
    def of(cls, opendays: OpenDays, until: int) -> "OpenDayTables":
        """Return the open days of all calendars up to the day after UTC day `until`."""
        calendars, width = opendays.count.shape
        # Calendars lie above each other, with room between them, so that a number tells the calendar and the day.
        lift = np.arange(calendars, dtype=np.int32)[:, None] * np.int32(width + 1)
        count, is_open = opendays.count.astype(np.int32), opendays.is_open
        every = np.arange(opendays.first, opendays.first + width, dtype=np.int32)
        shown = slice(None, max(until + 2 - opendays.first, 0))
        days = {
            "at": (lift + np.arange(width, dtype=np.int32))[:, shown],
            "upto": (lift + count)[:, shown],
            "before": (lift + count - is_open)[:, shown],
            "next_open": _next_open(is_open, every)[:, shown],
        }
        slots = {"slot": (lift + count)[is_open], "open_day": np.broadcast_to(every, is_open.shape)[is_open]}
        return cls(
            lift[:, 0] - np.int32(opendays.first),
            np.where(is_open & (every <= until), every, every[0] - 1).max(axis=1),
            pa.table({name: pa.array(values.ravel()) for name, values in days.items()}),
            pa.table({name: pa.array(values) for name, values in slots.items()}),
        )


def _next_open(is_open: NDArray[np.bool_], every: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the first open day from each day on."""
    own = np.where(is_open, every, np.int32(_NEVER))
    return np.minimum.accumulate(own[:, ::-1], axis=1)[:, ::-1]
