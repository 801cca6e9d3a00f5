"""What every promotion check sees and says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Outcome(StrEnum):
    """How a check ended. Only an issue keeps a challenger from becoming champion."""

    PASS = "pass"  # noqa: S105 - a word, not a password
    ISSUE = "issue"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Verdict:
    """A check's outcome and the figures behind it, in a sentence."""

    code: str
    outcome: Outcome
    explanation: str


@dataclass(frozen=True)
class Window:
    """Order dates from `start` until before `end`.

    >>> Window(date(2026, 1, 1), date(2026, 2, 1)).ends_before(Window(date(2026, 2, 1), date(2026, 3, 1)))
    True
    """

    start: date
    end: date

    def ends_before(self, other: "Window") -> bool:
        """Tell whether no day of this window lies on or after the first day of the other."""
        return self.end <= other.start

    def __str__(self) -> str:
        return f"{self.start} until {self.end}"


@dataclass(frozen=True)
class Scores:
    """How a forecaster did on the delivered parcels of a test window.

    `crps` is the mean over parcels in days, `coverage` maps a level (0.9) to the share of outcomes inside the central
    interval of that level, `pit` holds the shares of equal bins of the probability integral transform (flat is good).
    """

    parcels: int
    crps: float
    coverage: Mapping[float, float]
    pit: tuple[float, ...]


@dataclass(frozen=True)
class Evidence:
    """All that the checks may look at.

    `labels_until` is the day from which on no recorded delivery was visible to fitting or calibration. A champion is
    one that this version of the code can load. `champion` and `model_beside_champion` are scores on the same parcels,
    those of the test window that the champion had not seen; both are None without a champion, or such parcels.
    """

    fit: Window
    calibration: Window
    test: Window
    labels_until: date
    model: Scores
    bundle: Path
    lane_history: Scores | None = None
    has_champion: bool = False
    champion: Scores | None = None
    model_beside_champion: Scores | None = None


class Check(Protocol):
    """One reason for which a challenger may have to stay a challenger."""

    @property
    def code(self) -> str:
        """Name of the check, which never changes: reports and notes refer to it."""
        ...

    def judge(self, evidence: Evidence) -> Verdict:
        """Look at the evidence and say pass, issue or not applicable, and why."""
        ...
