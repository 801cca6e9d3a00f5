"""The stage `ingest`: one source folder in, canonical Parquet tables and a report out."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from parcelcast.errors import InputError
from pipelines.ingest.canonical import read_canonical
from pipelines.ingest.evidence import write_evidence
from pipelines.ingest.mapping import load_mapping
from pipelines.ingest.olist import read_olist
from pipelines.ingest.report import Report
from pipelines.ingest.storage import STORED, conformed, write_table
from pipelines.progress import SILENT

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.ingest.canonical import Ingested
    from pipelines.progress import Tell

SOURCES = ("canonical", "olist")
REJECTED = "rejected"
CRITICAL_SHARE = 0.05


def ingest(
    source: str,
    data: Path,
    out: Path,
    mapping: Path | None = None,
    progress: Tell = SILENT,
    *,
    critical_share: float = CRITICAL_SHARE,
) -> Report:
    """Read a source folder and write canonical tables (`<table>.parquet`) and `ingest_report.json` to `out`.

    `source` is one of SOURCES; a `mapping` file tells how foreign files become canonical ones. Rows with unreadable
    values go to `out/rejected`, with their reasons, for the validation to count. A broken file raises DataError, and
    so does a column in which more than `critical_share` of the values cannot be read. Older tables are removed.
    """
    if source not in SOURCES:
        raise InputError(f"unknown source {source!r}; expected one of {', '.join(SOURCES)}")
    if mapping is not None and source != "canonical":
        raise InputError(f"the source {source} brings its own mapping; use --mapping with the source canonical only")
    report = Report(source)
    if source == "olist":
        ingested = read_olist(data, report, critical_share, progress)
    else:
        ingested = read_canonical(data, load_mapping(mapping), report, critical_share, progress)
    _write(ingested, out, report, progress)
    return report


def _write(ingested: Ingested, out: Path, report: Report, progress: Tell) -> None:
    shutil.rmtree(out / REJECTED, ignore_errors=True)
    for name, table in STORED.items():
        (out / f"{name}.parquet").unlink(missing_ok=True)
        if name not in ingested.frames:
            continue
        progress(f"writing {name}")
        frame = conformed(ingested.frames[name], table)
        write_table(frame, table, out)
        report.written(name, frame)
        if name in ingested.evidence:
            write_evidence(ingested.evidence[name], table, out / REJECTED)
    report.write(out)
