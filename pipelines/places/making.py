"""`./run places`: GeoNames' files become one table of places."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parcelcast.place import PlaceIndex
from parcelcast.place_table import REFERENCE, read_rows, write_rows
from pipelines.places.geonames import BadLines, Entry, read_geonames
from pipelines.places.table import place_rows
from pipelines.progress import SILENT, Tell

DEFAULT_TABLE = Path("data/places/places.csv.gz")


@dataclass(frozen=True)
class Made:
    """A table of places and what was set aside on the way, by file."""

    table: Path
    places: int
    countries: tuple[str, ...]
    bad: dict[str, BadLines]

    def __str__(self) -> str:
        lines = [f"{self.table}: {self.places:,} rows; GeoNames' codes of {', '.join(self.countries)}"]
        lines += [f"{file}: set aside {bad}" for file, bad in self.bad.items() if bad.total]
        return "\n".join(lines)


def make_table(files: Sequence[Path], out: Path = DEFAULT_TABLE, tell: Tell = SILENT) -> Made:
    """Merge GeoNames' files with our own table into `out`, and read it back; DataError names what is wrong, and where.

    The table is whole or absent, and the same files give the same bytes.
    """
    entries: list[Entry] = []
    bad = {}
    for path in files:
        tell(f"reading {path.name}")
        read = read_geonames(path)
        entries += read.entries
        bad[str(path)] = read.bad
    tell("merging")
    rows = list(place_rows(entries, list(read_rows(REFERENCE))))
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".new-{out.name}")
    write_rows(rows, fresh)
    tell("reading it back")
    PlaceIndex.from_csv(fresh)
    fresh.replace(out)
    return Made(out, len(rows), tuple(sorted({entry.country for entry in entries})), bad)
