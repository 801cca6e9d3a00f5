"""The mapping file: how a shop's own export becomes canonical tables. YAML, checked with messages that teach.

See `data/reference/mappings/example.yaml` for a commented example of everything it can say.
"""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from parcelcast.calendar import zone
from parcelcast.errors import DataError, InputError
from parcelcast.scan import CODES
from parcelcast.tables import DELIVERY_MODES, STATUSES, TABLES, Column, Table
from pipelines.ingest.privacy import is_personal
from pipelines.ingest.reading import Dialect
from pipelines.ingest.units import FACTORS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

VOCABULARIES = {
    ("shipments", "status"): STATUSES,
    ("shipments", "delivery_mode"): DELIVERY_MODES,
    ("scans", "code"): CODES,
}

_TABLE_KEYS = ("file", "encoding", "delimiter", "decimal", "time_zone", "columns")
_COLUMN_KEYS = ("column", "constant", "unit", "time_zone", "format", "codes", "plausible")


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Where one canonical column comes from; exactly one of `column` (a foreign name) and `constant` is set."""

    column: str | None = None
    constant: str | None = None
    unit: str | None = None
    time_zone: str | None = None
    format: str | None = None
    codes: dict[str, str] | None = None
    plausible: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How one foreign file is written, and its columns by canonical name."""

    file: str
    dialect: Dialect = field(default_factory=Dialect)
    columns: dict[str, ColumnMapping] = field(default_factory=dict)
    time_zone: str | None = None

    def of(self, name: str) -> ColumnMapping:
        """Return the mapping of a canonical column; one that is not named is taken from the column of the same name."""
        return self.columns.get(name, ColumnMapping(column=name))


@dataclass(frozen=True, slots=True)
class Mapping:
    """A whole mapping file; `version` is written to the scans it maps."""

    version: str | None = None
    tables: dict[str, TableMapping] = field(default_factory=dict)

    def table(self, name: str) -> TableMapping:
        """Return the mapping of a canonical table; one that is not named is taken from the file of the same name."""
        return self.tables.get(name, TableMapping(name))


def load_mapping(path: Path | None) -> Mapping:
    """Read and check a mapping file; None is the mapping that changes nothing.

    Everything that is wrong with it is told at once (DataError), by its place in the file.
    """
    if path is None:
        return Mapping()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        remedy = "name a mapping file that is there and may be read"
        raise DataError(f"cannot be read ({error.strerror})", file=str(path), remedy=remedy) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(
            f"cannot be read as YAML ({error})", file=str(path), remedy="give a UTF-8 YAML file, indented with spaces"
        ) from error
    return read_mapping(document, str(path))


def read_mapping(document: Any, source: str) -> Mapping:
    """Check the content of a mapping file and return it; `source` names it in messages."""
    check = _Check()
    mapping = check.mapping(document)
    if check.problems:
        told = "\n".join(f"- {problem}" for problem in check.problems)
        raise DataError(
            f"{len(check.problems)} mistake{'s' if len(check.problems) > 1 else ''} in the mapping:\n{told}\n",
            file=source,
            remedy="correct these places; data/reference/mappings/example.yaml shows every key",
        )
    return mapping


