from datetime import date

from pipelines.alerting.rules import no_scan_for_48_hours, quoted_date_passed, warned_by_rule
from tests.parcelcast.alerts.situations import ON_THE_ROAD
from tests.parcelcast.tracking.reports import hours, scan
from tests.pipelines.alerting.tracks import LATE, track

TUESDAY = date(2027, 3, 2)


def came(at):
    return {"risk": None, "scans": (*ON_THE_ROAD, scan("delivered", at))}


def test_the_quoted_date_has_passed_at_midnight_where_the_parcel_goes():
    assert quoted_date_passed(track([(30, 0.1)], LATE, quoted_on=TUESDAY)) == hours(47)
    assert quoted_date_passed(track([(30, 0.1)], LATE)) is None


def test_a_parcel_that_came_by_its_quote_is_not_told():
    assert quoted_date_passed(track([(30, 0.1), (40, came(39))], quoted_on=TUESDAY)) is None
    assert quoted_date_passed(track([(30, 0.1), (50, came(49))], quoted_on=TUESDAY)) == hours(47)


def test_silence_counts_from_the_last_scan_and_only_after_the_first():
    assert no_scan_for_48_hours(track([(30, 0.1), (100, came(99))])) == hours(58)  # the hub's scan was at 10
    assert no_scan_for_48_hours(track([(30, 0.1), (57, came(56))])) is None
    assert no_scan_for_48_hours(track([(30, {"risk": 0.1, "scans": ()})])) is None
    moved = {"risk": 0.1, "scans": (*ON_THE_ROAD, scan("hub_departure", 40))}
    assert no_scan_for_48_hours(track([(30, 0.1), (41, moved), (100, came(99))])) == hours(88)


def test_a_rule_tells_once_and_after_the_promised_day_it_predicts_nothing():
    early, late, never = warned_by_rule(
        [
            track([(30, 0.1)], LATE, quoted_on=TUESDAY),
            track([(30, 0.1)], LATE, quoted_on=date(2027, 3, 5)),
            track([(30, 0.1)], LATE),
        ],
        quoted_date_passed,
    )
    assert (early.predicted, early.is_told) == (((hours(47), None),), True)
    assert (late.predicted, late.is_told) == ((), True)
    assert (never.predicted, never.is_told) == ((), False)
