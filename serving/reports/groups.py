"""Counts of parcels by group: the largest groups for themselves, the rest together."""

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

MOST_GROUPS = 20
MOST_HELD = 10_000

Key = tuple[str | None, ...]
V = TypeVar("V", bound=Hashable)


class Groups(Generic[V]):
    """Counts of what became of parcels, by words that shops choose freely; so there is an end to them.

    >>> groups = Groups[bool](most=1)
    >>> for carrier, is_late in [("a", True), ("b", False), ("b", True), ("c", False)]:
    ...     groups.add((carrier,), is_late)
    >>> groups.largest, groups.others
    ([(('b',), Counter({False: 1, True: 1}))], Counter({True: 1, False: 1}))
    """

    def __init__(self, most: int = MOST_GROUPS, held: int = MOST_HELD) -> None:
        """Tell ``most`` groups apart in the end, and ``held`` while counting: parcels of further ones are others."""
        self._most = most
        self._held = held
        self._counts: dict[Key, Counter[V]] = {}
        self._beyond: Counter[V] = Counter()

    def add(self, key: Key, value: V) -> None:
        """Count a parcel."""
        if key not in self._counts and len(self._counts) >= self._held:
            self._beyond[value] += 1
        else:
            self._counts.setdefault(key, Counter())[value] += 1

    @property
    def largest(self) -> list[tuple[Key, Counter[V]]]:
        """The groups with the most parcels, and by name where those are as many; the unknown name is the first."""
        return self._ranked()[: self._most]

    @property
    def others(self) -> Counter[V]:
        """The parcels of all other groups."""
        return sum((counts for _, counts in self._ranked()[self._most :]), self._beyond)

    def _ranked(self) -> list[tuple[Key, Counter[V]]]:
        return sorted(self._counts.items(), key=lambda one: (-one[1].total(), _order(one[0])))


def _order(key: Key) -> list[tuple[bool, str]]:
    return [(name is not None, name or "") for name in key]
