import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.arrays import rank_within, sample_rows


@given(st.lists(st.integers(0, 4), max_size=30))
def test_rank_counts_who_came_before_in_the_same_group(groups):
    assert rank_within(np.array(groups, np.int64)).tolist() == [
        groups[: place + 1].count(group) for place, group in enumerate(groups)
    ]


def test_columns_are_drawn_with_their_weights():
    cumulative = np.cumsum([[0.2, 0.0, 0.8], [0.0, 1.0, 0.0]], axis=1)
    uniform = np.linspace(0, 1, 1000, endpoint=False)
    drawn = sample_rows(cumulative, np.zeros(1000, int), uniform)
    assert np.bincount(drawn, minlength=3).tolist() == [200, 0, 800]
    assert set(sample_rows(cumulative, np.ones(1000, int), uniform)) == {1}
