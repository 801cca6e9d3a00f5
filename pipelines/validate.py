"""The stage `validate`: canonical tables in, sound tables out, and an account of every row that was not."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from parcelcast.errors import DataError
from pipelines.gates.deriving import derived
from pipelines.gates.docs import write_docs
from pipelines.gates.door import judge
from pipelines.gates.outcomes import Judged, apply
from pipelines.gates.rules import LATEST, SUITES
from pipelines.ingest.evidence import load_evidence, write_evidence
from pipelines.ingest.storage import STORED, load_tables, write_table
from pipelines.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipelines.gates.door import Verdict
    from pipelines.progress import Tell

CRITICAL_SHARE = 0.05
REJECTED = "rejected"
DOCS = "data_docs"


def validate(
    in_dir: Path,
    out_dir: Path,
    quarantine_dir: Path | None = None,
    critical_share: float = CRITICAL_SHARE,
    progress: Tell = SILENT,
    now: datetime | None = None,
    docs: Path | None = None,
) -> dict[str, Any]:
    """Judge the canonical tables of `in_dir` and write the sound ones to `out_dir`; return the summary.

    What is told of instants after `now` (aware) is set aside; without it, of those after this age. So a later run finds
    the same, unless something had not happened yet.

    Writes `validation.json` (the summary) to `out_dir`, `index.html` (readable without a network) to `docs` (default:
    `data_docs` in `out_dir`), and each row that was set aside or repaired, with its reasons, to `quarantine_dir`
    (default: `quarantine` beside `out_dir`). DataError when a rule that nothing may break is broken, or one rule would
    set aside more than `critical_share` of a table; the account is written before it is raised, the tables are not.
    """
    docs = docs or out_dir / DOCS
    quarantine = quarantine_dir or out_dir.parent / "quarantine"
    progress("reading canonical tables")
    tables = load_tables(in_dir)
    shutil.rmtree(out_dir, ignore_errors=True)
    shutil.rmtree(quarantine, ignore_errors=True)
    judged, results = _judged(tables, critical_share, now or datetime.fromisoformat(LATEST), progress)
    evidence = {name: _with_rejected(one, in_dir / REJECTED) for name, one in judged.items()}
    summary = _summary(judged, evidence, critical_share)
    progress("writing")
    out_dir.mkdir(parents=True)
    for name, rows in evidence.items():
        write_evidence(rows, STORED[name], quarantine)
    (out_dir / "validation.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    write_docs(docs, summary, judged, evidence, results)
    _stop_if_broken(judged, in_dir, docs, critical_share)
    for name, one in judged.items():
        write_table(one.passed, STORED[name], out_dir)
    return summary


def _judged(
    tables: Mapping[str, pd.DataFrame], critical_share: float, now: datetime, progress: Tell
) -> tuple[dict[str, Judged], dict[str, dict[str, Any]]]:
    judged: dict[str, Judged] = {}
    results = {}
    for name, rules in SUITES.items():
        if name not in tables:
            continue
        frame = tables[name]
        progress(f"judging {len(frame):,} {name}")
        passed = {other: one.passed for other, one in judged.items()}
        # only what the rules need: the library hashes every value it is given
        needed = frozenset().union(*(rule.looks_at for rule in rules))
        looked_at = pd.concat([frame, derived(name, frame, passed, now)], axis="columns")
        looked_at = looked_at[[column for column in looked_at if column in needed]]
        verdicts, results[name] = judge(name, looked_at, rules)
        judged[name] = apply(STORED[name], frame, verdicts, critical_share)
    return judged, results


def _with_rejected(judged: Judged, folder: Path) -> pd.DataFrame:
    """Return the evidence of a table together with that of the ingest before."""
    earlier = load_evidence(judged.table, folder)
    parts = [part for part in (earlier, judged.evidence) if part is not None and len(part)]
    return pd.concat(parts, ignore_index=True) if parts else judged.evidence


def _summary(
    judged: Mapping[str, Judged], evidence: Mapping[str, pd.DataFrame], critical_share: float
) -> dict[str, Any]:
    tables = {}
    for name, one in judged.items():
        counts = one.summary()
        unread = len(evidence[name]) - len(one.evidence)
        tables[name] = {**counts, "noted_while_reading": unread}
    return {
        "success": not any(one.stops for one in judged.values()),
        "critical_share": critical_share,
        "tables": tables,
    }


def _stop_if_broken(judged: Mapping[str, Judged], in_dir: Path, docs: Path, critical_share: float) -> None:
    stops = [(name, verdict) for name, one in judged.items() for verdict in one.stops]
    if not stops:
        return
    name, verdict = stops[0]
    others = f"; {len(stops) - 1} more rules stop it" if len(stops) > 1 else ""
    raise DataError(
        f"{len(verdict.bad):,} of {verdict.rows:,} rows ({verdict.share:.1%}): {verdict.rule.reason}{others}",
        file=str(in_dir / f"{name}.parquet"),
        column=", ".join(verdict.rule.columns),
        rows=[int(row) + 1 for row in verdict.bad[:6]],
        remedy=_remedy(verdict, critical_share) + f"; all findings are in {docs / 'index.html'}",
    )


def _remedy(verdict: Verdict, critical_share: float) -> str:
    if verdict.rule.action == "stop":
        return "correct these rows in the source and ingest again"
    return (
        f"more than {critical_share:.0%} of the rows break this rule: correct the export or its mapping, or raise "
        "critical_share if the data really is like that"
    )
