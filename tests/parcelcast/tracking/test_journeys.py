from hypothesis import given

from parcelcast.tracking.absorbing import absorb
from parcelcast.tracking.journeys import journey_since, journeys
from tests.parcelcast.tracking.reports import hours, reports, scan

DAY = 24
FIRST = [scan("label_created", 0), scan("handed_over", 5), scan("delivered", 30)]


def codes(number_of_days: float):
    """Codes by journey when a label is made and a parcel handed over so many days after the delivery."""
    again = [scan("label_created", 30 + DAY * number_of_days), scan("handed_over", 35 + DAY * number_of_days)]
    return [[one.code for one in journey] for journey in journeys([*FIRST, *again])]


@given(reports())
def test_every_scan_is_in_one_journey(original):
    absorbed = absorb(original)
    assert [one for journey in journeys(absorbed) for one in journey] == list(absorbed)


def test_a_number_is_used_again_a_month_after_the_end():
    assert codes(29) == [["label_created", "handed_over", "delivered", "label_created", "handed_over"]]
    assert codes(30) == [["label_created", "handed_over", "delivered"], ["label_created", "handed_over"]]


def test_a_number_is_used_again_after_a_long_silence():
    lost = [scan("handed_over", 0), scan("hub_arrival", 5)]
    assert len(journeys([*lost, scan("handed_over", 5 + 89 * DAY)])) == 1
    assert len(journeys([*lost, scan("handed_over", 5 + 90 * DAY)])) == 2


def test_a_parcel_that_is_found_after_a_long_silence_is_still_the_same():
    assert len(journeys([scan("handed_over", 0), scan("delivered", 120 * DAY)])) == 1


def test_a_label_that_waits_for_its_parcel_is_no_silence():
    assert len(journeys([scan("label_created", 0), scan("handed_over", 200 * DAY)])) == 1


def test_an_order_has_the_first_journey_that_was_not_over_before_it():
    again = [scan("label_created", 60 * DAY), scan("delivered", 63 * DAY)]
    scans = [*FIRST, *again]
    assert journey_since(scans, hours(-5)) == tuple(FIRST)
    assert journey_since(scans, hours(31)) == tuple(again)
    assert journey_since(scans, hours(70 * DAY)) == ()
    assert journey_since(scans, None) == tuple(again)
    assert journey_since([], None) == ()


def test_what_is_told_after_the_end_does_not_make_an_order_of_a_journey_that_was_over():
    survey, again = scan("info_only", 50 * DAY), [scan("label_created", 60 * DAY), scan("handed_over", 61 * DAY)]
    assert journey_since([*FIRST, survey], hours(45 * DAY)) == ()
    assert journey_since([*FIRST, survey, *again], hours(45 * DAY)) == tuple(again)
    assert journey_since([*FIRST, survey], hours(20)) == (*FIRST, survey)


def test_an_order_from_before_the_return_has_the_parcel_that_comes_back():
    back = [scan("return_started", 40 * DAY), scan("returned", 44 * DAY), scan("info_only", 46 * DAY)]
    assert journey_since([*FIRST, *back], hours(43 * DAY)) == (*FIRST, *back)
    assert journey_since([*FIRST, *back], hours(45 * DAY)) == ()
