import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.distinct import distinct_rows


@given(st.lists(st.tuples(st.sampled_from(["a", "b", ""]), st.integers(0, 2)), max_size=12))
def test_each_row_equals_the_distinct_one_it_points_to(rows):
    columns = [np.array([row[0] for row in rows], dtype=object), np.array([row[1] for row in rows], dtype=np.int64)]
    once, which = distinct_rows(columns)
    distinct = [rows[row] for row in once]
    assert distinct == list(dict.fromkeys(rows))
    assert [distinct[number] for number in which] == rows
