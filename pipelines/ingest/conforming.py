"""One foreign frame as one canonical table, column by column: parsed, converted, translated; failures are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from parcelcast.address import UNKNOWN_COUNTRY, normalise_country
from parcelcast.errors import DataError
from parcelcast.scan import UNKNOWN_CODE
from pipelines.ingest.evidence import Findings
from pipelines.ingest.mapping import VOCABULARIES, composed
from pipelines.ingest.storage import conformed
from pipelines.ingest.units import FACTORS, PLAUSIBLE_MEDIANS
from pipelines.ingest.values import Parsed, Where, parse_booleans, parse_dates, parse_instants, parse_numbers, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from parcelcast.tables import Column, Table
    from pipelines.ingest.mapping import ColumnMapping, TableMapping
    from pipelines.ingest.report import Report

TEXT = pd.StringDtype("pyarrow")
_EMPTY_IS_A_VALUE = {("weather_daily", "region")}  # the whole country
_EXPECTED = {
    "instant": "a time such as 2024-05-31T14:05:00+02:00",
    "date": "a date such as 2024-05-31",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
}


@dataclass(frozen=True, slots=True)
class Conformer:
    """Turns the text (or Parquet) columns of one file into the columns of one canonical table.

    Values that cannot be read are taken out and noted: the row is set aside when the column is required, else only the
    value is lost. A column in which more than `critical_share` of the values fail is a broken file: DataError. So are
    countries that are no code, and words that are not in our vocabulary; only codes of scans may all be unknown.
    """

    table: Table
    mapping: TableMapping
    path: Path
    report: Report
    critical_share: float

    def conform(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, Findings]:
        """Return all columns of the table (see `storage.conformed`) and what was found wrong with single rows."""
        findings = Findings()
        columns = {}
        for column in self.table.columns:
            mapping = self.mapping.of(column.name)
            if mapping.constant is not None:
                source = pd.Series(mapping.constant, index=frame.index, dtype=TEXT)
            elif mapping.column in frame:
                source = frame[mapping.column]
            else:
                continue
            columns[column.name] = self._column(column, mapping, source, findings)
        return conformed(pd.DataFrame(columns, index=frame.index), self.table), findings

    def where(self, column: str) -> Where:
        """Return the place of a canonical column for messages: the file, and the foreign name where it has one."""
        foreign = self.mapping.of(column).column
        return Where(str(self.path), column if foreign in {None, column} else f"{foreign} ({column})")

    def _column(self, column: Column, mapping: ColumnMapping, source: pd.Series, findings: Findings) -> pd.Series:
        if column.dtype == "string":
            parsed = self._text(column, mapping, source)
        else:
            parsed = self._parsed(column, mapping, source)
        self._note_unread(column, source, parsed.bad, findings)
        if column.required:
            self._note_missing(column, parsed, findings)
        if column.dtype in {"float", "int"}:
            self._check_median(column, mapping, parsed.result)
        return parsed.result

    def _parsed(self, column: Column, mapping: ColumnMapping, source: pd.Series) -> Parsed:
        if column.dtype == "instant":
            time_zone = mapping.time_zone or self.mapping.time_zone
            parsed = parse_instants(source, self.where(column.name), time_zone, mapping.format)
            self.report.clock_changes(f"{self.table.name}.{column.name}", parsed.clock_change_rows)
            return parsed
        if column.dtype == "date":
            return parse_dates(source, mapping.format)
        if column.dtype == "bool":
            return parse_booleans(source)
        parsed = parse_numbers(source, self.mapping.dialect.decimal)
        if column.dtype == "int":
            fraction = parsed.result.notna() & (parsed.result != np.floor(parsed.result))
            return Parsed(parsed.result.mask(fraction).astype("Int64"), parsed.bad | fraction)
        factor = FACTORS[column.unit][mapping.unit] if mapping.unit else 1.0
        return Parsed(parsed.result * factor, parsed.bad)

    def _text(self, column: Column, mapping: ColumnMapping, source: pd.Series) -> Parsed:
        raw = source.astype(TEXT).str.strip()
        raw = raw.fillna("") if (self.table.name, column.name) in _EMPTY_IS_A_VALUE else raw.mask(raw == "")
        values = self._translated(column, mapping, raw)
        if column.name.endswith("country"):
            told, values = values, per_value(values, normalise_country)
            unknown = (values == UNKNOWN_COUNTRY) & (told.str.upper() != UNKNOWN_COUNTRY)
            self._refuse_unknown(column, raw, unknown, "an ISO 3166-1 alpha-2 code such as DE")
        return Parsed(values, pd.Series(data=False, index=source.index))

    def _translated(self, column: Column, mapping: ColumnMapping, raw: pd.Series) -> pd.Series:
        """Apply the code table; words outside of our vocabulary are counted and lost (scans: info_only)."""
        vocabulary = VOCABULARIES.get((self.table.name, column.name))
        if mapping.codes is None and vocabulary is None:
            return raw
        codes = mapping.codes or {}
        raw = per_value(raw, composed)
        known = raw.isin(list(codes) if mapping.codes is not None else list(vocabulary or ()))
        if vocabulary is not None and mapping.codes is not None:
            known |= raw.isin(list(vocabulary))
        if mapping.constant is None:
            self.report.codes(self.table.name, column.name, raw, known)
        values = raw.astype(object).map(codes).astype(TEXT).fillna(raw)
        if vocabulary is None:
            return values
        if column.name == "code":
            values = values.mask(~known & raw.notna(), UNKNOWN_CODE)
        values = values.where(values.isin(list(vocabulary)))
        self._refuse_unknown(column, raw, values.isna() & raw.notna(), f"one of {', '.join(vocabulary)}")
        return values

    def _refuse_unknown(self, column: Column, raw: pd.Series, unknown: pd.Series, expected: str) -> None:
        rows = unknown.fillna(value=False).astype(bool)
        if rows.sum() <= self.critical_share * len(raw):
            return
        at = self.where(column.name)
        commonest = raw[rows].value_counts().head(3).items()
        raise DataError(
            f"{int(rows.sum()):,} of {len(raw):,} values are not {expected} "
            f"({', '.join(f'{count:,} times {word!r}' for word, count in commonest)})",
            file=at.file,
            column=at.column,
            remedy="add `codes` to the column in the mapping: a table 'their code: our code'",
        )

    def _note_unread(self, column: Column, source: pd.Series, bad: pd.Series, findings: Findings) -> None:
        rows = np.flatnonzero(bad.to_numpy(dtype=bool))
        if not len(rows):
            return
        if len(rows) > self.critical_share * len(source):
            at = self.where(column.name)
            raise DataError(
                f"{len(rows):,} of {len(source):,} values are not {_EXPECTED[column.dtype]} ({shown(source, bad)})",
                file=at.file,
                column=at.column,
                remedy="export the column again, or state its `format`, `decimal` or `codes` in the mapping",
            )
        texts = [f"{column.name}: {source.iloc[row]!r} is not {_EXPECTED[column.dtype]}" for row in rows]
        (findings.quarantine if column.required else findings.repair)(rows, texts)

    def _note_missing(self, column: Column, parsed: Parsed, findings: Findings) -> None:
        rows = np.flatnonzero((parsed.result.isna() & ~parsed.bad).to_numpy(dtype=bool))
        if not len(rows):
            return
        if len(rows) > self.critical_share * len(parsed.bad):
            at = self.where(column.name)
            raise DataError(
                f"{len(rows):,} of {len(parsed.bad):,} values are missing, and no row can do without",
                file=at.file,
                column=at.column,
                rows=[int(row) + 1 for row in rows[:5]],
                remedy="export the column, or give a `constant` in the mapping",
            )
        findings.quarantine(rows, f"{column.name} is missing")

    def _check_median(self, column: Column, mapping: ColumnMapping, values: pd.Series) -> None:
        """Refuse a column whose median no parcel shop has: nearly always another unit than stated."""
        low_high = mapping.plausible or PLAUSIBLE_MEDIANS.get(column.name)
        known = values[values > 0]
        if low_high is None or known.empty or low_high[0] <= (median := float(known.median())) <= low_high[1]:
            return
        at = self.where(column.name)
        outside = (values < low_high[0]) | (values > low_high[1])
        raise DataError(
            f"the median is {median:,.6g} {column.unit}, expected {low_high[0]:,.6g} to {low_high[1]:,.6g}"
            f"{_other_unit(column, mapping, median, low_high)} ({shown(values, outside.fillna(value=False))})",
            file=at.file,
            column=at.column,
            remedy="state the file's `unit` in the mapping, or `plausible: [lowest, highest]` if the shop is like that",
        )


def refuse_repeated(frame: pd.DataFrame, key: list[str], path: Path) -> None:
    """Raise DataError when rows of a file share their id; rows without id are another check's business."""
    repeated = frame.duplicated(key, keep=False) & frame[key].notna().all(axis="columns")
    if repeated.any():
        first = frame.loc[repeated, key].drop_duplicates().head(3)
        ids = "; ".join(", ".join(str(value) for value in row) for row in first.itertuples(index=False))
        raise DataError(
            f"{int(repeated.sum()):,} rows share their id with another row ({ids})",
            file=str(path),
            column=", ".join(key),
            rows=[int(str(row)) + 1 for row in frame.index[repeated][:6]],
            remedy="export each row once; a join with another table often repeats them",
        )


def per_value(values: pd.Series, translate: Callable[[str], str | None]) -> pd.Series:
    """Translate text value by value, each distinct one once; missing stays missing."""
    table = {value: translate(value) for value in values.dropna().unique()}
    return values.astype(object).map(table).astype(TEXT)


def _other_unit(column: Column, mapping: ColumnMapping, median: float, low_high: tuple[float, float]) -> str:
    factors = FACTORS.get(column.unit, {})
    in_file = median / factors.get(mapping.unit or column.unit, 1.0)
    fits = [unit for unit, factor in factors.items() if low_high[0] <= in_file * factor <= low_high[1]]
    return f"; it would fit if the file is in {' or '.join(fits)}" if fits else ""
