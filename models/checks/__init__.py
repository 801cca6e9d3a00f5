"""Promotion checks: a challenger becomes champion only if none of them finds an issue."""

from models.checks.base import Check, Evidence, Outcome, Scores, Verdict, Window
from models.checks.better_than_lane_history import BetterThanLaneHistory
from models.checks.bundle_sound import BundleSound
from models.checks.calibrated import Calibrated
from models.checks.not_worse_than_champion import NotWorseThanChampion
from models.checks.windows_apart import WindowsApart

__all__ = [
    "BetterThanLaneHistory",
    "BundleSound",
    "Calibrated",
    "Check",
    "Evidence",
    "NotWorseThanChampion",
    "Outcome",
    "Scores",
    "Verdict",
    "Window",
    "WindowsApart",
    "may_be_promoted",
]


def may_be_promoted(verdicts: list[Verdict]) -> bool:
    """Tell whether a challenger with these verdicts may become champion; without any verdict it may not."""
    return bool(verdicts) and all(verdict.outcome is not Outcome.ISSUE for verdict in verdicts)
