"""What the best possible forecaster could warn of: perfect forecasts of the parcels promised for a day, as it begins.

At the start of the promised day 24 hours of it are left, and more can be known then than at any time before. Of all
choices of parcels by what is known at that moment, those with the highest risks have the best recall for a precision.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.alerting.parcels import Watched
from pipelines.simulator.forks import PerfectForecast
from pipelines.simulator.parcels import Stage


@dataclass(frozen=True)
class Bound:
    """Of ``parcels`` promised for some days, ``late`` were not delivered by then.

    ``alerts`` is the most that can be told with the wanted precision by perfect risks, ``right`` of them were late.
    """

    parcels: int
    late: int
    alerts: int
    right: int

    @property
    def precision(self) -> float:
        """Share of the alerts that were right; NaN without one."""
        return self.right / self.alerts if self.alerts else float("nan")

    @property
    def recall(self) -> float:
        """Share of the late parcels that were told of; NaN without a late one."""
        return self.right / self.late if self.late else float("nan")


def bound(forecasts: Iterable[PerfectForecast], parcels: Sequence[Watched], precision: float) -> Bound:
    """Judge perfect forecasts at the start of some days on the parcels promised for those very days.

    Those that wait at a pickup point have arrived.
    """
    by_id: Mapping[str, Watched] = {one.shipment_id: one for one in parcels}
    risks: list[float] = []
    is_late: list[bool] = []
    promised = 0
    for forecast in forecasts:
        promised += sum(one.promised_on == forecast.anchor for one in parcels)
        on_the_day = forecast.pmf()[:, 0]
        told = zip(forecast.shipment_id, forecast.stage, on_the_day.tolist(), strict=True)
        for shipment_id, stage, share in told:
            one = by_id.get(shipment_id)
            if one is not None and one.promised_on == forecast.anchor:
                risks.append(0.0 if stage == Stage.PICKUP_POINT else 1.0 - share)
                is_late.append(one.is_late)
    chosen = most_alerts(np.array(risks), precision)
    late = np.array(is_late, dtype=bool)
    return Bound(promised, int(late.sum()), int(chosen.sum()), int(late[chosen].sum()))


def most_alerts(risks: np.ndarray, precision: float) -> np.ndarray:
    """Choose as many parcels as the wanted precision allows by their risks, the riskiest first; a mask.

    >>> most_alerts(np.array([0.1, 0.9, 0.72, 0.75]), 0.79).tolist()
    [False, True, True, True]
    """
    order = np.argsort(-risks, kind="stable")
    expected = np.cumsum(risks[order]) / np.arange(1, len(risks) + 1)
    count = int(np.flatnonzero(expected >= precision).max(initial=-1)) + 1
    chosen = np.zeros(len(risks), dtype=bool)
    chosen[order[:count]] = True
    return chosen
