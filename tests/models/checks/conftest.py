from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from models.checks import Evidence, Scores, Window


def _scores(crps: float) -> Scores:
    return Scores(parcels=10_000, crps=crps, coverage={0.5: 0.5, 0.9: 0.9}, pit=(0.25, 0.25, 0.25, 0.25))


@pytest.fixture
def scores():
    return _scores


@pytest.fixture
def evidence_with():
    """Sound evidence, changed as the test says."""
    sound = Evidence(
        fit=Window(date(2026, 1, 1), date(2026, 4, 1)),
        calibration=Window(date(2026, 4, 1), date(2026, 5, 1)),
        test=Window(date(2026, 5, 1), date(2026, 6, 1)),
        labels_until=date(2026, 5, 1),
        model=_scores(1.0),
        lane_history=_scores(1.5),
        bundle=Path("bundle"),
    )
    return lambda **changes: replace(sound, **changes)
