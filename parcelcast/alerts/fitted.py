"""Thresholds fitted on the past: what each would have told, and so the one for what a merchant wants."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import sqrt
from typing import Any, Self

from parcelcast.alerts.policy import ANY_STAGE, AlertPolicy, Threshold
from parcelcast.errors import InputError


@dataclass(frozen=True, slots=True)
class FittedPoint:
    """What alerts with these thresholds would have told ``lead_hours`` before the end of the promised day.

    Of ``parcels``, ``late`` came after their promise or never; ``alerts`` were told of, ``right`` of them late; of
    ``caught`` late parcels an alert stood at that time.
    """

    lead_hours: float
    open_at: float
    sure_at: float
    recover_at: float
    parcels: int
    late: int
    alerts: int
    right: int
    caught: int

    @property
    def precision(self) -> float:
        """Share of alerts that were right, less one standard error of a binomial share; 0 where none was told.

        What is wanted shall hold on later parcels too, and of many points the best looks better than it is.
        """
        if not self.alerts:
            return 0.0
        share = self.right / self.alerts
        return share - sqrt(share * (1.0 - share) / self.alerts)

    @property
    def threshold(self) -> Threshold:
        """Return its thresholds."""
        return Threshold(self.open_at, self.recover_at, self.sure_at)

    def cost(self, false_apology: float, missed_delay: float) -> float:
        """Cost of the alerts that were wrong and the delays that were missed."""
        return (self.alerts - self.right) * false_apology + (self.late - self.caught) * missed_delay


@dataclass(frozen=True)
class FittedAlerts:
    """Points for some lead times and thresholds, from a window of the past that the model had not seen."""

    points: tuple[FittedPoint, ...]

    def policy(self, wanted: AlertPolicy) -> AlertPolicy:
        """Return the policy with thresholds that reach what it wants; one that has thresholds keeps them.

        Of the lead time wanted, or the next longer one that was fitted, or the longest: of the points with the wanted
        precision the one that catches most, or the one with the least cost, of equals the one that tells least. Where
        none reaches the precision, the one that comes nearest.
        """
        if wanted.thresholds or not self.points:
            return wanted
        best = _best(self._at_lead(wanted.lead_hours), wanted)
        return replace(wanted, thresholds={ANY_STAGE: best.threshold})

    def _at_lead(self, lead_hours: float) -> list[FittedPoint]:
        leads = sorted({one.lead_hours for one in self.points})
        lead = next((one for one in leads if one >= lead_hours), leads[-1])
        return [one for one in self.points if one.lead_hours == lead]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; ``from_dict`` reads them back."""
        return {"points": [asdict(one) for one in self.points]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote; InputError for anything else."""
        try:
            return cls(tuple(FittedPoint(**one) for one in data["points"]))
        except (KeyError, TypeError) as error:
            raise InputError(f"not fitted alerts ({error}); expected what the stage register wrote") from error


def _best(points: Sequence[FittedPoint], wanted: AlertPolicy) -> FittedPoint:
    false_apology, missed_delay = wanted.cost_of_false_apology, wanted.cost_of_missed_delay
    if false_apology is not None and missed_delay is not None:
        return min(points, key=lambda one: (one.cost(false_apology, missed_delay), -one.open_at, -one.sure_at))
    # Of equals, the one that tells early what is sure enough.
    good = [one for one in points if one.precision >= wanted.precision]
    if not good:
        return max(points, key=lambda one: (one.precision, one.open_at))
    return max(good, key=lambda one: (one.caught, one.open_at, -one.sure_at))
