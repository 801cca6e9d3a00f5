"""Foreign files as frames of text: found, unpacked, decoded and checked before anybody looks at a value."""

from __future__ import annotations

import difflib
import gzip
import io
import re
import unicodedata
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from parcelcast.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

SUFFIXES = (".parquet", ".csv", ".csv.gz")
_LISTED = 10
EXPORT_OR_REMOVE = "export it again, or remove it if there is no such data"
_WIDE_ENCODING_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# No text in a table of parcels has more lines than this; one that has swallowed the rows after it.
_MOST_LINES = 100
# Files that are not what their name says, by their first bytes.
_DISGUISES = {
    b"PK\x03\x04": ("a ZIP archive or an Excel workbook", "unpack it, or save the sheet as CSV in UTF-8"),
    b"\x1f\x8b": ("a gzip file", "name it .csv.gz"),
    b"PAR1": ("a Parquet file", "name it .parquet"),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text file is written: encoding, field delimiter, decimal mark."""

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."


PLAIN = Dialect()


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which columns to take from the file."""

    path: Path
    required: tuple[str, ...]
    optional: frozenset[str]

    def among(self, present: Sequence[str]) -> list[str]:
        """Return the columns to read in file order; absent required ones raise DataError with the nearest name."""
        missing = [name for name in self.required if name not in present]
        if not missing:
            return [name for name in present if name in self.required or name in self.optional]
        if len(present) == 1 and any(mark in present[0] for mark in ";\t|"):
            raise DataError(
                f"the header is one single column, {present[0]!r}",
                file=str(self.path),
                remedy="state the `delimiter` of the file in the mapping",
            )
        hints = []
        for name in missing:
            near = difflib.get_close_matches(name, present, n=1)
            hints.append(f"{name} (is it {near[0]!r}?)" if near else name)
        raise DataError(
            f"not in the file, which has {', '.join(present)}",
            file=str(self.path),
            column=", ".join(hints),
            remedy="export the column, or give its foreign name or a `{constant: ...}` in the mapping file",
        )


def find_file(folder: Path, name: str) -> Path | None:
    """Return the one file of a table in a folder (`name`, or `name` + .parquet, .csv or .csv.gz, in any case), or None.

    Several candidates are refused with DataError: nobody can tell which of them is the newer export. So is a folder
    that is none.
    """
    if not folder.is_dir():
        problem = "it is a file, expected a folder" if folder.exists() else "no such folder"
        raise DataError(problem, file=str(folder), remedy="name the folder that holds the files of the tables")
    ending = next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), "")
    names = {name.lower()} if ending else {f"{name}{suffix}".lower() for suffix in SUFFIXES}
    found = sorted(path for path in folder.iterdir() if path.name.lower() in names and path.is_file())
    if len(found) > 1:
        names_found = ", ".join(path.name for path in found)
        raise DataError(
            f"{len(found)} files for the table {name} ({names_found})", file=str(folder), remedy="leave one of them"
        )
    return found[0] if found else None


def listed(folder: Path) -> str:
    """Return the names of the first files of a folder, for a message.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as empty:
    ...     listed(pathlib.Path(empty))
    'nothing'
    """
    names = sorted(path.name for path in folder.iterdir())
    return ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "") if names else "nothing"


def read_frame(
    path: Path, required: Iterable[str], optional: Iterable[str] = (), dialect: Dialect = PLAIN
) -> tuple[pd.DataFrame, list[str]]:
    """Read columns of a CSV, CSV.gz or Parquet file; return the frame and the names of the columns left in the file.

    Text files give text columns (missing = NA, an empty field is missing), Parquet its own types. All `required`
    columns must exist; nothing but them and the `optional` ones is read. The index counts the rows from 0. A file that
    is absent, empty, truncated, in another encoding, ragged or without a required column raises DataError.
    """
    choice = _Choice(path, tuple(dict.fromkeys(required)), frozenset(optional))
    if not path.is_file():
        raise DataError("no such file", file=str(path), remedy="check the folder that is given as data")
    if path.stat().st_size == 0:
        raise DataError("the file is empty (0 bytes)", file=str(path), remedy=EXPORT_OR_REMOVE)
    table, present = (
        _read_parquet(path, choice) if path.suffix.lower() == ".parquet" else _read_text(path, choice, dialect)
    )
    if table.num_rows == 0:
        raise DataError("the file has a header but no rows", file=str(path), remedy=EXPORT_OR_REMOVE)
    return as_pandas(table), [name for name in present if name not in table.column_names]


def as_pandas(table: pa.Table) -> pd.DataFrame:
    """Turn Arrow into pandas: text Arrow-backed, dates datetime64 at midnight, nullable integers and booleans."""
    types = {
        pa.string(): pd.StringDtype("pyarrow"),
        pa.large_string(): pd.StringDtype("pyarrow"),
        pa.int64(): pd.Int64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }
    frame: pd.DataFrame = table.to_pandas(types_mapper=types.get, date_as_object=False, ignore_metadata=True)
    return frame


def unpack(path: Path) -> bytes:
    """Return the bytes of a file, decompressed when it is named .gz; a truncated or damaged gzip raises DataError."""
    raw = path.read_bytes()
    if path.suffix.lower() != ".gz":
        return raw
    try:
        return gzip.decompress(raw)
    except EOFError as error:
        raise DataError(
            f"the gzip file is truncated: it ends after {len(raw):,} bytes, before its end mark",
            file=str(path),
            remedy="fetch the file again; the transfer or the export was cut off",
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"not a sound gzip file ({error})",
            file=str(path),
            remedy="fetch it again; if it is plain text, name it .csv",
        ) from error


