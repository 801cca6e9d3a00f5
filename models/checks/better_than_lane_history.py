"""The model must beat what a table of past lead times would have said."""

from dataclasses import dataclass

from models.checks.base import Evidence, Outcome, Verdict


@dataclass(frozen=True)
class BetterThanLaneHistory:
    """Pass when the model's CRPS is below lane history's by at least `margin` (a share of it)."""

    margin: float = 0.0
    code: str = "better-than-lane-history"

    def judge(self, evidence: Evidence) -> Verdict:
        """Compare mean CRPS on the test window; not applicable without a lane history."""
        history = evidence.lane_history
        if history is None:
            return Verdict(self.code, Outcome.NOT_APPLICABLE, "no lane history was evaluated")
        better = evidence.model.crps < history.crps * (1.0 - self.margin)
        gain = 1.0 - evidence.model.crps / history.crps if history.crps else 0.0
        figures = f"CRPS {evidence.model.crps:.3f} days against {history.crps:.3f} of lane history ({gain:+.1%} better"
        return Verdict(
            self.code,
            Outcome.PASS if better else Outcome.ISSUE,
            f"{figures}, more than {self.margin:.1%} is asked for)",
        )
