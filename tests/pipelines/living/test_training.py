"""What the living model is trained on."""

from dataclasses import replace

import numpy as np

from pipelines.living import training
from tests.pipelines.living.world import QUICK, world


def handovers_seen(monkeypatch, most):
    """Rows of the handovers that are looked at."""
    made = world()
    monkeypatch.setattr(training, "handovers", lambda prepared, feed, rows: rows)
    return training._handovers(made.prepared, made.feed, made.today, replace(QUICK, handovers=most))


def test_one_in_five_of_the_newest_handovers_is_looked_at(monkeypatch):
    recorded = world().feed.dispatched_recorded
    everyone, some = handovers_seen(monkeypatch, 100_000), handovers_seen(monkeypatch, 50)
    assert len(everyone) > 2000
    assert some.tolist() == everyone[-250::5].tolist()
    assert (np.diff(recorded[everyone].astype(np.int64)) >= 0).all()
