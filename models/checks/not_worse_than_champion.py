"""What shoppers see now must not get worse."""

from dataclasses import dataclass

from models.checks.base import Evidence, Outcome, Verdict


@dataclass(frozen=True)
class NotWorseThanChampion:
    """Pass when the challenger's CRPS exceeds the champion's on the same parcels by at most `tolerance`, a share."""

    tolerance: float = 0.005
    code: str = "not-worse-than-champion"

    def judge(self, evidence: Evidence) -> Verdict:
        """Compare on parcels that neither has seen; not applicable while there is no champion."""
        if not evidence.has_champion:
            return Verdict(self.code, Outcome.NOT_APPLICABLE, "there is no champion that this version can load")
        champion, model = evidence.champion, evidence.model_beside_champion
        if champion is None or model is None or champion.parcels == 0:
            return Verdict(
                self.code,
                Outcome.ISSUE,
                f"the champion has seen every parcel of the test window ({evidence.test}): test on later orders",
            )
        worse = model.crps > champion.crps * (1.0 + self.tolerance)
        figures = f"CRPS {model.crps:.3f} days against the champion's {champion.crps:.3f}"
        outcome = Outcome.ISSUE if worse else Outcome.PASS
        return Verdict(self.code, outcome, f"{figures} on the same {champion.parcels} parcels")
