"""Tables of places as CSV files: ours in data/reference, and larger ones that `./run places` makes."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from parcelcast.errors import DataError

REFERENCE = Path(__file__).parents[1] / "data" / "reference" / "places.csv"
COLUMNS = ("country", "postal_prefix", "city", "region", "time_zone", "latitude", "longitude")
# Of a table that was made by a program: rows of kind "city" are found by name, cells are H3's.
CELL_COLUMNS = ("region_cell", "area_cell")
MADE_COLUMNS = (*COLUMNS, "kind", *CELL_COLUMNS)
CITY = "city"


def read_rows(path: str | Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a UTF-8 CSV file with a header line, gzipped if named .gz; DataError if it cannot."""
    try:
        with _opened(Path(path)) as file:
            lines = csv.reader(file)
            columns = next(lines, [])
            for line in filter(None, lines):
                yield dict(zip(columns, line, strict=False))  # twice as fast as csv.DictReader
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"cannot be read ({error})",
            file=str(path),
            remedy=f"give a UTF-8 CSV file with columns {', '.join(COLUMNS)}",
        ) from error


def write_rows(rows: Iterable[Mapping[str, str]], path: Path) -> None:
    """Write rows with `MADE_COLUMNS`; the same rows give the same bytes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, MADE_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _opened(path: Path) -> io.TextIOBase:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")
