"""The stage `ingest`: one source folder in, canonical Parquet tables and a report out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parcelcast.errors import InputError
from pipelines.ingest.olist import read_olist
from pipelines.ingest.report import Report
from pipelines.ingest.storage import STORED, conformed, write_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOURCES = ("canonical", "olist")


def ingest(
    source: str,
    data: Path,
    out: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Read a source folder and write canonical tables (`<table>.parquet`) and `ingest_report.json` to `out`."""
    if source not in SOURCES:
        raise InputError(f"unknown source {source!r}; expected one of {', '.join(SOURCES)}")
    report = Report(source)
    frames = read_olist(data, report, progress)
    for name, frame in frames.items():
        progress(f"writing {name}")
        table = conformed(frame, STORED[name])
        write_table(table, STORED[name], out)
        report.written(name, table)
    report.write(out)
    return report
