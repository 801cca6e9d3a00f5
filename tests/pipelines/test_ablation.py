import numpy as np

from features.assembly import ALL_COLUMNS, DAY_COLUMNS, ORDER_COLUMNS, logit
from pipelines.ablation import VARIANTS, without
from tests.features.worlds import history_of, instant, scan, shipment, training_table


def test_every_variant_leaves_out_families_that_there_are():
    families = {column.family for column in ALL_COLUMNS}
    assert {family for left_out in VARIANTS.values() for family in left_out} <= families


def test_columns_of_a_family_are_empty_and_all_others_as_they_were():
    table = training_table(history_of([shipment(n, f"2026-03-1{n} 09:00") for n in range(5)]))
    got = without(table, ("regime", "weather"))
    for number, column in enumerate(ORDER_COLUMNS):
        if column.family in {"regime", "weather"}:
            assert np.isnan(got.static[:, number]).all()
        else:
            assert np.array_equal(got.static[:, number], table.static[:, number], equal_nan=True)
    days = got.rows(np.empty((5, 0)), got.ahead(np.arange(5), np.ones(5, dtype=np.int64)))
    assert np.isnan(days[:, [column.family == "weather" for column in DAY_COLUMNS]]).all()


def test_without_load_the_model_starts_from_the_lane_as_it_is():
    rows = [shipment(n, f"2026-03-1{n} 09:00", delivered_at=instant(f"2026-03-1{n + 3} 12:00")) for n in range(5)]
    scans = [scan(n, "destination_depot", instant(f"2026-03-1{n + 1} 05:00")) for n in range(5)]
    table = training_table(history_of(rows, scans=scans))
    assert not np.array_equal(table.log_odds, logit(table.lead.hazard))
    assert np.array_equal(without(table, ("load",)).log_odds, logit(table.lead.hazard))
