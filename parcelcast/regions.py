"""How places are grouped into the regions that history is counted by: ISO 3166-2, postal prefixes or H3 cells."""

import re
from dataclasses import dataclass
from typing import Literal, Self

from parcelcast.errors import InputError

_FORM = re.compile(r"iso|(prefix|h3):(\d{1,2})")
_LONGEST_PREFIX = 8
_FINEST_CELL = 15


@dataclass(frozen=True)
class Regions:
    """What a region is: ``size`` is the number of characters of a postal prefix, or the resolution of an H3 cell."""

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
            f"regions are {text!r}; expected iso, prefix:1 to prefix:{_LONGEST_PREFIX}, or h3:0 to h3:{_FINEST_CELL}"
        )

    def __str__(self) -> str:
        return self.kind if self.kind == "iso" else f"{self.kind}:{self.size}"


ISO = Regions()
