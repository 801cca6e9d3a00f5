import json

import pandas as pd

from parcelcast.calendar import WorkingCalendar


def test_an_order_after_the_cutoff_never_leaves_on_its_own_day(tables):
    shipments, origins = tables["shipments"], tables["origins"].set_index("origin_id")
    calendars = {name: WorkingCalendar.from_dict(json.loads(text)) for name, text in origins["calendar"].items()}
    sent = shipments[shipments["dispatched_at"].notna()]
    late = 0
    for row in sent.itertuples():
        calendar, handling = calendars[row.origin_id], int(origins.loc[row.origin_id, "handling_days"])
        planned = calendar.dispatch_on(row.ordered_at.to_pydatetime(), handling)
        dispatched_on = row.dispatched_at.tz_convert("Europe/Berlin").date()
        assert row.planned_dispatch_on == planned
        assert dispatched_on >= planned
        assert calendar.is_working(dispatched_on)
        late += dispatched_on > planned
    assert 0.02 < late / len(sent) < 0.3


def test_a_parcel_is_ordered_then_packed_then_handed_over(tables):
    shipments = tables["shipments"].dropna(subset=["ready_at", "dispatched_at"])
    assert len(shipments) > 2000
    assert (shipments["ready_at"] > shipments["ordered_at"]).all()
    assert (shipments["dispatched_at"] > shipments["ready_at"]).all()


def test_prepaid_orders_wait_for_their_money(tables):
    truth = tables["truth"].merge(tables["shipments"][["shipment_id", "payment_method"]], on="shipment_id")
    waited = truth["payment_days"] > 0
    assert waited.any()
    assert set(truth.loc[waited, "payment_method"].dropna()) == {"bank_transfer"}


def test_cancelled_orders_never_move(tables):
    truth = tables["truth"]
    cancelled = truth[truth["final_status"] == "cancelled"]
    assert len(cancelled)
    assert cancelled[["ready_at", "dispatched_at", "delivered_at"]].isna().all(axis=None)
    assert pd.Series(cancelled["ended_on"] > cancelled["ordered_on"]).all()
