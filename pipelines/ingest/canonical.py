"""Files in our own columns, or in a shop's with a mapping file, as canonical tables."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from parcelcast.address import is_whole_postal_code, normalise_postal_code, with_leading_zeros
from parcelcast.calendar import WorkingCalendar
from parcelcast.errors import DataError
from parcelcast.place import PlaceIndex
from parcelcast.tables import ORIGINS, TABLES, Table
from pipelines.ingest.conforming import TEXT, Conformer, per_value, refuse_repeated
from pipelines.ingest.dispatching import planned_dispatch_dates, plans_of, told_dispatch_dates
from pipelines.ingest.reading import SUFFIXES, find_file, listed, read_frame
from pipelines.ingest.storage import conformed

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.ingest.mapping import Mapping, TableMapping
    from pipelines.ingest.report import Report
    from pipelines.progress import Tell

# Required by the canonical table, but filled in when the file has no such column.
FILLED = {"scans": {"scan_id", "recorded_at"}, "origins": {"calendar", "handling_days"}}
_MOSTLY = 0.5
_SCAN_IDENTITY = ["shipment_id", "occurred_at", "code", "raw_code", "facility_id", "place"]


class Ingested(NamedTuple):
    """Canonical frames by table name, and the rows that were set aside or repaired while reading."""

    frames: dict[str, pd.DataFrame]
    evidence: dict[str, pd.DataFrame]


def read_canonical(folder: Path, mapping: Mapping, report: Report, critical_share: float, tell: Tell) -> Ingested:
    """Read every canonical table that the folder has a file for; shipments must be there, the others may be absent.

    What is missing and can be known is filled in: when we learned of an event (at once), local offsets, ids of scans,
    calendars of origins (by their place) and the planned dispatch. A broken file raises DataError.
    """
    ingested = Ingested({}, {})
    for table in TABLES.values():
        path = find_file(folder, mapping.table(table.name).file)
        if path is not None:
            tell(f"reading {path.name}")
            conformer = Conformer(table, mapping.table(table.name), path, report, critical_share)
            _read_table(conformer, mapping.version, ingested)
    frames = ingested.frames
    if "shipments" not in frames:
        stem = mapping.table("shipments").file
        raise DataError(
            f"no such file; the folder holds {listed(folder)}",
            file=str(folder / stem),
            remedy=f"give a file {stem} ending in {' or '.join(SUFFIXES)}, or name yours in the mapping (`file`)",
        )
    tell("planning dispatch days")
    frames["origins"] = _all_origins(frames["shipments"], frames.get("origins"), report)
    frames["shipments"] = _filled_shipments(frames["shipments"], frames["origins"])
    return ingested


def _read_table(conformer: Conformer, version: str | None, into: Ingested) -> None:
    table, path, how = conformer.table, conformer.path, conformer.mapping
    required, optional = _wanted(table, how)
    raw, left = read_frame(path, required, optional, how.dialect)
    conformer.report.read(path.name, len(raw))
    conformer.report.ignored(path.name, left)
    frame, findings = conformer.conform(raw)
    if table.name == "scans":
        frame = _filled_scans(frame, raw, how, version)
    frame = _with_postal_codes(frame, table.name, conformer.report)
    kept = findings.kept(frame)
    if table.name != "scans":  # feeds send scans again as a matter of course; validation takes the copies out
        refuse_repeated(kept, list(table.key), path)
    into.frames[table.name] = kept
    into.evidence[table.name] = findings.evidence(frame)
    conformer.report.rejected(table.name, findings)


def _wanted(table: Table, how: TableMapping) -> tuple[list[str], list[str]]:
    """Return the foreign columns that must be in the file and those that may be."""
    required: list[str] = []
    optional: list[str] = []
    for column in table.columns:
        source = how.of(column.name)
        if source.column is None:
            continue
        must = column.name in how.columns or (column.required and column.name not in FILLED.get(table.name, ()))
        (required if must else optional).append(source.column)
    return required, optional


def _filled_scans(frame: pd.DataFrame, raw: pd.DataFrame, how: TableMapping, version: str | None) -> pd.DataFrame:
    """Fill in when we learned of a scan, its local offset, its raw code, and an id where the feed gives none."""
    frame["recorded_at"] = frame["recorded_at"].fillna(frame["occurred_at"])
    code = how.of("code").column
    if code in raw:
        theirs = raw[code].astype(TEXT)
        frame["raw_code"] = frame["raw_code"].fillna(theirs.where(theirs != frame["code"]))
    if version is not None:
        frame["map_version"] = frame["map_version"].fillna(version)
    if how.of("scan_id").column not in raw and how.of("scan_id").constant is None:
        hashes = pd.util.hash_pandas_object(frame[_SCAN_IDENTITY].astype(str), index=False)
        frame["scan_id"] = hashes.map("{:016x}".format).astype(TEXT)
    occurred = how.of("occurred_at")
    if frame["utc_offset_min"].isna().all():
        frame["utc_offset_min"] = _utc_offsets(
            raw.get(occurred.column), frame["occurred_at"], occurred.time_zone or how.time_zone
        )
    return frame


def _utc_offsets(source: pd.Series | None, occurred_at: pd.Series, time_zone: str | None) -> pd.Series:
    """Return local clock minus UTC in minutes: as written in the text, else by the stated time zone, else missing."""
    missing = pd.Series(pd.NA, index=occurred_at.index, dtype="Int64")
    if time_zone is not None:
        local = occurred_at.dt.tz_convert(time_zone).dt.tz_localize(None)
        minutes = (local - occurred_at.dt.tz_localize(None)).dt.total_seconds() / 60
        offsets: pd.Series = minutes.round().astype("Int64")
        return offsets
    if source is None or not isinstance(source.dtype, pd.StringDtype):
        return missing
    parts = source.astype(object).str.extract(r"([+-])(\d{2}):?(\d{2})$").astype(object)
    minutes = pd.to_numeric(parts[1]) * 60 + pd.to_numeric(parts[2])
    signed = minutes.where(parts[0] == "+", -minutes).astype("Int64")
    return signed.mask(source.str.endswith(("Z", "z")).fillna(value=False).astype(bool), 0)


def _with_postal_codes(frame: pd.DataFrame, table: str, report: Report) -> pd.DataFrame:
    """Normalise every postal code with its country, and restore zeros where most of a country's codes are whole.

    Where they are not, the shop may keep only the first digits.
    """
    for column in [str(name) for name in frame if str(name).endswith("postal_code")]:
        countries = frame[column.replace("postal_code", "country")].fillna("")
        for country in countries.unique():
            rows = countries == country
            codes = per_value(frame.loc[rows, column], partial(normalise_postal_code, str(country)))
            codes = codes.mask(codes == "")
            counts = codes.value_counts()
            whole = sum(count for code, count in counts.items() if is_whole_postal_code(str(country), str(code)))
            if whole > _MOSTLY * counts.sum():
                restored = per_value(codes, partial(with_leading_zeros, str(country)))
                report.restored(f"{table}.{column}", int((restored != codes).sum()))
                codes = restored
            frame.loc[rows, column] = codes
    return frame


def _all_origins(shipments: pd.DataFrame, origins: pd.DataFrame | None, report: Report) -> pd.DataFrame:
    """Return the origins with calendars; those that only shipments name are added with the calendar of their place."""
    known = conformed(pd.DataFrame(index=pd.RangeIndex(0)), ORIGINS) if origins is None else origins
    named = shipments[["origin_id", "merchant_id", "origin_country", "origin_postal_code"]].drop_duplicates("origin_id")
    new = named[~named["origin_id"].isin(known["origin_id"])]
    report.assumed_origins = len(new)
    new = new.rename(columns={"origin_country": "country", "origin_postal_code": "postal_code"})
    parts = [part for part in (known, conformed(new, ORIGINS)) if len(part)]
    every = pd.concat(parts, ignore_index=True)
    bare = every[every["calendar"].isna()]
    places = zip(bare["country"], bare["postal_code"], strict=True)
    every.loc[bare.index, "calendar"] = [_assumed_calendar(country, code) for country, code in places]
    every["handling_days"] = every["handling_days"].fillna(0)
    return every


def _assumed_calendar(country: str, postal_code: str | None) -> str:
    place = PlaceIndex.default().find(country, None if pd.isna(postal_code) else postal_code)
    calendar = WorkingCalendar(place.time_zone, holiday_country=place.country, holiday_region=place.region)
    return json.dumps(calendar.to_dict(), sort_keys=True)


def _filled_shipments(shipments: pd.DataFrame, origins: pd.DataFrame) -> pd.DataFrame:
    """Fill in when we learned of events (at once, where nobody says), and the planned dispatch where none was told."""
    for event in ("dispatched", "delivered"):
        recorded = f"{event}_recorded_at"
        shipments[recorded] = shipments[recorded].fillna(shipments[f"{event}_at"])
    plans = plans_of(origins)
    told = told_dispatch_dates(shipments["planned_dispatch_on"], shipments["ordered_at"], shipments["origin_id"], plans)
    open_ones = shipments[told.isna()]
    planned = planned_dispatch_dates(open_ones["ordered_at"], open_ones["origin_id"], plans)
    shipments["planned_dispatch_on"] = told.fillna(planned)
    return shipments
