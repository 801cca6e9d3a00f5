"""Whether a parcel comes at all: one booster beside the hazard."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.assembly import column_names
from features.landmarks import AssembledLandmarks
from models.hazard import HORIZON, NEGLIGIBLE
from models.living import loss, training
from models.living.loss import COLUMNS, SETTLED_DAYS, SHARE, fit_loss, reweighed
from models.storage import load_living, save_living
from parcelcast.errors import ArtefactError
from pipelines.living.handover import handovers
from pipelines.living.landmarks import landmarks_of
from pipelines.living.sampling import Chosen
from tests.pipelines.living.world import QUICK, doubting, living, world


class Saying:
    """In place of a booster: says of each parcel what its silence in days would be."""

    def predict(self, read, **_):
        assert read.shape[1] == len(COLUMNS)
        return read[:, COLUMNS.index("since_scan_days")]


def to_say(said):
    """Landmarks of which `Saying` says this."""
    names = column_names(AssembledLandmarks.parcel_columns())
    known = np.full((len(said), len(names)), np.nan)
    known[:, names.index("since_scan_days")] = said
    return known


def forecast(never):
    """Forecasts that leave so much beyond the horizon."""
    shares = np.linspace(0.1, 1.0, HORIZON + 1)
    return (1.0 - np.asarray(never))[:, None] * shares


def log_odds(share):
    return np.log(share / (1.0 - share))


@given(st.lists(st.tuples(st.floats(0.005, 0.995), st.floats(-6.0, 6.0)), min_size=1, max_size=5))
def test_the_share_that_never_comes_is_a_mean_of_both_in_log_odds_and_the_rest_keeps_its_days(told):
    never, said = (np.array(column) for column in zip(*told, strict=True))
    out = reweighed(forecast(never), Saying(), to_say(said))
    assert log_odds(1.0 - out[:, -1]) == pytest.approx(0.25 * log_odds(never) + 0.75 * said, abs=1e-9)
    assert out / out[:, -1:] == pytest.approx(forecast(never) / forecast(never)[:, -1:])


def test_certain_forecasts_stay_as_they_are():
    before = forecast([0.001, 1.0])
    assert np.array_equal(reweighed(before, Saying(), to_say([5.0, 5.0])), before)


def test_nobody_counts_for_more_than_he_can_know():
    (out,) = reweighed(forecast([0.5]), Saying(), to_say([1000.0]))
    assert log_odds(1.0 - out[-1]) == pytest.approx(SHARE * 7.0)
    (out,) = reweighed(forecast([1.0 - 1e-9]), Saying(), to_say([0.0]))
    assert log_odds(1.0 - out[-1]) == pytest.approx((1.0 - SHARE) * np.log(999.0))


def test_with_few_losses_the_hazard_alone_tells_of_them():
    is_lost = np.arange(5000) < loss.FEWEST_LOST - 1
    assert fit_loss(to_say(np.zeros(5000)), is_lost, seed=0) is None
    assert living().loss is None


def test_only_landmarks_that_are_old_enough_teach_it(monkeypatch):
    made, seen = world(), []
    monkeypatch.setattr(training, "fit_loss", lambda known, is_lost, seed: seen.append((len(known), is_lost)))
    marks = handovers(made.prepared, made.feed, np.arange(2000))
    as_of = made.today
    training.fit_living(made.prepared.history, marks, as_of, QUICK, lambda *_: None)
    ((rows, is_lost),) = seen
    known_day = marks.assembled.orders.known_day
    assert 0 < rows <= (known_day < as_of - SETTLED_DAYS).sum() < len(marks)
    assert 0 < is_lost.sum() < rows / 10


@pytest.fixture(scope="module")
def silent():
    """Parcels a day and twenty days after their handover, delivered ones too: of some next to nothing is left."""
    made = world()
    history, feed = made.prepared.history, made.feed
    rows = np.flatnonzero(~np.isnat(feed.dispatched))[:400]
    ages = np.where(np.arange(400) % 2, 1, 20).astype("timedelta64[D]")
    as_of = (feed.dispatched_recorded[rows] + ages).astype("datetime64[us]")
    return landmarks_of(history, feed, Chosen(rows, as_of), made.prepared.sketches.rolling())


def without_handover(booster):
    return replace(living(), handover=None, calibration={}, loss=booster)


def test_a_model_asks_it_where_the_hazard_doubts(silent):
    plain, told = (without_handover(one).cdf(silent)[:, -1] for one in (None, doubting("since_scan_days")))
    since = silent.static[:, column_names(silent.parcel_columns()).index("since_scan_days")]
    doubted = 1.0 - plain >= NEGLIGIBLE
    assert (doubted & (since > 1.0)).sum() > 20
    assert (told[doubted & (since > 1.0)] < plain[doubted & (since > 1.0)]).all()
    assert np.array_equal(told[~doubted], plain[~doubted])


def test_it_is_written_and_read_with_the_living_model_and_gone_when_there_is_none(silent, tmp_path):
    model = without_handover(doubting("since_scan_days"))
    save_living(model, tmp_path / "living")
    again = load_living(tmp_path / "living").cdf(silent)
    assert np.array_equal(again, model.cdf(silent))
    assert not np.array_equal(again, replace(model, loss=None).cdf(silent))
    save_living(living(), tmp_path / "living")
    assert load_living(tmp_path / "living").loss is None


def test_a_booster_that_reads_other_columns_is_refused(tmp_path):
    other = lightgbm.train({"verbose": -1}, lightgbm.Dataset(np.eye(30), np.arange(30) % 2, feature_name="auto"), 1)
    save_living(without_handover(other), tmp_path / "living")
    with pytest.raises(ArtefactError, match="'loss' reads other columns"):
        load_living(tmp_path / "living")
