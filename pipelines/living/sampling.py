"""Which landmarks are learned from: instants right after news of a parcel, and instants in the silence between.

Every choice looks at the past only: an instant of silence is taken at a rate that depends on nothing but the stage that
the last news told, and on whether that was more than two days ago, so that what follows is not favoured. Rare stages
get more landmarks than their share: as many as the root of their news says. So does long silence: it is rare, and what
it means (nothing, a parcel that is stuck, one that is lost) is the hardest to tell.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from features.table import ParcelHistory
from parcelcast.calendar import zone
from parcelcast.scan import CODES, DELIVERED_CODES
from pipelines.living.feed import ADMITTED, HANDED_OVER, ORDERED, Feed, Instants, Rows

_DAY = np.timedelta64(1, "D")
TICK = np.timedelta64(1, "us")  # news counts as known right after the instant of its record
_START_OF_DAY = np.timedelta64(30, "m")  # by then the files of the day before have come
LONG_SILENCE = np.timedelta64(2, "D")
LONGEST_SILENCE = np.timedelta64(45, "D")
# What the last news says of the stage, roughly: quotas need no more.
_GROUPS = {
    ORDERED: 0,
    HANDED_OVER: 1,
    **{
        CODES.index(code): group
        for group, codes in enumerate(
            (
                ("handed_over", "origin_scan"),
                ("hub_arrival", "hub_departure", "customs_released"),
                ("export_customs", "import_customs"),
                ("destination_depot",),
                ("out_for_delivery",),
                ("delivery_attempted",),
                ("at_pickup_point",),
                ("return_started",),
                ("exception",),
            ),
            start=1,
        )
        for code in codes
    },
    ADMITTED: 10,  # apart: these parcels are silent for longer than all others, and nothing is left to tell of them
}


@dataclass(frozen=True)
class Chosen:
    """Landmarks: the parcel's row in the history, and the instant (UTC) as of which it is looked at."""

    row: Rows
    as_of: Instants

    def __len__(self) -> int:
        return len(self.row)


def sample_landmarks(history: ParcelHistory, feed: Feed, rows: Rows, until: int, count: int, seed: int) -> Chosen:
    """Return about `count` landmarks of these parcels before UTC day `until`, ordered by their instants."""
    end = np.datetime64(until, "D").astype("datetime64[us]")
    news = np.flatnonzero(np.isin(feed.row, rows) & (feed.recorded < end) & ~_is_over(feed))
    row, start = feed.row[news], feed.recorded[news] + TICK
    stop = np.minimum(_next(feed, news, end), start + LONGEST_SILENCE)
    group = _groups(feed)[news]
    rng = np.random.default_rng(seed)
    present, sizes = np.unique(group, return_counts=True)
    picked = []
    for one, share in zip(present.tolist(), (np.sqrt(sizes) / np.sqrt(sizes).sum()).tolist(), strict=True):
        mine, quota = np.flatnonzero(group == one), int(count * share / 3.0)
        picked.append(_some(rng, row[mine], start[mine], quota))
        for since, part in ((start[mine], quota - quota // 2), (start[mine] + LONG_SILENCE, quota // 2)):
            picked.append(_in_silence(rng, row[mine], since, stop[mine], part))
            picked.append(_at_starts_of_days(rng, history, row[mine], since, stop[mine], part))
    found = Chosen(*(np.concatenate([getattr(part, name) for part in picked]) for name in ("row", "as_of")))
    order = np.lexsort((found.row, found.as_of))
    return Chosen(found.row[order], found.as_of[order])


def _is_over(feed: Feed) -> NDArray[np.bool_]:
    """Tell which news came when there was nothing more to forecast."""
    closed = feed.closed[feed.row]
    told = np.isin(feed.code, [CODES.index(code) for code in (*DELIVERED_CODES, "returned")])
    return told | (~np.isnat(closed) & (feed.recorded >= closed))


def _next(feed: Feed, news: Rows, end: np.datetime64) -> Instants:
    """Return the instant of the parcel's next news, or when it was closed, at most `end`."""
    following = np.minimum(news + 1, len(feed.row) - 1)
    is_same = (following != news) & (feed.row[following] == feed.row[news])
    stop = np.where(is_same, feed.recorded[following], end)
    closed = feed.closed[feed.row[news]]
    return np.minimum(np.where(np.isnat(closed), stop, np.minimum(stop, closed)), end)


def _groups(feed: Feed) -> NDArray[np.int64]:
    """Return the group of each piece of news; one that tells of no movement has that of the news before."""
    group_of = np.full(max(_GROUPS) + 1, -1)
    group_of[list(_GROUPS)] = list(_GROUPS.values())
    group = group_of[feed.code]
    is_first = np.append([True], feed.row[1:] != feed.row[:-1])
    group[is_first & (group < 0)] = 0
    last = np.maximum.accumulate(np.where(group >= 0, np.arange(len(group)), 0))
    return np.asarray(group[last])


def _offsets(history: ParcelHistory) -> NDArray[np.timedelta64]:
    """Return the clock minus UTC at each destination, as it is when the history ends: an hour off does not matter."""
    now: datetime = history.ordered_at[-1].astype("datetime64[us]").astype(object)
    zones, which = np.unique(history.destination_zone.astype(str), return_inverse=True)
    offsets = [now.replace(tzinfo=UTC).astimezone(zone(name)).utcoffset() for name in zones.tolist()]
    return np.array(offsets, dtype="timedelta64[us]")[which]


def _some(rng: np.random.Generator, row: Rows, at: Instants, quota: int) -> Chosen:
    chosen = rng.permutation(len(row))[:quota]
    return Chosen(row[chosen], at[chosen])


def _in_silence(rng: np.random.Generator, row: Rows, start: Instants, stop: Instants, quota: int) -> Chosen:
    """Return instants at a constant rate."""
    length = np.maximum((stop - start).astype(np.int64), 0)
    total = np.cumsum(length)
    if not len(total) or total[-1] == 0:
        return Chosen(row[:0], start[:0])
    drawn = rng.integers(0, total[-1], quota)
    which = np.searchsorted(total, drawn, side="right")
    return Chosen(row[which], start[which] + (drawn - (total - length)[which]).astype("timedelta64[us]"))


def _at_starts_of_days(
    rng: np.random.Generator, history: ParcelHistory, row: Rows, start: Instants, stop: Instants, quota: int
) -> Chosen:
    """Return starts of local days, each as likely as any other."""
    shift = _START_OF_DAY - _offsets(history)[row]
    first = (start - shift).astype("datetime64[D]").astype(np.int64) + 1
    days = np.maximum((stop - shift - TICK).astype("datetime64[D]").astype(np.int64) - first + 1, 0)
    which = np.repeat(np.arange(len(row)), days)
    number = np.arange(len(which)) - np.repeat(np.cumsum(days) - days, days)
    chosen = rng.permutation(len(which))[:quota]
    which, number = which[chosen], number[chosen]
    return Chosen(row[which], (first[which] + number).astype("datetime64[D]").astype("datetime64[us]") + shift[which])
