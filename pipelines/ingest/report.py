"""What an ingest did, in numbers: rows read and written, codes mapped, rows rejected, time span."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from pipelines.ingest.evidence import Findings

# An unknown code list can be as long as the table; the most frequent ones tell the story.
_CODES_SHOWN = 50


@dataclass
class Report:
    """Counts of one ingest; filled while it runs."""

    source: str
    rows_read: dict[str, int] = field(default_factory=dict)
    rows_written: dict[str, int] = field(default_factory=dict)
    rows_quarantined: dict[str, int] = field(default_factory=dict)
    rows_repaired: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, dict[str, int]] = field(default_factory=dict)
    ignored_columns: dict[str, list[str]] = field(default_factory=dict)
    mapped_codes: dict[str, dict[str, int]] = field(default_factory=dict)
    unknown_codes: dict[str, dict[str, int]] = field(default_factory=dict)
    clock_change_rows: dict[str, int] = field(default_factory=dict)
    restored_postal_codes: dict[str, int] = field(default_factory=dict)
    assumed_origins: int = 0
    first_order: str | None = None
    last_order: str | None = None

    def read(self, file: str, rows: int) -> None:
        """Note the rows of a source file."""
        self.rows_read[file] = rows

    def ignored(self, file: str, columns: list[str]) -> None:
        """Note the columns that stayed in a source file."""
        if columns:
            self.ignored_columns[file] = columns

    def rejected(self, table: str, findings: Findings) -> None:
        """Note the rows set aside and the rows in which a value was taken out while reading, and why."""
        if len(findings.quarantined):
            self.rows_quarantined[table] = len(findings.quarantined)
        if findings.repaired_count:
            self.rows_repaired[table] = findings.repaired_count
        counts = Counter(reason.split(":")[0] for reasons in findings.reasons.values() for reason in reasons)
        if counts:
            self.reasons[table] = dict(counts.most_common())

    def clock_changes(self, column: str, rows: int) -> None:
        """Note local times that a clock change made ambiguous or impossible; zero is not worth a line."""
        if rows:
            self.clock_change_rows[column] = rows

    def restored(self, column: str, rows: int) -> None:
        """Note postal codes that got their leading zeros back."""
        if rows:
            self.restored_postal_codes[column] = self.restored_postal_codes.get(column, 0) + rows

    def codes(self, table: str, column: str, raw: pd.Series, known: pd.Series) -> None:
        """Count the raw codes of a column, those of the code table and those it does not know."""
        for target, rows in ((self.mapped_codes, known), (self.unknown_codes, ~known & raw.notna())):
            counts = Counter({str(code): int(n) for code, n in raw[rows].value_counts().items()})
            if counts:
                target[f"{table}.{column}"] = dict(counts.most_common(_CODES_SHOWN))

    def written(self, table: str, frame: pd.DataFrame) -> None:
        """Note the rows of a canonical table, and the time span of the orders."""
        self.rows_written[table] = len(frame)
        if table == "shipments":
            self.first_order = frame["ordered_at"].min().isoformat()
            self.last_order = frame["ordered_at"].max().isoformat()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return dict(vars(self))

    def write(self, folder: Path) -> None:
        """Write `ingest_report.json`."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        (folder / "ingest_report.json").write_text(text + "\n", encoding="utf-8")
