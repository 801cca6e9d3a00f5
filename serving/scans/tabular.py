"""Scans in CSV: columns have the names of JSON; commas, semicolons or tabs; UTF-8."""

import csv
import re
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import accumulate, islice

from parcelcast.errors import DataError
from serving.scans.lines import Line, LongLine
from serving.scans.rows import ScanRow

# A text may have line breaks in it, but a quotation mark that is never closed must not swallow the file.
_MOST_LINES = 10
_DELIMITERS = ",;\t"
_ROUNDED = re.compile(r"\d+[.,]\d+E[+-]\d+")
_NUMBERS = ("utc_offset_min", "leg")


class Header:
    """The columns of a file."""

    def __init__(self, line: bytes, file: str) -> None:
        """Read a header; DataError for columns that no scan has, or that every scan needs."""
        self._file = file
        text = line.decode("utf-8-sig", "replace").rstrip("\r\n")
        if "\r" in text:
            remedy = "save the file with the line ends of Unix (LF) or Windows (CR LF)"
            raise DataError("its lines end in CR alone", file=file, remedy=remedy)
        if not text:
            raise DataError("the first line is blank, or the file is empty", file=file, remedy="begin with a header")
        known = set(ScanRow.__annotations__)
        self.delimiter = max(_DELIMITERS, key=text.count)
        self.columns = [name.strip() for name in next(csv.reader([text], delimiter=self.delimiter), [])]
        unknown = [name for name in self.columns if name not in known]
        remedy = f"rename or remove it; a scan has {', '.join(sorted(known))}"
        if unknown:
            raise DataError("no scan has this column", file=file, column=unknown[0] or "without a name", remedy=remedy)
        if len(set(self.columns)) < len(self.columns):
            raise DataError("the header names a column twice", file=file, remedy="keep one of them")
        for wanted in (("occurred_at",), ("code", "raw_code"), ("tracking_number", "shipment_id")):
            if not set(wanted) & set(self.columns):
                raise DataError(f"no column {' or '.join(wanted)}", file=file, remedy="add it")

    def row(self, text: bytes) -> dict[str, object] | None:
        """Return the values of a row, empty ones left out; None when it has another number of values.

        DataError for a tracking number that a spreadsheet rounded: other parcels of the file have the same.
        """
        try:
            # Bytes that are not UTF-8 become halves of characters, which no text of a scan may hold.
            told = text.decode("utf-8", "surrogateescape").rstrip("\r\n")
            found = list(csv.reader(StringIO(told, newline=""), delimiter=self.delimiter, strict=True))
        except csv.Error:
            return None
        if [len(values) for values in found] != [len(self.columns)]:
            return None
        row: dict[str, object] = {name: value for name, value in zip(self.columns, found[0], strict=True) if value}
        if _ROUNDED.fullmatch(number := str(row.get("tracking_number", ""))):
            raise DataError(
                f"{number!r} is no tracking number: a spreadsheet rounded it",
                file=self._file,
                column="tracking_number",
                remedy="format the column as text and export the file again",
            )
        for name in _NUMBERS:
            number = str(row.get(name, ""))
            if number.removeprefix("-").isdecimal() and len(number) < _MOST_LINES:
                row[name] = int(number)
        return row


def records(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Join lines to records: a line with an open quotation mark goes on in the next ones.

    A mark that is not closed within ten lines is a mistake of its own line.

    >>> lines = [Line(text, len(text)) for text in (b'a,b', b'a,"b', b'c"', b'"a,b')]
    >>> [len(record) for record in records(lines)]
    [1, 2, 1]
    """
    rest = iter(lines)
    ahead: list[Line] = []
    while ahead := [*ahead, *islice(rest, _MOST_LINES - len(ahead))]:
        marks = accumulate(0 if isinstance(line.told, LongLine) else line.told.count(b'"') for line in ahead)
        length = next((number for number, count in enumerate(marks, 1) if count % 2 == 0), 1)
        yield ahead[:length]
        del ahead[:length]
