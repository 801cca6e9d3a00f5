"""Columns of peers: what they say on literal counts."""

import numpy as np

from features.assembly import column_names
from features.peers import COLUMNS, COUNTS, peer_features
from features.progress import Standing, Standings, standing_of
from parcelcast.peers import Moves, Peers
from parcelcast.progress import parcel_progress
from tests.features.worlds import instant

NAMES = column_names(COLUMNS)


def features(*counts: tuple[float, float, float, float]) -> list[dict[str, float]]:
    found = peer_features(dict(zip(COUNTS, np.array(counts).T, strict=True)))
    return [dict(zip(NAMES, row, strict=True)) for row in found.tolist()]


def test_the_share_that_moved_on_is_told_with_their_number():
    assert features((4.0, 1.0, 10.0, 9.0)) == [{"peers_here": 4.0, "peers_here_moved": 0.25, "peers_moved": 0.9}]


def test_without_peers_nothing_is_told():
    here, nowhere, unknown = features((0.0, 0.0, 8.0, 2.0), (0.0, 0.0, 0.0, 0.0), (np.nan,) * 4)
    assert here["peers_moved"] == 0.25
    assert np.isnan([here["peers_here"], here["peers_here_moved"], *nowhere.values(), *unknown.values()]).all()


def standing(peers: Peers | None) -> Standing:
    return standing_of(parcel_progress([], instant("2026-03-11 09:00")), instant("2026-03-10 09:00"), 20_523, "DE",
                       "Europe/Berlin", peers)  # fmt: skip


def test_a_parcel_is_told_with_its_own_peers_or_all_at_once():
    mine, nobodys = standing(Peers(Moves(4, 1), Moves(10, 9))), standing(None)
    assert [getattr(mine, name) for name in COUNTS] == [4, 1, 10, 9]
    together = Standings.of([nobodys, mine]).beside(np.array([[np.nan] * 4, [4.0, 1.0, 10.0, 9.0]]))
    apart = Standings.of([nobodys, mine])
    for name in COUNTS:
        assert np.array_equal(together.number[name], apart.number[name], equal_nan=True)
