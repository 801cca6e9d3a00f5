"""Fitting thresholds: what each would have told of parcels that the model had not seen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain, compress, product
from operator import not_

from parcelcast.alerts import AlertPolicy, FittedAlerts, FittedPoint, Threshold
from parcelcast.alerts.policy import ANY_STAGE
from pipelines.alerting.judging import Warned, figures, warned_by_machine
from pipelines.alerting.replay import replay
from pipelines.alerting.tracks import Track
from pipelines.progress import SILENT, TellShare

LEADS_HOURS = (0.0, 12.0, 24.0, 48.0)
OPEN_AT = tuple(round(0.2 + 0.05 * step, 2) for step in range(13))
SURE_AT = (0.7, 0.8, 0.9)
RECOVER_AT = tuple(round(0.05 * step, 2) for step in range(1, 10))


def fit_alerts(tracks: Sequence[Track], policy: AlertPolicy, tell: TellShare = SILENT) -> FittedAlerts:
    """Replay parcels with many thresholds for each of LEADS_HOURS; ``policy`` says what else holds.

    Risks at which an alert is taken back are those from which on the wanted precision of parcels comes in time.
    """
    tell("fitting alerts")
    is_risky = [_highest_risk(track) >= OPEN_AT[0] for track in tracks]
    risky = list(compress(tracks, is_risky))
    calm = [Warned(track.parcel, (), 0, is_told=False) for track in compress(tracks, map(not_, is_risky))]
    recover_at = fit_recovery(risky, policy)
    grid = [Threshold(open_at, min(recover_at, round(open_at / 2, 4)), sure_at)
            for sure_at in SURE_AT for open_at in OPEN_AT if open_at <= sure_at]  # fmt: skip
    points: list[FittedPoint] = []
    for number, (wanted, threshold) in enumerate(product(by_lead(policy), grid)):
        points.append(_point([*_warned(risky, wanted, threshold), *calm], threshold, wanted.lead_hours))
        tell("fitting alerts", (number + 1) / (len(LEADS_HOURS) * len(grid)))
    return FittedAlerts(tuple(points))


def by_lead(policy: AlertPolicy) -> list[AlertPolicy]:
    """Return the policy with each of LEADS_HOURS: those of whose last chances the tracks must tell."""
    return [replace(policy, lead_hours=lead_hours) for lead_hours in LEADS_HOURS]


def fit_recovery(tracks: Sequence[Track], policy: AlertPolicy) -> float:
    """Return the highest risk at which taking alerts back was right as often as alerts shall be.

    Where not even the lowest was, that one.
    """
    open_at = policy.threshold("").open_at
    best = RECOVER_AT[0]
    for recover_at in (one for one in RECOVER_AT if one <= open_at / 2):
        warned = _warned(tracks, policy, Threshold(open_at, recover_at))
        taken_back = [one for one in warned if one.retractions]
        if sum(not one.parcel.is_late for one in taken_back) < policy.precision * len(taken_back):
            break
        best = recover_at
    return best


def _warned(tracks: Sequence[Track], policy: AlertPolicy, threshold: Threshold) -> list[Warned]:
    tried = replace(policy, thresholds={ANY_STAGE: threshold})
    return warned_by_machine(replay(track, tried) for track in tracks)


def _point(warned: Sequence[Warned], threshold: Threshold, lead_hours: float) -> FittedPoint:
    found = figures(warned, timedelta(hours=lead_hours))
    return FittedPoint(
        lead_hours=lead_hours,
        open_at=threshold.open_at,
        sure_at=threshold.needed(is_last_chance=False),
        recover_at=threshold.recover_at,
        parcels=found.parcels,
        late=found.late,
        alerts=found.early,
        right=found.early_right,
        caught=found.caught,
    )


def _highest_risk(track: Track) -> float:
    """Return the highest risk before the promised day is over."""
    before = (one for one in track.situations if one.today(one.progress.as_of) <= track.parcel.promised_on)
    return max(chain((0.0,), (risk for one in before if (risk := one.delay_risk()) is not None)))
