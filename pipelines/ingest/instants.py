"""Foreign times as UTC instants, and instants as local dates: the one place where pandas meets a time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Hashable

UTC_INSTANT: Final = "datetime64[us, UTC]"


def local_to_utc(local: pd.Series, time_zone: str) -> pd.Series:
    """Turn naive local times of one time zone into UTC instants (datetime64[us, UTC]); NaT stays NaT.

    The hour that a clock change repeats is read as its first pass (summer time); a time in the skipped hour is moved to
    the end of the gap. Both rules are arbitrary but fixed, and `clock_change_rows` counts the rows they touch.

    >>> local_to_utc(pd.Series(pd.to_datetime(["2018-02-17 23:30", "2017-10-15 00:30"])), "America/Sao_Paulo").tolist()
    [Timestamp('2018-02-18 01:30:00+0000', tz='UTC'), Timestamp('2017-10-15 03:00:00+0000', tz='UTC')]
    """
    first_pass = np.ones(len(local), dtype=bool)
    zoned = local.dt.tz_localize(time_zone, ambiguous=first_pass, nonexistent="shift_forward")
    utc: pd.Series = zoned.dt.tz_convert("UTC").astype(UTC_INSTANT)
    return utc


def clock_change_rows(local: pd.Series, time_zone: str) -> int:
    """Count the naive local times that a clock change makes ambiguous or impossible."""
    strict = local.dt.tz_localize(time_zone, ambiguous="NaT", nonexistent="NaT")
    return int((strict.isna() & local.notna()).sum())


def local_dates(instants: pd.Series, time_zones: pd.Series) -> pd.Series:
    """Return the local date (datetime64[us] at midnight, no zone) of each UTC instant in its row's time zone.

    >>> instants = pd.Series(pd.to_datetime(["2024-01-01 23:30+00:00", "2024-01-01 23:30+00:00"]))
    >>> local_dates(instants, pd.Series(["Europe/Berlin", "America/Sao_Paulo"])).dt.strftime("%d.%m.").tolist()
    ['02.01.', '01.01.']
    """
    dates = pd.Series(pd.NaT, index=instants.index, dtype="datetime64[us]")
    zones: dict[Hashable, pd.Index] = instants.groupby(time_zones.to_numpy()).groups
    for zone, rows in zones.items():
        local = instants.loc[rows].dt.tz_convert(str(zone)).dt.tz_localize(None)
        dates.loc[rows] = local.dt.normalize().astype("datetime64[us]")
    return dates
