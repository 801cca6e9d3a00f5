"""What follows from the verdicts on a table: rows set aside, values taken out, counts, or a stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.ingest.evidence import Findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from parcelcast.tables import Table
    from pipelines.gates.door import Verdict

# When we learned of it is the event itself, where what was told cannot be.
_REFILLED = {
    "dispatched_recorded_at": "dispatched_at",
    "delivered_recorded_at": "delivered_at",
    "recorded_at": "occurred_at",
}


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A table after its gates: what passed, the evidence of the rest, and the rules that stop the stage."""

    table: Table
    rows: int
    passed: pd.DataFrame
    evidence: pd.DataFrame
    verdicts: Sequence[Verdict]
    stops: Sequence[Verdict]

    def summary(self) -> dict[str, Any]:
        """Return the counts of the table and of each rule as JSON values."""
        outcomes = self.evidence["outcome"].value_counts()
        return {
            "rows": self.rows,
            "passed": len(self.passed),
            "quarantined": int(outcomes.get("quarantined", 0)),
            "repaired": int(outcomes.get("repaired", 0)),
            "rules": {
                verdict.rule.name: {
                    "action": verdict.rule.action,
                    "rows": len(verdict.bad),
                    "share": round(verdict.share, 6),
                }
                for verdict in self.verdicts
            },
        }


def apply(table: Table, frame: pd.DataFrame, verdicts: Sequence[Verdict], critical_share: float) -> Judged:
    """Set aside, repair and count the rows of a frame as the verdicts say.

    A rule of action "stop" that anything breaks stops; so does one that would set aside more than `critical_share` of
    the rows, because then the file is wrong and not the rows.
    """
    findings = Findings()
    repaired = frame.copy()
    for verdict in verdicts:
        rule = verdict.rule
        if rule.action == "quarantine":
            findings.quarantine(verdict.bad, f"{rule.name}: {rule.reason}")
        elif rule.action == "repair":
            findings.repair(verdict.bad, f"{rule.name}: {rule.reason}; taken out: {', '.join(rule.clears)}")
            repaired.loc[verdict.bad, list(rule.clears)] = None
    for column, event in _REFILLED.items():
        if column in repaired:
            repaired[column] = repaired[column].fillna(repaired[event])
    return Judged(
        table=table,
        rows=len(frame),
        passed=findings.kept(repaired),
        evidence=findings.evidence(frame),
        verdicts=verdicts,
        stops=[verdict for verdict in verdicts if _stops(verdict, critical_share)],
    )


def _stops(verdict: Verdict, critical_share: float) -> bool:
    if verdict.rule.action == "stop":
        return len(verdict.bad) > 0
    critical = verdict.rule.action == "quarantine" and not verdict.rule.may_be_many
    return critical and verdict.share > critical_share
