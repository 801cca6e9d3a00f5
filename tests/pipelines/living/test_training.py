"""What the living model is trained on."""

from dataclasses import replace

import numpy as np
import pytest

from parcelcast.errors import InputError
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


def test_without_handovers_that_moment_has_no_model_of_its_own(monkeypatch):
    assert handovers_seen(monkeypatch, 0) is None


def test_too_few_landmarks_to_sample_any_are_refused():
    made = world()
    with pytest.raises(InputError, match=r"no instant was sampled of \d+ orders; expected .* more living\.landmarks"):
        training.train_on_feed(made.prepared, made.feed, made.today, replace(QUICK, landmarks=1))
