"""Which origin sends which line: a small exact search for the earliest day on which everything has come."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from serving.promises.cart import Cart, Parcel

# Partial plans looked at before the best one found so far is given, and said to be only that.
SEARCH_LIMIT = 3_000

# What a plan is judged by, smaller is better: first the day, then the number of parcels, then the expected wait.
Score = tuple[date, int, float]
Judge = Callable[[Sequence[Parcel]], Score]


@dataclass(frozen=True, slots=True)
class Plan:
    """A way to send the whole cart. `exact` says that no other assignment of lines to origins is better."""

    parcels: tuple[Parcel, ...]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class _Class:
    """Lines that can come from the same places after the same handling: no plan gains by parting them."""

    lines: tuple[int, ...]
    handling: Mapping[str, int]


def needs(cart: Cart) -> tuple[Parcel, ...]:
    """One parcel for each origin and handling time that a plan could use, with all lines that could be in it."""
    found: dict[tuple[str, int], tuple[int, ...]] = {}
    for line in cart.lines:
        for origin_id, handling in line.handling.items():
            found[origin_id, handling] = tuple(
                number
                for number, other in enumerate(cart.lines)
                if other.handling.get(origin_id, handling + 1) <= handling
            )
    return tuple(Parcel(origin_id, handling, lines) for (origin_id, handling), lines in found.items())


def assign(cart: Cart, judge: Judge, limit: int = SEARCH_LIMIT) -> Plan:
    """Return the best plan with one parcel per origin used.

    `judge` scores parcels that stand for an origin and a handling time; it must never get better when a parcel is added
    or waits longer, which holds for the day by which all parcels have come. Depth-first with that bound, lines of the
    same signature kept together; exact unless it needs more than `limit` scores.
    """
    return _Search(cart, judge, limit).run()


def together(cart: Cart, judge: Judge) -> Plan | None:
    """Return the best plan with everything in one parcel; None when no origin can send every line."""
    common = [name for name in cart.lines[0].handling if all(name in line.handling for line in cart.lines)]
    everything = range(len(cart.lines))
    plans = [Plan((cart.parcel_of(name, everything),)) for name in common]
    return min(plans, key=lambda plan: judge(plan.parcels), default=None)


def split(cart: Cart, judge: Judge) -> Plan:
    """Return the plan in which each line travels alone, from the origin that brings it first."""
    parcels = []
    for number, line in enumerate(cart.lines):
        choices = [Parcel(name, handling, (number,)) for name, handling in line.handling.items()]
        parcels.append(min(choices, key=lambda parcel: judge((parcel,))))
    return Plan(tuple(parcels))


class _Search:
    def __init__(self, cart: Cart, judge: Judge, limit: int) -> None:
        self._cart = cart
        self._judge = judge
        self._left = limit
        self._best: tuple[Score, dict[str, list[int]]] | None = None
        self._seen: set[tuple[int, frozenset[tuple[str, int]]]] = set()
        grouped: dict[tuple[tuple[str, int], ...], list[int]] = {}
        for number, line in enumerate(cart.lines):
            grouped.setdefault(line.signature, []).append(number)
        classes = [_Class(tuple(lines), dict(signature)) for signature, lines in grouped.items()]
        self._classes = sorted(classes, key=lambda found: len(found.handling))

    def run(self) -> Plan:
        self._extend(0, {}, {})
        assert self._best is not None  # every line has a candidate
        chosen = self._best[1]
        return Plan(tuple(self._cart.parcel_of(name, sorted(lines)) for name, lines in chosen.items()), self._left > 0)

    def _extend(self, depth: int, waits: dict[str, int], lines: dict[str, list[int]]) -> None:
        """Place class `depth` in every way that can still win. `waits` holds the handling days per origin in use."""
        if depth == len(self._classes):
            score = self._score(waits)
            if self._best is None or score < self._best[0]:
                self._best = (score, lines)
            return
        if (state := (depth, frozenset(waits.items()))) in self._seen:
            return
        self._seen.add(state)
        found = self._classes[depth]
        ways = [(name, {**waits, name: max(days, waits.get(name, 0))}) for name, days in found.handling.items()]
        for score, name, after in sorted(((self._score(after), name, after) for name, after in ways), key=_by_score):
            if self._best is not None and (self._left <= 0 or score[:2] > self._best[0][:2]):
                return
            self._extend(depth + 1, after, {**lines, name: [*lines.get(name, []), *found.lines]})

    def _score(self, waits: Mapping[str, int]) -> Score:
        self._left -= 1
        return self._judge([Parcel(name, days, ()) for name, days in waits.items()])


def _by_score(way: tuple[Score, str, dict[str, int]]) -> tuple[Score, str]:
    return way[0], way[1]
