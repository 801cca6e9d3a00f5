"""Lanes: the relation that a parcel travels on."""

from dataclasses import dataclass
from typing import Self

from parcelcast.place import Place


@dataclass(frozen=True, slots=True)
class Lane:
    """Origin to destination with a carrier's service; an area is the first two characters of the postal code."""

    origin_country: str
    origin_area: str
    destination_country: str
    destination_area: str
    carrier: str | None = None
    service: str | None = None

    @classmethod
    def between(cls, origin: Place, destination: Place, carrier: str | None = None, service: str | None = None) -> Self:
        """Lane between two places."""
        return cls(
            origin.country, origin.postal_code[:2], destination.country, destination.postal_code[:2], carrier, service
        )

    @property
    def is_domestic(self) -> bool:
        """Whether the parcel stays in its country."""
        return self.origin_country == self.destination_country
