"""Reading GeoNames' files of postal codes: tab separated, UTF-8, 12 columns, as .txt, .txt.gz or .zip.

The columns are told in the readme of https://download.geonames.org/export/zip/; the data is GeoNames', under CC BY 4.0.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from parcelcast.address import UNKNOWN_COUNTRY, normalise_country, normalise_postal_code
from parcelcast.errors import DataError

COLUMNS = 12
_FEW = 10  # bad lines that any file may have
_BAD_SHARE = 0.01
_FETCH = "download the country's file again from https://download.geonames.org/export/zip/"


class Entry(NamedTuple):
    """One place of a postal code; ``admin1`` is GeoNames' code of the first division, positions are degrees."""

    country: str
    code: str
    city: str
    admin1: str
    latitude: float
    longitude: float


@dataclass
class BadLines:
    """Lines that were set aside: how many for each reason, and the first of them by number."""

    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)

    def add(self, reason: str, line: int) -> None:
        """Count a line."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        self.first.setdefault(reason, line)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    def __str__(self) -> str:
        return "; ".join(
            f"{count:,} with {reason}, first in line {self.first[reason]}" for reason, count in self.counts.items()
        )


class GeoNames(NamedTuple):
    """What a file tells, and what could not be read of it."""

    entries: list[Entry]
    bad: BadLines


def read_geonames(path: Path) -> GeoNames:
    """Read one file; single bad lines are set aside and counted.

    DataError for a file that is absent, empty, truncated or of another kind, and for one with more than 10 bad lines
    that are more than 1 % of all: that is no slip but another format or encoding.
    """
    entries, bad, lines = [], BadLines(), 0
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        lines += 1
        try:
            entries.append(_entry(line))
        except ValueError as error:
            bad.add(_reason(error), number)
    if not lines:
        raise DataError("the file is empty", file=str(path), remedy=_FETCH)
    if not entries or bad.total > max(_FEW, _BAD_SHARE * lines):
        raise DataError(
            f"{bad.total:,} of {lines:,} lines cannot be used: {bad}",
            file=str(path),
            remedy=f"give GeoNames' postal codes: UTF-8, tab separated, {COLUMNS} columns; or {_FETCH}",
        )
    return GeoNames(entries, bad)


def _entry(line: bytes) -> Entry:
    parts = line.decode("utf-8").rstrip("\r\n").removeprefix("\ufeff").split("\t")
    if len(parts) != COLUMNS:
        raise ValueError(f"other than {COLUMNS} columns")
    country = normalise_country(parts[0])
    if country == UNKNOWN_COUNTRY:
        raise ValueError("no ISO 3166-1 country")
    code = normalise_postal_code(country, parts[1])
    if not code:
        raise ValueError("no postal code")
    return Entry(country, code, parts[2].strip(), parts[4].strip(), _degrees(parts[9], 90), _degrees(parts[10], 180))


def _degrees(text: str, limit: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -limit <= value <= limit:
        raise ValueError("coordinates that are no degrees")
    return value


def _reason(error: ValueError) -> str:
    return "bytes that are not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _lines(path: Path) -> Iterator[bytes]:
    line = 0
    try:
        with _opened(path) as file:
            for line, content in enumerate(file, start=1):  # noqa: B007 - told when the next one cannot be read
                yield content
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        where = f" after line {line}" if line else ""
        raise DataError(f"cannot be read{where} ({error})", file=str(path), remedy=_FETCH) from error


def _opened(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if path.suffix == ".zip":
        return _zipped(path)
    return path.open("rb")


def _zipped(path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    names = [name for name in archive.namelist() if name.endswith(".txt") and "readme" not in name.lower()]
    if len(names) != 1:
        archive.close()
        raise DataError(
            f"the archive holds {len(names)} files of postal codes ({', '.join(names[:5])}); expected one",
            file=str(path),
            remedy=_FETCH,
        )
    return archive.open(names[0])
