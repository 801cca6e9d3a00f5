import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.storage import read_features, write_features
from parcelcast.errors import DataError
from tests.features.worlds import HORIZON, check_same, history_of, shipment, training_table

ROWS = [
    shipment(1, "2026-03-02 09:00", carrier="kranich", delivered_at="2026-03-04 12:00"),
    shipment(2, "2026-03-09 09:00", carrier="kranich", weight_g=20.0),
]


@pytest.fixture
def history():
    return history_of(ROWS)


@pytest.fixture
def path(tmp_path, history):
    path = tmp_path / "features" / "features.parquet"
    write_features(training_table(history), history.shipment_id, path)
    return path


def test_what_is_read_is_what_was_written_to_the_last_bit(path, history):
    check_same(read_features(history.orders, history.shipment_id, HORIZON, path), training_table(history))


def test_features_of_other_orders_are_refused(path, history):
    with pytest.raises(DataError, match=r"features\.parquet: made from other orders.*run \./run featurize again"):
        read_features(history.orders, history.shipment_id[::-1], HORIZON, path)


def test_other_columns_are_refused_by_name(path, history):
    table = pq.read_table(path).drop_columns(["weight_g"]).append_column("moon_phase", pa.array(np.zeros(2)))
    pq.write_table(table, path)
    with pytest.raises(DataError, match=r"features\.parquet: missing weight_g; not expected moon_phase"):
        read_features(history.orders, history.shipment_id, HORIZON, path)
