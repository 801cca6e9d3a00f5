"""Rows that were not taken as they came: set aside or repaired, each with its reasons, kept for anybody to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.ingest.storage import arrow_schema, conformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from parcelcast.tables import Table

Outcome = Literal["quarantined", "repaired"]


class Findings:
    """What was found wrong with single rows of one table: the reasons by row, and which rows cannot stay."""

    def __init__(self) -> None:
        self._reasons: dict[int, list[str]] = {}
        self._quarantined: set[int] = set()

    def quarantine(self, rows: Iterable[int], reasons: str | Iterable[str]) -> None:
        """Note rows (positions) that cannot be used, with one reason for all or one each."""
        positions = list(rows)
        self._note(positions, reasons)
        self._quarantined.update(positions)

    def repair(self, rows: Iterable[int], reasons: str | Iterable[str]) -> None:
        """Note rows (positions) that stay, with a value taken out."""
        self._note(list(rows), reasons)

    @property
    def reasons(self) -> Mapping[int, list[str]]:
        """The reasons by position of the row."""
        return self._reasons

    @property
    def quarantined(self) -> np.ndarray:
        """Positions of the rows that cannot be used, ascending."""
        return np.array(sorted(self._quarantined), dtype=np.int64)

    @property
    def repaired_count(self) -> int:
        """How many rows stay with a value taken out."""
        return len(self._reasons) - len(self._quarantined)

    def kept(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that can be used, with a fresh index."""
        mask = np.ones(len(frame), dtype=bool)
        mask[self.quarantined] = False
        return frame[mask].reset_index(drop=True)

    def evidence(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the noted rows as they came, with the columns `outcome` and `reasons` (a list of sentences)."""
        rows = sorted(self._reasons)
        noted = frame.iloc[rows].copy()
        noted["outcome"] = ["quarantined" if row in self._quarantined else "repaired" for row in rows]
        noted["reasons"] = [self._reasons[row] for row in rows]
        return noted.reset_index(drop=True)

    def _note(self, positions: list[int], reasons: str | Iterable[str]) -> None:
        texts = [reasons] * len(positions) if isinstance(reasons, str) else reasons
        for row, reason in zip(positions, texts, strict=True):
            self._reasons.setdefault(int(row), []).append(reason)


def evidence_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of a table's evidence: its own columns, then outcome and reasons."""
    added = [pa.field("outcome", pa.string()), pa.field("reasons", pa.list_(pa.string()))]
    return pa.schema([*arrow_schema(table), *added])


def write_evidence(evidence: pd.DataFrame, table: Table, folder: Path) -> None:
    """Write `<folder>/<table>.parquet`; without rows nothing is written, and an older file is removed."""
    path = folder / f"{table.name}.parquet"
    if evidence.empty:
        path.unlink(missing_ok=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    frame = conformed(evidence, table).assign(outcome=evidence["outcome"], reasons=evidence["reasons"])
    arrow = pa.Table.from_pandas(frame, schema=evidence_schema(table), preserve_index=False)
    pq.write_table(arrow.replace_schema_metadata(None), path, compression="zstd")


def load_evidence(table: Table, folder: Path) -> pd.DataFrame | None:
    """Read `<folder>/<table>.parquet`; None where nothing was noted."""
    path = folder / f"{table.name}.parquet"
    if not path.is_file():
        return None
    arrow = pq.read_table(path)
    frame = conformed(arrow.drop(["outcome", "reasons"]).to_pandas(date_as_object=False), table)
    return frame.assign(outcome=arrow["outcome"].to_pylist(), reasons=arrow["reasons"].to_pylist())
