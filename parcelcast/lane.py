"""Lanes: the relation that a parcel travels on, and the wider relations to fall back to."""

from dataclasses import dataclass
from typing import Self

from parcelcast.place import Place

# Most specific first; the words of `Evidence.level`.
LEVELS = ("lane", "region", "country", "carrier", "all")

LaneKey = tuple[str | None, ...]


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

    def fallbacks(self) -> tuple[LaneKey, ...]:
        """One key per level of ``LEVELS``, most specific first; a key begins with its level.

        >>> for key in Lane("DE", "04", "AT", "10", "kranich", "standard").fallbacks():
        ...     print(key)
        ('lane', 'DE', '04', 'AT', '10', 'kranich', 'standard')
        ('region', 'DE', 'AT', '10', 'kranich')
        ('country', 'DE', 'AT', 'kranich')
        ('carrier', 'kranich')
        ('all',)
        """
        countries = (self.origin_country, self.destination_country)
        return (
            ("lane", self.origin_country, self.origin_area, self.destination_country, self.destination_area,
             self.carrier, self.service),
            ("region", *countries, self.destination_area, self.carrier),
            ("country", *countries, self.carrier),
            ("carrier", self.carrier),
            ("all",),
        )  # fmt: skip
