"""How places are grouped for the history of lanes: by ISO 3166-2 region, postal prefix or H3 cell."""

import re
from dataclasses import dataclass
from typing import Literal, Self

from parcelcast.errors import InputError

_FORM = re.compile(r"iso|(prefix|h3):(\d{1,2})")
_LONGEST_PREFIX = 8
_FINEST_CELL = 15


@dataclass(frozen=True)
class Regions:
    """One kind of region: ``size`` is the number of characters of a postal prefix, or the resolution of an H3 cell."""

    kind: Literal["iso", "prefix", "h3"] = "iso"
    size: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "iso", "prefix:N" (N from 1 to 8) or "h3:N" (N from 0 to 15); InputError for anything else.

        >>> Regions.parse("prefix:3"), str(Regions.parse("iso"))
        (Regions(kind='prefix', size=3), 'iso')
        """
        match = _FORM.fullmatch(text)
        if match and match[1] is None:
            return cls()
        if match and match[1] == "prefix" and 1 <= int(match[2]) <= _LONGEST_PREFIX:
            return cls("prefix", int(match[2]))
        if match and match[1] == "h3" and int(match[2]) <= _FINEST_CELL:
            return cls("h3", int(match[2]))
        raise InputError(
            f"{text!r} is no kind of region; expected iso, prefix:1 to prefix:{_LONGEST_PREFIX}, or h3:0 to "
            f"h3:{_FINEST_CELL}"
        )

    def __str__(self) -> str:
        return self.kind if self.kind == "iso" else f"{self.kind}:{self.size}"

    def key(self, region: str | None, postal_code: str, cell: str | None) -> str:
        """Return the region of a place within its country, "" when it is not known."""
        match self.kind:
            case "iso":
                return region or ""
            case "prefix":
                return postal_code[: self.size]
            case "h3":
                return cell or ""


ISO = Regions()
TWO_CHARACTERS = Regions("prefix", 2)


@dataclass(frozen=True)
class Grouping:
    """The ends of a lane, wide (``region``) and narrow (``area``): history widens from areas to regions."""

    region: Regions = ISO
    area: Regions = TWO_CHARACTERS

    @classmethod
    def parse(cls, region: str, area: str) -> Self:
        """Read both; InputError for unknown kinds, and for areas that are not smaller than regions of their kind."""
        grouping = cls(Regions.parse(region), Regions.parse(area))
        if grouping.region.kind == grouping.area.kind and grouping.area.size <= grouping.region.size:
            raise InputError(f"regions are {region} and areas {area}; expected areas to be smaller than regions")
        return grouping


GROUPING = Grouping()
