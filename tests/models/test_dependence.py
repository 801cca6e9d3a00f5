import numpy as np
import pytest

from models.dependence import shared_fate


def groups(n, size):
    return [("leipzig", "kranich", number // size) for number in range(n)]


def test_parcels_that_go_their_own_ways_share_no_fate():
    pit = np.random.default_rng(1).uniform(size=20_000)
    assert shared_fate(pit, groups(20_000, 4)) < 0.03


def test_parcels_that_always_come_together_share_it_all():
    pit = np.repeat(np.random.default_rng(1).uniform(size=5000), 4)
    assert shared_fate(pit, groups(20_000, 4)) == pytest.approx(1.0, abs=0.03)


def test_the_share_of_groups_that_come_together_is_found():
    # With probability 0.4 a group has one value, else each parcel its own: so P(both <= t) = 0.4 t + 0.6 t^2.
    random = np.random.default_rng(2)
    own = random.uniform(size=(10_000, 3))
    together = random.uniform(size=10_000) < 0.4
    pit = np.where(together[:, None], own[:, :1], own).ravel()
    assert shared_fate(pit, groups(30_000, 3)) == pytest.approx(0.4, abs=0.03)


def test_what_lies_in_different_groups_is_not_compared():
    pit = np.repeat(np.random.default_rng(1).uniform(size=1000), 2)
    apart = [number % 1000 for number in range(2000)]  # each of the two equal values is in another group
    assert shared_fate(pit, apart) < 0.2


def test_fewer_than_two_hundred_pairs_say_nothing():
    pit = np.repeat(np.linspace(0.0, 1.0, 199), 2)
    assert shared_fate(pit, groups(398, 2)) == 0.0
    more = np.repeat(np.linspace(0.0, 1.0, 200), 2)
    assert shared_fate(more, groups(400, 2)) > 0.9
