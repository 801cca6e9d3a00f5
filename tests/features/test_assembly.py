import numpy as np
import pytest

from features import lanes
from features.assembly import (
    ALL_COLUMNS,
    CATEGORIES,
    DAY_COLUMNS,
    ORDER_COLUMNS,
    column_names,
    join_features,
    known_codes,
)
from features.sketches import AGES
from tests.features.worlds import HORIZON, check_same, day, history_of, shipment, training_table

# Good Friday is 3 April; kranich delivers on Saturdays, and on no holiday.
ROWS = [
    shipment(1, "2026-04-02 14:30", carrier="kranich", service="standard"),
    shipment(2, "2026-04-03 09:00", carrier="postfuchs", payment_method="card"),
    shipment(3, "2026-04-04 09:00", carrier="kranich", service="standard", weight_g=5.0),
]


@pytest.fixture(scope="module")
def table():
    return training_table(history_of(ROWS))


def texts(*values):
    return np.array(values, dtype=object)


def test_an_order_makes_the_keys_of_its_lane_once(monkeypatch):
    made = []
    monkeypatch.setattr(lanes, "lane_keys", lambda orders, make=lanes.lane_keys: made.append(1) or make(orders))
    training_table(history_of(ROWS))
    assert made == [1]


def test_columns_come_as_order_columns_then_categories_then_day_columns(table):
    known = np.concatenate([table.static, table.codes(known_codes(table.categories, 1))], axis=1)
    assert known.shape == (3, len(ORDER_COLUMNS) + len(CATEGORIES))
    days = table.rows(known, table.ahead(np.array([2, 2]), np.array([0, 7])))
    assert days.shape == (2, len(ALL_COLUMNS))
    assert days[:, column_names(ALL_COLUMNS).index("weight_g")].tolist() == [5.0, 5.0]
    assert days[:, column_names(ALL_COLUMNS).index("day_since_order")].tolist() == [0.0, 7.0]
    assert column_names(ALL_COLUMNS) == column_names([*ORDER_COLUMNS, *CATEGORIES, *DAY_COLUMNS])


def peaks(*years):
    rows = [
        shipment(number, f"{year}-12-07 {number % 20:02}:00", carrier="kranich")
        for year in years
        for number in range(120)
    ]
    return training_table(history_of([row | {"shipment_id": f"p{place}"} for place, row in enumerate(rows)]))


def peak_columns(table):
    known = np.concatenate([table.static, table.codes(known_codes(table.categories, 1))], axis=1)
    days = table.rows(known, table.ahead(np.zeros(2, dtype=np.intp), np.array([10, 18])))  # 17 and 25 December
    return days[:, [column_names(ALL_COLUMNS).index(name) for name in ("dispatch_in_peak", "day_in_peak")]]


def test_what_one_peak_season_did_is_not_learned():
    one, two = peaks(2026), peaks(2025, 2026)
    for table in (one, two, two.to_learn_from(), two.take(np.arange(240)).to_learn_from()):
        assert peak_columns(table).tolist() == [[1.0, 1.0], [1.0, 0.0]]
    assert np.isnan(peak_columns(one.to_learn_from())).all()
    assert np.isnan(peak_columns(two.take(np.arange(130)).to_learn_from().take(np.arange(3)))).all()
    same = np.array([name != "dispatch_in_peak" for name in column_names(ORDER_COLUMNS)])
    assert np.array_equal(one.to_learn_from().static[:, same], one.static[:, same], equal_nan=True)


def test_nothing_is_delivered_before_the_dispatch_nor_on_closed_days(table):
    # Ordered on Thursday after the cut-off: planned for Tuesday after Easter.
    rows, steps = np.zeros(8, dtype=np.intp), np.arange(8)
    assert (table.lane_hazard(rows, steps) > 0).tolist() == [False, False, False, False, False, True, True, True]
    before, after = np.split(table.offset(table.ahead(rows, steps)), [5])
    assert before.max() < -9.0 < -3.0 < after.min()


