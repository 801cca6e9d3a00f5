"""What the promotion checks look at: the challenger's scores and the champion's on the orders that it had not seen."""

import tempfile
from dataclasses import replace
from pathlib import Path

from features.orders import day_of, epoch_day
from models.bundle import Bundle
from models.checks import Evidence, Scores, Window
from models.evaluation import LANE_HISTORY, MODEL, Evaluation, evaluate, orders_placed, scores_of
from models.tracking import CHAMPION, Registry
from models.training import Trained
from parcelcast.errors import ArtefactError, InputError
from pipelines.modelling import Split
from pipelines.preparation import Prepared


def evidence_of(trained: Trained, prepared: Prepared, split: Split, bundle: Path, registry: Registry) -> Evidence:
    """Score the challenger, the lane history and the champion on the test window."""
    evaluation = _evaluation(trained, prepared, split.start, split.end)
    model = scores_of(evaluation, MODEL)
    if model is None:
        raise InputError("the model forecast no order of the test window; expected orders in it: lengthen `window`")
    day = {name: day_of(number) for name, number in (("fit", trained.first), ("from", trained.calibrated_from))}
    evidence = Evidence(
        fit=Window(day["fit"], day["from"]),
        calibration=Window(day["from"], day_of(trained.as_of)),
        test=Window(day_of(split.start), day_of(split.end)),
        labels_until=day_of(trained.as_of),
        model=model,
        bundle=bundle,
        lane_history=scores_of(evaluation, LANE_HISTORY),
    )
    return _beside_champion(evidence, trained, prepared, split, registry)


def _beside_champion(
    evidence: Evidence, trained: Trained, prepared: Prepared, split: Split, registry: Registry
) -> Evidence:
    version = registry.named(CHAMPION)
    if version is None:
        return evidence
    with tempfile.TemporaryDirectory(prefix="parcelcast-champion-") as folder:
        try:
            champion = Bundle.load(registry.fetch_bundle(version, Path(folder)))
        except ArtefactError:
            return evidence  # made by another version of the code: it cannot be compared
    evidence = replace(evidence, has_champion=True)
    start = max(split.start, epoch_day(champion.trained_until))
    if start >= split.end:
        return evidence
    scores = [
        _scores(replace(trained, model=model, calibration=calibration), prepared, start, split.end)
        for model, calibration in (champion.forecaster.parts, (trained.model, trained.calibration))
    ]
    return replace(evidence, champion=scores[0], model_beside_champion=scores[1])


def _scores(trained: Trained, prepared: Prepared, start: int, end: int) -> Scores | None:
    return scores_of(_evaluation(trained, prepared, start, end), MODEL)


def _evaluation(trained: Trained, prepared: Prepared, start: int, end: int) -> Evaluation:
    rows = orders_placed(prepared.history, start, end)
    return evaluate(trained, None, prepared.history, prepared.assembled, rows)
