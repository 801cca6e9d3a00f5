"""The feature catalogue in docs/features.md, written from the columns themselves.

Each evaluation writes it again beside its report, with what the model makes of the columns.

python -m features.catalogue > docs/features.md
"""

import sys
from collections.abc import Mapping, Sequence

from features import hubs, lanes, loads, origins, weather
from features.assembly import ALL_COLUMNS
from features.columns import Column, Worth
from features.history import SHRINKAGE
from features.landmarks import LIVING_COLUMNS

_HEAD = f"""# Features

Written by `python -m features.catalogue > docs/features.md` from the column contract; do not edit by hand.

- Every column is known at the instant of the order, and training and serving make it by the same code.
- History holds what was recorded before the UTC day of the order. A delivery that is recorded late counts as open until
  the day of its record. Parcels still under way count for as long as they have been, so that history is not biased
  towards fast parcels.
- Ages are counted in open days: those on which the carrier delivers at the destination, or the origin works.
- Each level of history is drawn towards the next wider one as if it had seen {SHRINKAGE:.0f} of its parcels; a level
  without parcels says what the wider one says.
- Lanes widen in this order: {", ".join(reversed(lanes.LEVELS))}. A lane is a pair of postal areas (the first two
  characters of the code) with carrier and service, a region a pair of ISO 3166-2 regions with them.
- Origins widen in this order: {", ".join(reversed(origins.LEVELS))}.
- Carrier load comes from scans, each from the day on which it was recorded. It is told by carrier, and widens in this
  order: {", ".join(reversed(loads.DEPOT_LEVELS))} of the destination; {", ".join(reversed(loads.DEPARTURE_LEVELS))} of
  the origin; {", ".join(reversed(hubs.LEVELS[: hubs.TOLD]))} of the parcels at a hub. Parcels are expected to get on as
  they did at their age in the last {loads.USUAL} days: those that did not are missed departures.
- An order's usual first hub is the one at which most of the carrier's parcels from the origin's area began in the
  last {loads.USUAL} days; its usual last hub the one that most of those to the destination's area came to next. Where
  the area tells of none, its region does.
- Weather is what had been issued before the UTC day of the order, the latest word for each day; forecasts more than
  {weather.LAST} days ahead of the order are left out. Severity is 0 to 3, how far a day goes beyond the
  lowest level of an official warning of wind, fresh snow or rain.
- For parcels on their way all columns are told as if the order were placed now, and those of progress are added
  (docs/living.md).
- Besides its columns the model reads the lane's hazards by age over the last {lanes.WINDOW} days.
"""
_TITLES = {
    "calendar": "Calendar",
    "parcel": "Parcel and way",
    "lane": "Lane",
    "origin": "Origin",
    "load": "Carrier load",
    "regime": "Regime",
    "weather": "Weather",
    "progress": "Progress, of parcels on their way",
}


# When the newest fact that a column can hold was known.
_KNOWN = dict.fromkeys(_TITLES, "before the UTC day of the order") | dict.fromkeys(
    ("calendar", "parcel"), "with the order"
)
_KNOWN["progress"] = "before the instant of the forecast"


def catalogue(worth: Mapping[str, Worth] | None = None) -> str:
    """Return the page in Markdown; with `worth` the columns of the order-time model, and what it makes of them."""
    parts, columns = [_HEAD], ALL_COLUMNS if worth else LIVING_COLUMNS
    for family, title in _TITLES.items():
        if mine := [one for one in columns if one.family == family]:
            parts.append(f"## {title}\n\n{_table(mine, worth)}")
    return "\n".join(parts)


def _table(columns: Sequence[Column], worth: Mapping[str, Worth] | None) -> str:
    heads = ("Column", "Unit", "Meaning", "Known", "Empty when", *(("Empty", "Gain") if worth else ()))
    rows = [heads, ("---",) * len(heads)]
    for one in columns:
        told = (f"`{one.name}`", _unit(one), one.description, _KNOWN[one.family], one.unknown or "never")
        mine = worth[one.name] if worth else None
        rows.append((*told, f"{mine.empty:.1%}", f"{mine.gain:.2%}") if mine else told)
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _unit(column: Column) -> str:
    return "category" if column.categorical else column.unit


if __name__ == "__main__":
    sys.stdout.write(catalogue())