def _read_text(path: Path, choice: _Choice, dialect: Dialect) -> tuple[pa.Table, list[str]]:
    raw = unpack(path)
    if not raw.strip():
        raise DataError("the file holds no text", file=str(path), remedy=EXPORT_OR_REMOVE)
    for mark, (kind, remedy) in _DISGUISES.items():
        if raw.startswith(mark):
            raise DataError(f"the file is {kind}, expected text", file=str(path), remedy=remedy)
    text = _decoded(path, raw, dialect.encoding)
    header = _header(path, text, dialect)
    return _parse(path, text, header, choice.among(header), dialect), header


def _decoded(path: Path, raw: bytes, encoding: str) -> bytes:
    """Return the content as UTF-8 without byte-order mark; wrong encodings are told with the line they show in."""
    mark = _WIDE_ENCODING_MARKS.get(raw[:2])
    if mark and "16" not in encoding:
        raise DataError(
            f"the file is {mark}, expected {encoding}",
            file=str(path),
            remedy=f"export it as UTF-8, or state `encoding: {mark}` in the mapping",
        )
    try:
        text = raw.decode("utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"line {line} is not {encoding}: byte 0x{raw[error.start]:02x} at position {error.start:,}",
            file=str(path),
            rows=[line],
            remedy="export the file as UTF-8, or state its encoding in the mapping (often `encoding: windows-1252`)",
        ) from error
    except LookupError as error:
        raise DataError(
            f"unknown encoding {encoding!r}", file=str(path), remedy="use a name such as utf-8 or windows-1252"
        ) from error
    if "\x00" in text[:4096]:
        raise DataError(
            f"NUL characters in the text: it is not {encoding}", file=str(path), remedy="export the file as UTF-8"
        )
    return text.encode()


def _header(path: Path, text: bytes, dialect: Dialect) -> list[str]:
    first = text.split(b"\n", 1)[0]
    if not first.strip() or first.lower().startswith(b"sep="):
        raise DataError(
            f"the first line is {first.decode().strip() or 'blank'!r}, expected the names of the columns",
            file=str(path),
            rows=[1],
            remedy="remove the line, and state the `delimiter` of the file in the mapping",
        )
    reader = csv.read_csv(
        io.BytesIO(first + b"\n"),
        parse_options=csv.ParseOptions(delimiter=dialect.delimiter),
        read_options=csv.ReadOptions(use_threads=False),
    )
    names = [unicodedata.normalize("NFC", name.strip()) for name in reader.column_names]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            "the header names it more than once",
            file=str(path),
            column=", ".join(name or "without a name" for name in repeated),
            remedy="give each column its own name, and remove lines above those names",
        )
    return names


def _parse(path: Path, text: bytes, header: list[str], wanted: list[str], dialect: Dialect) -> pa.Table:
    ragged: list[tuple[int | None, int]] = []

    def note(row: csv.InvalidRow) -> str:
        ragged.append((row.number, row.actual_columns))
        return "skip"

    try:
        table = csv.read_csv(
            io.BytesIO(text),
            # one thread: only then the parser knows the number of a bad line
            read_options=csv.ReadOptions(use_threads=False, column_names=header, skip_rows=1, block_size=1 << 24),
            parse_options=csv.ParseOptions(
                delimiter=dialect.delimiter, newlines_in_values=True, invalid_row_handler=note, ignore_empty_lines=True
            ),
            convert_options=csv.ConvertOptions(
                column_types={name: pa.string() for name in header},
                include_columns=wanted,
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:  # a quotation mark that swallows more than the parser holds
        _refuse_open_quotes(path, text, dialect)
        raise DataError(f"not a sound CSV file ({error})", file=str(path), remedy="export it again") from error
    if text.rstrip(b"\r\n").count(b"\n") != table.num_rows + len(ragged):  # some values hold line ends
        _refuse_open_quotes(path, text, dialect)
    if ragged:
        shown = ", ".join(f"line {number} has {count}" for number, count in ragged[:3])
        raise DataError(
            f"{len(ragged)} {'row does' if len(ragged) == 1 else 'rows do'} not have the {len(header)} fields of the "
            f"header ({shown})",
            file=str(path),
            rows=[number for number, _ in ragged],
            remedy=f"export it again with quoted texts: it was cut off, or holds an unquoted {dialect.delimiter!r}",
        )
    return table


def _refuse_open_quotes(path: Path, text: bytes, dialect: Dialect) -> None:
    """Raise DataError for a value in quotation marks that goes on over lines and is not closed as values are."""
    mark = re.escape(dialect.delimiter.encode())
    quoted = rb'(?:\A|(?<=[\r\n%b]))"[^"]*+(?:""[^"]*+)*+(?P<closed>"(?=[\r\n%b]|\Z))?' % (mark, mark)
    for value in re.finditer(quoted, text):
        lines = value[0].count(b"\n")
        if lines and (value["closed"] is None or lines >= _MOST_LINES):
            line = text.count(b"\n", 0, value.start()) + 1
            raise DataError(
                f"line {line} opens a quotation mark that is not closed, and it takes in the {lines:,} lines after it",
                file=str(path),
                rows=[line],
                remedy='close it or remove it; a " within a quoted text is written twice',
            )


def _read_parquet(path: Path, choice: _Choice) -> tuple[pa.Table, list[str]]:
    try:
        with pq.ParquetFile(path) as file:
            present = list(file.schema_arrow.names)
            return file.read(columns=choice.among(present)), present
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"not a sound Parquet file ({error})", file=str(path), remedy="fetch it again; it was probably cut off"
        ) from error