class _Check:
    """One pass over the document that collects problems instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def mapping(self, document: Any) -> Mapping:
        values = self._keys("mapping", document, ("version", "tables"))
        tables = self._keys("tables", values.get("tables"), TABLES)
        version = values.get("version")
        return Mapping(
            version=None if version is None else str(version),
            tables={name: self._table(TABLES[name], body) for name, body in tables.items()},
        )

    def _table(self, table: Table, body: Any) -> TableMapping:
        at = f"tables.{table.name}"
        values = self._keys(at, body, _TABLE_KEYS)
        columns = self._keys(f"{at}.columns", values.get("columns") or {}, table.column_names)
        dialect = {
            key: self._text(f"{at}.{key}", values[key]) for key in ("encoding", "delimiter", "decimal") if key in values
        }
        if len(mark := dialect.get("delimiter", ",")) != 1 or not mark.isascii() or mark in '"\r\n':
            self._wrong(f"{at}.delimiter", f'{mark!r}; expected one character such as ";", or "\\t" for a tab')
        if (decimal := dialect.get("decimal", ".")) not in {".", ","}:
            self._wrong(f"{at}.decimal", f'{decimal!r}; expected "." or ","')
        return TableMapping(
            file=self._text(f"{at}.file", values.get("file", table.name)),
            dialect=Dialect(**dialect),
            columns={name: self._column(f"{at}.columns.{name}", table, name, body) for name, body in columns.items()},
            time_zone=self._time_zone(f"{at}.time_zone", values.get("time_zone")),
        )

    def _column(self, at: str, table: Table, name: str, body: Any) -> ColumnMapping:
        column = table[name]
        values = {"column": body} if isinstance(body, str) else self._keys(at, body, _COLUMN_KEYS)
        if ("column" in values) == ("constant" in values):
            self._wrong(at, "has to name either `column` (a column of the file) or `constant` (one value for all rows)")
        foreign = self._optional(at, values, "column", self._text)
        constant = values.get("constant")
        if column.dtype == "string" and isinstance(constant, (int, float)) and not isinstance(constant, bool):
            self._wrong(f"{at}.constant", f"YAML reads this as the number {constant}; put the text in quotes")
        if foreign is not None and is_personal(foreign):
            self._wrong(at, f"{foreign!r} looks like a person's name, street or contact; such columns are not taken in")
        return ColumnMapping(
            column=foreign,
            constant=self._optional(at, values, "constant", self._text),
            unit=self._unit(at, column, values.get("unit")),
            time_zone=self._zone_of_column(f"{at}.time_zone", column, values.get("time_zone")),
            format=self._format(at, column, values.get("format")),
            codes=self._codes(at, table, column, values.get("codes")),
            plausible=self._plausible(at, column, values.get("plausible")),
        )

    def _keys(self, at: str, body: Any, known: Collection[str]) -> dict[str, Any]:
        """Return the known keys of a mapping node; others are problems, with the nearest known key."""
        if not isinstance(body, dict):
            self._wrong(at, f"is {_told(body)}; expected keys such as {', '.join(list(known)[:4])}")
            return {}
        for key in body:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
                hint = f"; did you mean {near[0]!r}?" if near else f"; expected one of {', '.join(known)}"
                self._wrong(at, f"unknown key {key!r}{hint}")
        return {key: value for key, value in body.items() if key in known}

    def _optional(self, at: str, values: dict[str, Any], key: str, read: Callable[[str, Any], str]) -> str | None:
        return read(f"{at}.{key}", values[key]) if key in values else None

    def _text(self, at: str, value: Any) -> str:
        if isinstance(value, bool):
            self._wrong(at, f"YAML reads this word as {value}; put it in quotes, such as 'NO'")
        elif isinstance(value, (dict, list)) or value is None:
            self._wrong(at, f"is {_told(value)}; expected a text")
        return composed(str(value))

    def _zone_of_column(self, at: str, column: Column, value: Any) -> str | None:
        if value is not None and column.dtype != "instant":
            self._wrong(at, f"{column.name} is no instant (it is a {column.dtype}); remove the key")
            return None
        return self._time_zone(at, value)

    def _time_zone(self, at: str, value: Any) -> str | None:
        if value is None:
            return None
        try:
            return zone(str(value)).key
        except InputError as error:
            self._wrong(at, str(error))
            return None

    def _unit(self, at: str, column: Column, value: Any) -> str | None:
        known = FACTORS.get(column.unit, {})
        if value is None or value in known:
            return None if value is None else str(value)
        expected = (
            f"expected one of {', '.join(known)}" if known else f"{column.name} has no unit to convert; remove the key"
        )
        self._wrong(f"{at}.unit", f"unknown unit {value!r}; {expected}")
        return None

    def _format(self, at: str, column: Column, value: Any) -> str | None:
        if value is None:
            return None
        if column.dtype not in {"instant", "date"} or "%" not in str(value):
            self._wrong(
                f"{at}.format", f"{value!r}; expected a strptime pattern such as '%d.%m.%Y %H:%M', for a time or date"
            )
            return None
        try:
            pd.to_datetime(["?"], format=str(value), errors="coerce")
        except ValueError as error:
            self._wrong(f"{at}.format", f"{value!r} is no strptime pattern ({error})")
        return str(value)

    def _codes(self, at: str, table: Table, column: Column, value: Any) -> dict[str, str] | None:
        if value is None:
            return None
        if not isinstance(value, dict) or column.dtype != "string":
            self._wrong(
                f"{at}.codes",
                f"is {_told(value)} for {column.name}; expected a table 'their code: our code' for a text",
            )
            return None
        vocabulary = VOCABULARIES.get((table.name, column.name))
        codes = {}
        for theirs, ours in value.items():
            place = f"{at}.codes.{theirs}"
            codes[self._text(place, theirs)] = self._text(place, ours)
            if vocabulary is not None and ours not in vocabulary:
                near = difflib.get_close_matches(str(ours), vocabulary, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(vocabulary)}"
                self._wrong(place, f"{ours!r} is not in our vocabulary; {hint}")
        return codes

    def _plausible(self, at: str, column: Column, value: Any) -> tuple[float, float] | None:
        if value is None:
            return None
        numbers = isinstance(value, list) and len(value) == 2 and all(type(limit) in {int, float} for limit in value)
        if not numbers or not value[0] < value[1] or column.dtype not in {"float", "int"}:
            self._wrong(
                f"{at}.plausible",
                f"{value!r}; expected [lowest, highest] median of a number, in {column.unit or 'its unit'}",
            )
            return None
        return float(value[0]), float(value[1])

    def _wrong(self, at: str, problem: str) -> None:
        self.problems.append(f"{at}: {problem}")


def composed(text: str) -> str:
    """Return a text with its umlauts in one character each (NFC): files from a Mac often have them in two."""
    return unicodedata.normalize("NFC", text)


def _told(value: Any) -> str:
    return "empty" if value is None else f"a {type(value).__name__}"
