"""Places: tables made of GeoNames' postal codes, and the index that the stages find places with."""

from dataclasses import dataclass
from pathlib import Path

from parcelcast.errors import DataError
from parcelcast.place import PlaceIndex
from parcelcast.place_table import REFERENCE, read_rows
from parcelcast.regions import Grouping
from pipelines.places.cells import with_cells


@dataclass(frozen=True)
class PlacesParameters:
    """Section places of params.yaml: a table that `./run places` made, and what lanes are (`Grouping.parse`)."""

    region: str
    area: str
    table: Path | None


def read_places(parameters: PlacesParameters) -> PlaceIndex:
    """Return the index of the table, or of ours where none is named, that groups places as the parameters say."""
    grouping = Grouping.parse(parameters.region, parameters.area)
    table = parameters.table or REFERENCE
    if not table.is_file():
        raise DataError("there is no such table of places", file=str(table), remedy="make it with ./run places FILES")
    return PlaceIndex(with_cells(read_rows(table), grouping), str(table), grouping)
