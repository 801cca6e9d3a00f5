"""A test proves nothing on days that the model has seen."""

from dataclasses import dataclass

from models.checks.base import Evidence, Outcome, Verdict


@dataclass(frozen=True)
class WindowsApart:
    """Pass when fit, calibration and test follow one another and no label of the test window was visible before it."""

    code: str = "windows-apart"

    def judge(self, evidence: Evidence) -> Verdict:
        """Name the first overlap."""
        fit, calibration, test = evidence.fit, evidence.calibration, evidence.test
        overlaps = [
            (not fit.ends_before(calibration), f"fit ({fit}) overlaps calibration ({calibration})"),
            (not calibration.ends_before(test), f"calibration ({calibration}) overlaps test ({test})"),
            (not fit.ends_before(test), f"fit ({fit}) overlaps test ({test})"),
            (
                evidence.labels_until > test.start,
                f"deliveries recorded until {evidence.labels_until} were visible, test starts {test.start}",
            ),
        ]
        for overlapping, explanation in overlaps:
            if overlapping:
                return Verdict(self.code, Outcome.ISSUE, explanation)
        return Verdict(self.code, Outcome.PASS, f"fit {fit}, calibration {calibration}, test {test}")
