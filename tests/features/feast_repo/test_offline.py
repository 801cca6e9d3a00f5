"""The rows on disk: whatever was published in whatever order, the table tells the day that was published last."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from features.feast_repo.offline import Offline, validity
from features.feast_repo.views import View, is_told

VIEW = View("few", "few-3d", "place", 3, ("seen", "gone"), pa.int64())
NOW = datetime(2026, 3, 20, 6, tzinfo=UTC)
_counts = st.lists(st.integers(0, 2), max_size=3).map(tuple)
_days = st.dictionaries(st.sampled_from("abcd"), st.tuples(_counts, _counts).filter(any))


def table(rows):
    arrays = [pa.array([list(row[i]) for row in rows.values()], pa.list_(pa.int64())) for i in range(2)]
    return pa.table([pa.array(rows, pa.string()), *arrays], names=["place", "seen", "gone"])


def told(known):
    rows = known.rows.filter(is_told(known.rows)).to_pylist()
    return {row["place"]: (tuple(row["seen"]), tuple(row["gone"])) for row in rows}


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(100, 110), _days), min_size=1, max_size=6))
def test_the_table_tells_what_was_published_last_for_a_day(tmp_path_factory, published):
    offline = Offline(tmp_path_factory.mktemp("offline"))

    for number, (day, rows) in enumerate(published):
        offline.write(VIEW, day, table(rows), NOW + timedelta(minutes=number))
        assert told(offline.known(VIEW, day)) == rows
        assert offline.write(VIEW, day, table(rows), NOW + timedelta(minutes=number, seconds=1)) == 0


def test_only_what_changed_is_written(tmp_path):
    offline = Offline(tmp_path)
    first = {"a": ((1,), ()), "b": ((2, 1), (1,)), "c": ((1,), (1,))}
    offline.write(VIEW, 100, table(first), NOW)

    written = offline.write(VIEW, 101, table({"a": ((1,), ()), "b": ((2, 1), (2,)), "d": ((1,), ())}), NOW)

    (path,) = offline.folder(VIEW).glob("1970-04-12.*.parquet")
    assert written == 3
    assert pq.read_table(path).drop_columns(["event_timestamp", "created"]).to_pylist() == [
        {"place": "b", "seen": [2, 1], "gone": [2]},
        {"place": "d", "seen": [1], "gone": []},
        {"place": "c", "seen": [], "gone": []},
    ]
    assert offline.known(VIEW, 101).days.tolist() == [100, 101, 101, 101]


def test_a_row_that_may_no_longer_hold_is_written_again(tmp_path):
    offline = Offline(tmp_path)
    rows = table({"a": ((1,), ())})

    assert [offline.write(VIEW, day, rows, NOW) for day in (100, 102, 103)] == [1, 0, 1]
    assert validity(VIEW) == timedelta(days=3)


def test_of_two_writes_for_a_day_the_later_counts_even_when_the_clock_went_back(tmp_path):
    offline = Offline(tmp_path)
    offline.write(VIEW, 100, table({"a": ((1,), ())}), NOW)

    offline.write(VIEW, 100, table({"a": ((2,), ())}), NOW - timedelta(hours=1))

    assert told(offline.known(VIEW, 100)) == {"a": ((2,), ())}


def test_a_table_without_rows_is_a_table(tmp_path):
    offline = Offline(tmp_path)

    offline.write(VIEW, 100, table({}), NOW)

    (path,) = offline.folder(VIEW).iterdir()
    assert pq.read_table(path).column_names == ["place", "seen", "gone", "event_timestamp", "created"]
