import numpy as np
import pandas as pd

from features.frames import dates, floats, local_days, local_hours, objects, texts, utc_days

INSTANTS = pd.Series(pd.to_datetime(["1970-01-02T11:30Z", None], utc=True))


def test_missing_values_are_empty_nan_or_minus_one():
    assert texts(pd.Series(["a", None], dtype="string[pyarrow]")).tolist() == ["a", ""]
    assert np.array_equal(floats(pd.Series([1, None], dtype="Int64")), [1.0, np.nan], equal_nan=True)
    assert dates(pd.Series(pd.to_datetime(["1970-01-11", None]))).tolist() == [10, -1]
    assert utc_days(INSTANTS).tolist() == [1, -1]


def test_each_row_reads_its_own_clock():
    twice = pd.concat([INSTANTS[:1], INSTANTS[:1]], ignore_index=True)
    zones = objects(["Pacific/Auckland", "America/New_York"])
    assert local_days(twice, zones).tolist() == [1, 1]
    assert local_hours(twice, zones).tolist() == [23.0, 6.0]
    assert local_days(INSTANTS, objects(["Etc/GMT-14", "UTC"])).tolist() == [2, -1]
