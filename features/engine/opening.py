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
    def of(cls, opendays: OpenDays, first: int, until: int) -> "OpenDayTables":
        """Return the open days of all calendars from UTC day `first` up to the day after `until`."""
        # Calendars that are open on the same days share their rows.
        number_of: dict[bytes, int] = {}
        row = np.array([number_of.setdefault(days.tobytes(), len(number_of)) for days in opendays.is_open])
        _, once = np.unique(row, return_index=True)
        every = np.arange(opendays.first, opendays.first + opendays.is_open.shape[1], dtype=np.int32)
        shown = (every >= first) & (every <= until + 1)
        next_open = _next_open(opendays.is_open[once], every)[:, shown]
        is_open, every = opendays.is_open[once][:, shown], every[shown]
        # They lie above each other, with room between them, so that a number tells the calendar and the day.
        lift = np.arange(len(once), dtype=np.int32)[:, None] * np.int32(len(every) + 1)
        upto = lift + np.cumsum(is_open, axis=1, dtype=np.int32)
        days = {"at": lift + every - np.int32(first), "upto": upto, "before": upto - is_open, "next_open": next_open}
        slots = {"slot": upto[is_open], "open_day": np.broadcast_to(every, is_open.shape)[is_open]}
        last_open = np.where(is_open & (every <= until), every, np.int32(first - 1)).max(axis=1, initial=first - 1)
        return cls(
            (lift[:, 0] - np.int32(first))[row],
            last_open[row],
            pa.table({name: pa.array(values.ravel()) for name, values in days.items()}),
            pa.table({name: pa.array(values) for name, values in slots.items()}),
        )


def _next_open(is_open: NDArray[np.bool_], every: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the first open day from each day on."""
    own = np.where(is_open, every, np.int32(_NEVER))
    return np.minimum.accumulate(own[:, ::-1], axis=1)[:, ::-1]