def test_a_parcel_can_arrive_on_the_day_it_leaves_even_where_the_carrier_rests():
    # A Wednesday; postfuchs delivers on Tuesdays and Thursdays.
    table = training_table(history_of([shipment(1, "2026-03-11 09:00", carrier="postfuchs")]))
    rows, steps = np.zeros(3, dtype=np.intp), np.arange(3)
    assert (table.lane_hazard(rows, steps) > 0).tolist() == [True, True, False]


def test_the_lane_hazard_of_a_day_is_that_of_its_age(table):
    # Dispatch on Tuesday 7 April (step 5); Sunday is closed, so Monday 13 April has age 5.
    rows, steps = np.zeros(3, dtype=np.intp), np.array([5, 9, 11])
    assert table.lane_hazard(rows, steps).tolist() == table.lead.hazard[0, [0, 4, 5]].tolist()
    assert table.offset(table.ahead(rows, steps)).tolist() == table.log_odds[0, [0, 4, 5]].tolist()
    odds = table.lead.hazard / (1.0 - table.lead.hazard)
    assert np.allclose(table.log_odds, np.log(odds))


def test_days_after_the_last_age_have_the_hazard_of_the_last(table):
    longer = join_features(table.orders, table.static, table.lead, table.outlook, table.start_hazards, 200)
    monday = np.array([day("2026-10-12") - day("2026-04-02")])
    assert longer.lane_hazard(np.array([0]), monday).tolist() == [table.lead.hazard[0, AGES - 1]]


def test_certain_and_impossible_ages_keep_finite_odds(table):
    lead = table.lead.take(np.arange(3))
    lead.hazard[:, 0], lead.hazard[:, 1] = 0.0, 1.0
    joined = join_features(table.orders, table.static, lead, table.outlook, table.start_hazards, HORIZON)
    assert np.isfinite(joined.log_odds).all()
    assert joined.log_odds[0, 0] < -9.0 < 4.0 < joined.log_odds[0, 1]


def test_the_start_is_the_lane_moved_by_the_paces_of_its_legs_where_scans_tell_them(table):
    static = table.static.copy()
    for name, pace in (("depot_pace_7d", [-1.0, np.nan, np.nan]), ("haul_pace_7d", [0.25, 0.5, np.nan])):
        static[:, column_names(ORDER_COLUMNS).index(name)] = pace
    joined = join_features(table.orders, static, table.lead, table.outlook, table.start_hazards, HORIZON)
    usual = join_features(
        table.orders, np.full_like(static, np.nan), table.lead, table.outlook, table.start_hazards, HORIZON
    )
    assert np.allclose(joined.log_odds - usual.log_odds, [[-0.75], [0.5], [0.0]])
    assert np.array_equal(joined.lead.hazard, usual.lead.hazard)


def test_kept_features_joined_again_are_the_same(table):
    check_same(
        join_features(table.orders, table.static, table.lead, table.outlook, table.start_hazards, HORIZON), table
    )


def test_taken_rows_are_those_of_the_whole(table):
    picked = np.array([2, 0])
    part = table.take(picked)
    assert np.array_equal(part.static, table.static[picked], equal_nan=True)
    assert np.array_equal(
        part.rows(part.static, part.ahead(np.array([0, 1]), np.array([3, 3]))),
        table.rows(table.static, table.ahead(picked, np.array([3, 3]))),
        equal_nan=True,
    )
    assert part.categories["carrier_service"].tolist() == ["kranich/standard"] * 2


def test_codes_count_the_most_frequent_first_and_leave_out_the_rare_and_the_unknown():
    codes = known_codes({"payment_method": texts("card", "bill", "card", "", "", "", "cash", "bill", "card")}, 2)
    assert codes == {"payment_method": {"card": 0, "bill": 1}}


def test_equally_frequent_texts_are_coded_in_alphabetical_order():
    assert known_codes({"x": texts("b", "a", "c", "a", "b", "c")}, 1) == {"x": {"a": 0, "b": 1, "c": 2}}


def test_a_text_without_a_code_is_nan(table):
    codes = {column.name: {} for column in CATEGORIES} | {"carrier_service": {"kranich/standard": 4}}
    got = table.codes(codes)
    assert got[:, 0].tolist() == [4.0, pytest.approx(np.nan, nan_ok=True), 4.0]
    assert np.isnan(got[:, 1:]).all()
