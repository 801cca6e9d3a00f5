"""Lanes: the relation that a parcel travels on."""

from dataclasses import dataclass
from typing import Self

from parcelcast.place import Place, area_of


@dataclass(frozen=True, slots=True)
class Lane:
    """Origin to destination with a carrier's service; an area is what `parcelcast.place.area_of` says."""

    origin_country: str
    origin_area: str
    destination_country: str
    destination_area: str
    carrier: str | None = None
    service: str | None = None

    @classmethod
    def between(cls, origin: Place, destination: Place, carrier: str | None = None, service: str | None = None) -> Self:
        """Lane between two places."""
        return cls(origin.country, area_of(origin), destination.country, area_of(destination), carrier, service)

    @property
    def is_domestic(self) -> bool:
        """Whether the parcel stays in its country."""
        return self.origin_country == self.destination_country
