"""H3 cells as regions: the only module that needs the library h3, and only when cells are asked for."""

from collections.abc import Iterable, Iterator, Mapping

import h3  # type: ignore[import-untyped]


def with_cells(rows: Iterable[Mapping[str, str]], resolution: int) -> Iterator[dict[str, str]]:
    """Add the cell of each row's position as its `area`, "" where it has none.

    The server needs no h3: it reads the cells from the table in its bundle.

    >>> rows = [{"latitude": "48.14", "longitude": "11.58"}, {"latitude": "", "longitude": ""}]
    >>> [row["area"] for row in with_cells(rows, 4)]
    ['841f8d7ffffffff', '']
    """
    for row in rows:
        latitude, longitude = row["latitude"].strip(), row["longitude"].strip()
        known = latitude and longitude
        yield {**row, "area": h3.latlng_to_cell(float(latitude), float(longitude), resolution) if known else ""}
