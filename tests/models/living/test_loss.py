"""Whether a parcel comes at all: one booster beside the hazard."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.assembly import column_names
from features.landmarks import AssembledLandmarks
from models.hazard import HORIZON, HazardModel
from models.living import loss, training
from models.living.loss import COLUMNS, SETTLED_DAYS, SHARE, fit_loss, loss_odds, reweighed
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


class Doubting:
    """In place of a booster: takes this share of all parcels for lost."""

    def __init__(self, share):
        self.share = share

    def predict(self, read, **_):
        return np.full(len(read), log_odds(self.share))


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
    out = reweighed(forecast(never), said)
    assert log_odds(1.0 - out[:, -1]) == pytest.approx(0.25 * log_odds(never) + 0.75 * said, abs=1e-9)
    assert out / out[:, -1:] == pytest.approx(forecast(never) / forecast(never)[:, -1:])


def test_what_never_comes_stays_so():
    before = forecast([1.0])
    assert np.array_equal(reweighed(before, np.array([-5.0])), before)


def test_nobody_counts_for_more_than_he_can_know():
    assert loss_odds(Saying(), to_say([1000.0, -1000.0, 3.0])).tolist() == [7.0, -7.0, 3.0]
    for never, sign in ((1.0 - 1e-9, 1.0), (1e-9, -1.0), (0.0, -1.0)):
        (out,) = reweighed(forecast([never]), np.array([0.0]))
        assert log_odds(1.0 - out[-1]) == pytest.approx(sign * (1.0 - SHARE) * np.log(999.0))


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


def test_a_model_asks_it_of_every_parcel(silent):
    plain, told = (without_handover(one).cdf(silent)[:, -1] for one in (None, Saying()))
    since = silent.static[:, column_names(silent.parcel_columns()).index("since_scan_days")]
    assert (since > 5.0).sum() > 20
    assert (told[since > 5.0] < plain[since > 5.0]).all()


@pytest.mark.parametrize("share", [0.003, 0.5])
def test_days_end_once_less_is_left_than_a_hundredth_and_hardly_more_than_gets_lost(silent, share):
    """What the hazard says of every day is the slow, obvious answer."""
    told = without_handover(Doubting(share))
    assembled, shift, hazard = silent, np.zeros(len(silent.orders)), told.hazard
    every_day = hazard.cdf(assembled, shift, np.full(len(shift), -1.0))
    asked = []

    def log_odds_of(assembled, known, rows, steps):
        asked.append((rows, steps))
        return HazardModel.log_odds(hazard, assembled, known, rows, steps)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hazard, "log_odds", log_odds_of)
        told.cdf(assembled)
    last = np.zeros(len(shift), dtype=int)
    for rows, steps in asked:
        np.maximum.at(last, rows, steps)
    # The days end after six, after nineteen, or not.
    left = 1.0 - every_day
    enough = 4e-3 + min(share, 5e-3)
    assert set(last) == {6, 19, HORIZON}
    for row, day in enumerate(last.tolist()):
        assert day == HORIZON or left[row, day] < enough < 1e-2
        assert day == 6 or left[row, 6 if day == 19 else 19] >= enough


def test_it_is_written_and_read_with_the_living_model_and_gone_when_there_is_none(silent, tmp_path):
    told = without_handover(doubting("since_scan_days"))
    save_living(told, tmp_path / "living")
    again = load_living(tmp_path / "living").cdf(silent)
    assert np.array_equal(again, told.cdf(silent))
    assert not np.array_equal(again, replace(told, loss=None).cdf(silent))
    save_living(living(), tmp_path / "living")
    assert load_living(tmp_path / "living").loss is None


def test_a_booster_that_reads_other_columns_is_refused(tmp_path):
    other = lightgbm.train({"verbose": -1}, lightgbm.Dataset(np.eye(30), np.arange(30) % 2, feature_name="auto"), 1)
    save_living(without_handover(other), tmp_path / "living")
    with pytest.raises(ArtefactError, match="'loss' reads other columns"):
        load_living(tmp_path / "living")
