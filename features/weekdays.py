"""On which days of the week parcels go out to a place, or come on a lane: tours and pallets leave on some days only.

Told from the daily counts of other families, whose ends stand on the day of their record.
"""

import numpy as np

from features.history import History
from features.opendays import weekday
from features.orders import Days, Floats, Texts
from features.sketches import Level, Sketch

WEEKDAYS = 7
WINDOW = 120
WINDOWS = (WINDOW,)


def weekday_sketch(sketch: Sketch) -> Sketch:
    """Return counts whose "age" is a weekday (Monday is 0), and whose "hazard" is the share of the ends on that day.

    >>> few = np.array([1], np.int32)
    >>> level = Level(("x",), np.array([4], np.int32), few - 1, few.astype(np.int16), few, 3 * few)  # Monday, 5 January
    >>> (monday,) = weekday_sketch(Sketch((level,))).levels
    >>> monday.age.tolist(), monday.at_risk.tolist(), monday.ended.tolist()
    ([0, 1, 2, 3, 4, 5, 6], [3, 3, 3, 3, 3, 3, 3], [3, 0, 0, 0, 0, 0, 0])
    """
    return Sketch(tuple(_by_weekday(level) for level in sketch.levels))


def _by_weekday(level: Level) -> Level:
    some = np.flatnonzero(level.ended > 0)
    cells, index = np.unique(level.day[some].astype(np.int64) * len(level.keys) + level.code[some], return_inverse=True)
    ended = np.bincount(index, weights=level.ended[some], minlength=len(cells)).astype(np.int32)
    day, code = np.divmod(cells, max(len(level.keys), 1))
    age = np.tile(np.arange(WEEKDAYS), len(cells))
    total = np.repeat(ended, WEEKDAYS)
    return Level(
        level.keys,
        np.repeat(day, WEEKDAYS).astype(np.int32),
        np.repeat(code, WEEKDAYS).astype(np.int32),
        age.astype(np.int16),
        total,
        np.where(age == np.repeat(weekday(day), WEEKDAYS), total, 0).astype(np.int32),
    )


def weekday_shares(history: History, keys: tuple[Texts, ...], known_day: Days) -> Floats:
    """Return the share of each weekday in the last `WINDOW` days, drawn towards the wider keys, shape (n, WEEKDAYS)."""
    return history.hazards(keys, known_day, WINDOW).hazard[:, :WEEKDAYS]
