"""The stated probabilities must come true as often as they say."""

from dataclasses import dataclass
from itertools import accumulate
from math import sqrt

from models.checks.base import Evidence, Outcome, Scores, Verdict


@dataclass(frozen=True)
class Calibrated:
    """Pass when coverage and PIT stay within tolerance, plus what chance alone explains at this number of parcels.

    `coverage_tolerance` bounds how far coverage may stay below its level; `pit_tolerance` bounds the largest gap
    between the PIT's distribution and the uniform one (the Kolmogorov-Smirnov distance on the bins). Too much coverage
    is left to the PIT: days are whole, so an interval of whole days rightly holds more than its level.
    """

    coverage_tolerance: float = 0.04
    pit_tolerance: float = 0.05
    code: str = "calibrated"

    def judge(self, evidence: Evidence) -> Verdict:
        """Name every level and the PIT gap that lie outside; a window without parcels shows nothing and is an issue."""
        scores = evidence.model
        if scores.parcels == 0:
            return Verdict(
                self.code, Outcome.ISSUE, "no delivered parcel in the test window shows whether it is calibrated"
            )
        wrong = [*self._coverage_gaps(scores), *self._pit_gap(scores)]
        if wrong:
            return Verdict(self.code, Outcome.ISSUE, "; ".join(wrong))
        seen = ", ".join(f"{level:.0%}: {share:.1%}" for level, share in sorted(scores.coverage.items()))
        return Verdict(
            self.code,
            Outcome.PASS,
            f"coverage {seen} (intervals of whole days hold more); PIT within {pit_gap(scores.pit):.3f} of uniform",
        )

    def _coverage_gaps(self, scores: Scores) -> list[str]:
        return [
            f"coverage at {level:.0%} is {share:.1%}, more than {allowed:.1%} below"
            for level, share in sorted(scores.coverage.items())
            if level - share > (allowed := self.coverage_tolerance + 2 * sqrt(level * (1 - level) / scores.parcels))
        ]

    def _pit_gap(self, scores: Scores) -> list[str]:
        # 1.36 / sqrt(n): the 5 % point of the Kolmogorov-Smirnov statistic.
        allowed = self.pit_tolerance + 1.36 / sqrt(scores.parcels)
        gap = pit_gap(scores.pit)
        return [f"PIT is {gap:.3f} away from uniform, more than {allowed:.3f}"] if gap > allowed else []


def pit_gap(shares: tuple[float, ...]) -> float:
    """Return the largest distance between the cumulated shares of equal bins and the uniform distribution.

    >>> pit_gap((0.25, 0.25, 0.25, 0.25))
    0.0
    >>> pit_gap((0.5, 0.25, 0.25, 0.0))
    0.25
    """
    return max((abs(reached - (k + 1) / len(shares)) for k, reached in enumerate(accumulate(shares))), default=0.0)
