"""The feature catalogue in docs/features.md, written from the columns themselves.

Each evaluation writes it again beside its report, with what its models make of the columns.

python -m features.catalogue > docs/features.md
"""

import sys
from collections.abc import Iterator, Mapping, Sequence

from features import hubs, lanes, loads, origins, weather
from features.assembly import ALL_COLUMNS
from features.columns import Column, Worth
from features.history import SHRINKAGE
from features.landmarks import LIVING_COLUMNS

_TITLE = "# Features\n\n"
_WRITTEN = """\
Written by `python -m features.catalogue > docs/features.md` from the column contract; do not edit by hand.

In how many rows a column is empty, and what the model gains by it, depends on the history: `./run evaluate`, a stage of
`./run dvc repro`, writes this page with both to `reports/evaluation/features.md`, and `./run backtest` writes it to
`features.md` in its `--out`, there for parcels on their way too.

"""
_MEASURED = """\
Written by an evaluation, of its own models and orders. *Empty* is the share of the orders forecast for which the column
has no value (of a column of day d: of their first three weeks). *Gain* is the column's share of the loss that all
splits saved in training: of the hazard, and of the second opinion (docs/adr/0011), which looks at no single day. The
two do not add up, and a column that tells much the same as another shares its gain with it.

"""
_RULES = f"""- Every column is known at the instant of the order, and training and serving make it by the same code.
- History holds what was recorded before the UTC day of the order. A delivery that is recorded late counts as open until
  the day of its record. Parcels still under way count for as long as they have been, so that history is not biased
  towards fast parcels.
- Ages are counted in open days: those on which the carrier delivers at the destination, or the origin works.
- Each level of history is drawn towards the next wider one as if it had seen {SHRINKAGE:.0f} of its parcels; a level
  without parcels says what the wider one says.
- Lanes widen in this order: {", ".join(reversed(lanes.LEVELS))}. A lane is a pair of areas with
  carrier and service, a region a pair of regions with them. What these are is told by section `places` of `params.yaml`
  (docs/places.md): the first two characters of the postal code and ISO 3166-2 regions, unless it says otherwise.
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


_WORTH = ("Empty", "Gain, hazard", "Gain, second opinion")
_ON_THE_WAY = """## All columns, of parcels on their way

As the living model's hazard sees them, at instants sampled as those that it learned from: right after news and in the
silence between, more of rare stages than their share.

"""

# When the newest fact that a column can hold was known.
_KNOWN = dict.fromkeys(_TITLES, "before the UTC day of the order") | dict.fromkeys(
    ("calendar", "parcel"), "with the order"
)
_KNOWN["progress"] = "before the instant of the forecast"


def catalogue() -> str:
    """Return the page in Markdown."""
    return "\n".join([_TITLE + _WRITTEN + _RULES, *_families(LIVING_COLUMNS, None)])


def measured_catalogue(at_order: Mapping[str, Worth], on_the_way: Mapping[str, Worth] | None = None) -> str:
    """Return the page with what models make of the columns: that of order time, and that of parcels on their way."""
    parts = [_TITLE + _MEASURED + _RULES, *_families(ALL_COLUMNS, at_order)]
    if on_the_way:
        rows = [(f"`{name}`", *_shares(one)[:2]) for name, one in on_the_way.items()]
        parts.append(_ON_THE_WAY + _lines([("Column", *_WORTH[:2]), *rows]))
    return "\n".join(parts)


def _families(columns: Sequence[Column], worth: Mapping[str, Worth] | None) -> Iterator[str]:
    for family, title in _TITLES.items():
        if mine := [one for one in columns if one.family == family]:
            yield f"## {title}\n\n{_table(mine, worth)}"


def _table(columns: Sequence[Column], worth: Mapping[str, Worth] | None) -> str:
    rows = [("Column", "Unit", "Meaning", "Known", "Empty when", *(_WORTH if worth else ()))]
    for one in columns:
        told = (f"`{one.name}`", _unit(one), one.description, _KNOWN[one.family], one.unknown or "never")
        rows.append((*told, *_shares(worth[one.name])) if worth else told)
    return _lines(rows)


def _shares(worth: Worth) -> tuple[str, str, str]:
    second = "" if worth.second_gain is None else f"{worth.second_gain:.2%}"
    return f"{worth.empty:.1%}", f"{worth.gain:.2%}", second


def _lines(rows: Sequence[tuple[str, ...]]) -> str:
    heads, *others = rows
    return "".join(f"| {' | '.join(row)} |\n" for row in (heads, ("---",) * len(heads), *others))


def _unit(column: Column) -> str:
    return "category" if column.categorical else column.unit


if __name__ == "__main__":
    sys.stdout.write(catalogue())
