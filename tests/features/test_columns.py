import pytest

from features.columns import Column, check_columns
from parcelcast.errors import DataError

COLUMNS = (Column("weight_g", "parcel", "g", "weight"), Column("order_hour", "calendar", "h", "hour"))


def test_the_right_columns_pass():
    check_columns(["weight_g", "order_hour"], COLUMNS, "features.parquet")


@pytest.mark.parametrize(
    ("got", "problem"),
    [
        (["weight_g"], "missing order_hour; not expected nothing"),
        (["weight_g", "order_hour", "moon_phase"], "missing nothing; not expected moon_phase"),
        (["moon_phase", "sun"], "missing weight_g, order_hour; not expected moon_phase, sun"),
        (["order_hour", "weight_g"], "the right columns in another order or more than once"),
        (["weight_g", "weight_g", "order_hour"], "the right columns in another order or more than once"),
    ],
)
def test_other_columns_are_refused_with_what_is_wrong_and_what_to_do(got, problem):
    with pytest.raises(DataError) as refused:
        check_columns(got, COLUMNS, "features.parquet")
    assert str(refused.value) == (
        f"features.parquet: {problem}. To do: build the features again with this version: ./run featurize."
    )
