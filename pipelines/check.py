"""The stage `check`: judge the challenger, and let it become champion only if no check finds an issue."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.checks import Check, Evidence, Outcome, Verdict, may_be_promoted
from models.tracking import CHAMPION, Registry, Version

_MARKS = {Outcome.PASS: "pass ", Outcome.ISSUE: "ISSUE", Outcome.NOT_APPLICABLE: "n/a  "}


@dataclass(frozen=True)
class Judgement:
    """What the checks said of a version and whether it became champion."""

    version: Version
    verdicts: tuple[Verdict, ...]
    promoted: bool

    def __str__(self) -> str:
        lines = [f"{_MARKS[verdict.outcome]} {verdict.code}: {verdict.explanation}" for verdict in self.verdicts]
        outcome = "is the champion now" if self.promoted else "stays a challenger; the champion does not change"
        return "\n".join([*lines, f"version {self.version.number} {outcome}"])


def judge(registry: Registry, challenger: Version, evidence: Evidence, checks: Sequence[Check]) -> Judgement:
    """Run the checks on a challenger, keep their verdicts with its version, and promote it if they allow it."""
    verdicts = tuple(check.judge(evidence) for check in checks)
    registry.annotate(challenger, {f"check.{verdict.code}": _note(verdict) for verdict in verdicts})
    promoted = may_be_promoted(list(verdicts))
    if promoted:
        registry.give_name(CHAMPION, challenger)
    return Judgement(challenger, verdicts, promoted)


def write_judgement(judgement: Judgement, path: Path) -> None:
    """Write the verdicts as JSON; 1 and 0 beside the words, so that they can be a DVC metric."""
    content = {
        "version": judgement.version.number,
        "promoted": int(judgement.promoted),
        "checks": {
            verdict.code: {
                "outcome": verdict.outcome.value,
                "passed": int(verdict.outcome is not Outcome.ISSUE),
                "explanation": verdict.explanation,
            }
            for verdict in judgement.verdicts
        },
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _note(verdict: Verdict) -> str:
    return f"{verdict.outcome.value}: {verdict.explanation}"[:500]
