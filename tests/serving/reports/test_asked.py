"""Which parcels a report is about: the same in all of them."""

from datetime import timedelta

import pytest

from serving.reports.asked import MOST_DAYS
from tests.serving.reports.records import THURSDAY
from tests.serving.shop import WRITE_KEY

REPORTS = ("promise-attainment", "calibration", "carriers")


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_of_promised_days_that_are_over(records, name):
    for days in range(5):
        records.keep(0, promised_on=THURSDAY + timedelta(days=days))
    records.keep(promised_on=None)

    assert records.report(name)["parcels"] == 1
    assert records.report(name, until="2026-11-30", days=2)["parcels"] == 2
    records.shop.clock.set("2026-11-28T12:00:00+00:00")
    told = records.report(name, until="2027-01-01", days=28)
    assert (told["since"], told["until"], told["parcels"]) == ("2026-10-31", "2026-11-28", 2)
    told = records.report(name, until="0001-01-01")
    assert (told["since"], told["until"], told["parcels"]) == ("1999-12-31", "2000-01-01", 0)


@pytest.mark.parametrize("name", REPORTS)
def test_without_being_told_a_report_is_of_four_weeks_until_today(records, name):
    told = records.shop.get(f"/v1/reports/{name}").json()
    assert (told["since"], told["until"]) == ("2026-11-05", "2026-12-03")


@pytest.mark.parametrize("name", REPORTS)
def test_what_nobody_has_heard_of_or_waits_for_is_counted_aside(records, name):
    records.keep(0)
    records.keep(stage="pre_dispatch", status="ordered")
    records.keep(stage="pre_dispatch", status="cancelled")
    records.keep(is_return=True)

    told = records.report(name)

    assert (told["parcels"], told["unheard"]) == (1, 2)


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_may_be_of_one_merchant(records, name):
    records.keep(0, merchant_id="one")
    records.keep(0, merchant_id="other")

    told = records.report(name, merchant_id="one")

    assert (told["merchant_id"], told["parcels"]) == ("one", 1)
    assert records.report(name, merchant_id="nobody")["parcels"] == 0
    assert (records.report(name)["merchant_id"], records.report(name)["parcels"]) == (None, 2)


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize(
    "asked", [{"days": 0}, {"days": MOST_DAYS + 1}, {"until": "yesterday"}, {"merchant_id": "x" * 101}], ids=str
)
def test_a_question_that_cannot_be_used_is_refused(shop, name, asked):
    assert shop.get(f"/v1/reports/{name}", params=asked).status_code == 422


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_needs_a_key_that_may_read_parcels(shop, name):
    shop.key = WRITE_KEY
    assert shop.get(f"/v1/reports/{name}").status_code == 403
