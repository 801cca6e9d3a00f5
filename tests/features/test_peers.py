"""The column of peers: what it says on literal counts."""

import numpy as np

from features.peers import COLUMNS, peer_features
from features.progress import Standing, Standings, standing_of
from parcelcast.peers import Moves
from parcelcast.progress import parcel_progress
from tests.features.worlds import instant


def test_it_is_the_share_that_moved_on_and_unknown_without_peers():
    found = peer_features(np.array([4.0, 0.0, np.nan]), np.array([1.0, 0.0, np.nan]))
    assert found.shape == (3, len(COLUMNS))
    assert found[0, 0] == 0.25
    assert np.isnan(found[1:, 0]).all()


def standing(peers: Moves | None) -> Standing:
    return standing_of(parcel_progress([], instant("2026-03-11 09:00")), instant("2026-03-10 09:00"), 20_523, "DE",
                       "Europe/Berlin", peers)  # fmt: skip


def test_a_parcel_is_told_with_its_own_peers_or_all_at_once():
    mine, nobodys = standing(Moves(4, 1)), standing(None)
    assert (mine.peers, mine.moved_peers) == (4, 1)
    together = Standings.of([nobodys, mine]).beside(np.array([[np.nan] * 2, [4.0, 1.0]]))
    apart = Standings.of([nobodys, mine])
    for name in ("peers", "moved_peers"):
        assert np.array_equal(together.number[name], apart.number[name], equal_nan=True)
