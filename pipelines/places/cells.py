"""H3 cells as regions: the only module that needs the library h3, and only when cells are asked for."""

from collections.abc import Iterable, Iterator, Mapping

import h3  # type: ignore[import-untyped]

from parcelcast.place_table import CELL_COLUMNS
from parcelcast.regions import Grouping


def with_cells(rows: Iterable[Mapping[str, str]], grouping: Grouping) -> Iterator[dict[str, str]]:
    """Add to each row the cells of its position that the grouping asks for, "" where it has none.

    The server needs no h3: it reads the cells from the table in its bundle.

    >>> rows = [{"latitude": "48.14", "longitude": "11.58"}, {"latitude": "", "longitude": ""}]
    >>> [row["area_cell"] for row in with_cells(rows, Grouping.parse("iso", "h3:4"))]
    ['841f8d7ffffffff', '']
    """
    kinds = zip(CELL_COLUMNS, (grouping.region, grouping.area), strict=True)
    wanted = [(column, regions.size) for column, regions in kinds if regions.kind == "h3"]
    for row in rows:
        yield {**row, **{column: _cell(row, resolution) for column, resolution in wanted}}


def _cell(row: Mapping[str, str], resolution: int) -> str:
    latitude, longitude = row["latitude"].strip(), row["longitude"].strip()
    return str(h3.latlng_to_cell(float(latitude), float(longitude), resolution)) if latitude and longitude else ""
