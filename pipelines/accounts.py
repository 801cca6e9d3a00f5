"""What an ingest and its gates did, in a few lines for the terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.ingest.report import Report

_SHOWN = 4


def ingest_account(report: "Report") -> str:
    """Return what was read, what was set aside or taken out by column, and the words that no code table knows."""
    lines = [f"read {_counts(report.rows_read)} (rows)"]
    for table, reasons in report.reasons.items():
        aside, repaired = report.rows_quarantined.get(table, 0), report.rows_repaired.get(table, 0)
        rows = "row" if aside == 1 else "rows"
        lines.append(f"{table}: {aside:,} {rows} set aside, {repaired:,} with a value taken out: {_counts(reasons)}")
    if report.unknown_codes:
        unknown = (f"{column}: {_counts(codes)}" for column, codes in report.unknown_codes.items())
        lines.append(f"words that no code table knows: {'; '.join(unknown)}")
    if report.restored_postal_codes:
        lines.append(f"postal codes that got a leading zero back: {_counts(report.restored_postal_codes)}")
    return "\n".join(lines)


def validation_account(summary: Mapping[str, Any], docs: Path) -> str:
    """Return how many rows passed, the rules that others broke, and where the whole account is.

    >>> rules = {"delivered_before_order": {"rows": 2}, "weight_g_out_of_range": {"rows": 0}}
    >>> print(validation_account({"tables": {"shipments": {"rows": 9, "passed": 7, "rules": rules}}}, Path("docs")))
    passed shipments 7 of 9
    found shipments: delivered_before_order 2
    every rule with examples: docs/index.html
    """
    tables = summary["tables"]
    lines = ["passed " + ", ".join(f"{name} {one['passed']:,} of {one['rows']:,}" for name, one in tables.items())]
    broken = {
        name: {rule: found["rows"] for rule, found in one["rules"].items() if found["rows"]}
        for name, one in tables.items()
    }
    if any(broken.values()):
        lines.append("found " + "; ".join(f"{name}: {_counts(rules)}" for name, rules in broken.items() if rules))
    return "\n".join([*lines, f"every rule with examples: {docs / 'index.html'}"])


def _counts(numbers: Mapping[str, int]) -> str:
    most = sorted(numbers.items(), key=lambda one: -one[1])
    more = f", and {len(most) - _SHOWN} more" if len(most) > _SHOWN else ""
    return ", ".join(f"{name} {count:,}" for name, count in most[:_SHOWN]) + more
