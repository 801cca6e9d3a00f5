from datetime import timedelta
from math import isnan

import pytest

from pipelines.alerting.judging import Warned, figures, warned_by_machine
from pipelines.alerting.replay import replay
from tests.parcelcast.alerts.situations import AWAKE
from tests.parcelcast.tracking.reports import hours
from tests.pipelines.alerting.tracks import END, LATE, ON_TIME, track, watched

EARLY, TOO_LATE = hours(END - 30), hours(END - 10)


def warned(delivered_on, *predicted, retractions=0):
    return Warned(watched(delivered_on), tuple(predicted), retractions, is_told=bool(predicted))


def test_precision_and_recall_count_alerts_that_were_early_enough():
    found = figures(
        [
            warned(LATE, (EARLY, None)),
            warned(LATE, (TOO_LATE, None)),
            warned(LATE),
            warned(None),
            warned(ON_TIME, (EARLY, None)),
            warned(ON_TIME, (TOO_LATE, None)),
            warned(ON_TIME),
        ]
    )
    assert (found.parcels, found.late) == (7, 4)
    assert (found.precision, found.recall) == (1 / 2, 1 / 4)
    assert found.precision_at_any_time == 2 / 4
    assert (found.told, found.alerts) == (2, 4)
    assert found.lead_hours == 20


def test_an_alert_that_was_taken_back_in_time_has_caught_nothing_and_still_counts_as_told():
    found = figures([warned(LATE, (EARLY, hours(END - 26)), retractions=1)])
    assert (found.early, found.early_right, found.caught, found.retractions) == (1, 1, 0, 1)
    again = figures([warned(LATE, (EARLY, hours(END - 29)), (hours(END - 25), None))])
    assert (again.early, again.caught, again.alerts) == (1, 1, 2)


@pytest.mark.parametrize(("before", "counts"), [(24, True), (23.9, False)])
def test_the_lead_is_counted_from_the_end_of_the_promised_local_day(before, counts):
    found = figures([warned(LATE, (hours(END - before), None))], timedelta(hours=24))
    assert (found.early, found.caught) == (counts, counts)


def test_without_alerts_or_late_parcels_there_is_no_share():
    found = figures([warned(ON_TIME)])
    assert isnan(found.precision)
    assert isnan(found.recall)
    assert isnan(found.lead_hours)


def test_what_the_machine_told_is_read_from_its_changes():
    tracks = [
        track([(30, 0.9), (31, 0.05), (50, 0.05), (75, 0.95)], LATE),  # told, taken back, told again
        track([(30, 0.2), (END + 20, 0.9)], LATE),  # confirmed only
        track([(30, 0.2), (40, 0.3)]),
    ]
    both, confirmed, silent = warned_by_machine(replay(one, AWAKE) for one in tracks)
    assert [end is None for _, end in both.predicted] == [False, True]
    assert (both.retractions, both.is_told) == (1, True)
    assert (confirmed.predicted, confirmed.is_told) == ((), True)
    assert (silent.predicted, silent.is_told) == ((), False)
