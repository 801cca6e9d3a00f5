import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.errors import InputError
from parcelcast.tracking.absorbing import absorb, order
from parcelcast.tracking.links import Link
from parcelcast.tracking.scan import Scan
from tests.parcelcast.tracking.reports import MONDAY, hours, reports, scan, shaken


@given(st.data())
def test_order_and_copies_of_reports_do_not_matter(data):
    original = data.draw(reports())
    as_of = hours(data.draw(st.integers(0, 110)))
    again = data.draw(shaken(original))
    assert absorb(again) == absorb(original)
    assert absorb([*again, *original], as_of) == absorb([*original], as_of)


@given(reports(), reports(), st.integers(0, 110))
def test_what_is_recorded_at_or_after_the_instant_is_not_seen(earlier, later, at):
    as_of = hours(at)
    later = [replace(one, recorded_at=max(one.recorded_at, as_of)) for one in later]
    assert absorb([*later, *earlier], as_of) == absorb(earlier, as_of)
    assert all(one.recorded_at < as_of for one in absorb([*earlier, *later], as_of))


@given(reports())
def test_absorbed_scans_are_in_order_and_each_once(original):
    absorbed = absorb(original)
    assert list(absorbed) == sorted(absorbed, key=order)
    assert len({one.scan_id for one in absorbed}) == len(absorbed)
    assert absorb(absorbed) == absorbed


@given(reports())
def test_without_corrections_every_event_is_kept_as_it_was_first_recorded(original):
    told = [replace(one, replaces=None) for one in original]
    first = {}
    for one in told:
        first[one.scan_id] = min(first.get(one.scan_id, one.recorded_at), one.recorded_at)
    assert {one.scan_id: one.recorded_at for one in absorb(told)} == first


def test_two_reports_of_one_event_are_one_scan_recorded_when_it_was_first_told():
    by_push = scan("hub_arrival", 5, 5.1, raw_code="02", facility_id="H1", source="push", raw_text="Eingang")
    by_file = scan("hub_arrival", 5, 11, raw_code="02", facility_id="H1", source="file", number=" a1 ")
    assert absorb([by_file, by_push]) == (by_push,)
    assert absorb([by_file, by_push], hours(5.1)) == ()


def test_another_second_facility_code_or_carrier_is_another_event():
    one = scan("hub_arrival", 5, raw_code="02", facility_id="H1")
    others = [
        replace(one, occurred_at=one.occurred_at + timedelta(seconds=1)),
        replace(one, facility_id="H2"),
        replace(one, raw_code="09"),
        replace(one, carrier="gls"),
    ]
    assert len(absorb([one, *others], hours(99))) == 5
    assert replace(one, occurred_at=one.occurred_at + timedelta(microseconds=9)).scan_id == one.scan_id


def by_id(one, told_carrier=None, **more):
    return replace(one, carrier="", tracking_number="ID:532D31", told_carrier=told_carrier, **more)


@given(st.data())
def test_what_is_told_again_by_the_parcels_id_changes_nothing(data):
    original = data.draw(reports())
    again = data.draw(st.lists(st.sampled_from(original))) if original else []
    late = [by_id(one, data.draw(st.sampled_from([None, "dpd"]))) for one in again]
    assert absorb(data.draw(st.permutations([*original, *late]))) == absorb(original)


def test_one_event_by_several_numbers_and_by_id_is_known_since_the_first_report():
    one = scan("hub_arrival", 5, 7, raw_code="02", facility_id="H1")
    under_another = replace(one, tracking_number="A2", recorded_at=hours(8))
    first = by_id(one, recorded_at=hours(6))
    for told in ([one, under_another, first], [first, under_another, one]):
        assert absorb(told) == (replace(one, recorded_at=hours(6)),)
        assert absorb(told, hours(7)) == (first,)
        assert absorb(told, hours(9), [Link(one.number, under_another.number, hours(0))])[0].number == ("dpd", "A2")


def test_by_id_the_carrier_counts_where_it_is_told():
    here, there = scan("hub_arrival", 5), scan("hub_arrival", 5, carrier="gls")
    assert len(absorb([here, by_id(here, "gls")])) == 2
    assert absorb([here, there, by_id(here), by_id(here, recorded_at=hours(9))]) == absorb([here, there])


def test_a_carriers_other_name_is_the_same_carrier():
    named = scan("hub_arrival", 5, carrier="dpd-de")
    assert absorb([named, scan("hub_arrival", 5, 6)]) == (named,)


def test_what_a_code_table_knew_counts_whoever_told_first():
    unread = scan("info_only", 5, 6, carrier="acme", raw_code="DLV")
    read = by_id(replace(unread, code="delivered", map_version="acme-1", recorded_at=hours(9)))
    for told in ([unread, read], [read, unread]):
        (found,) = absorb(told)
        assert (found.code, found.map_version, found.recorded_at) == ("delivered", "acme-1", hours(6))
        assert found.number == unread.number


def test_a_correction_told_again_by_id_does_not_undo_a_later_one():
    wrong = scan("delivered", 10)
    right = scan("delivery_attempted", 10, 12, replaces=wrong.scan_id)
    last = scan("at_pickup_point", 10, 14, replaces=right.scan_id)
    again = by_id(replace(right, replaces=by_id(wrong).scan_id, recorded_at=hours(16)))
    for told in itertools.permutations([wrong, by_id(wrong), right, last, again]):
        assert absorb(told) == (last,)


def test_a_correction_may_name_either_report_of_an_event():
    wrong = scan("delivered", 10)
    first = by_id(wrong, recorded_at=hours(9))
    for replaced in (wrong, first):
        right = scan("delivery_attempted", 10, 12, replaces=replaced.scan_id)
        assert (
            absorb([wrong, first, right])
            == absorb([by_id(right, recorded_at=hours(13)), right, first, wrong])
            == (right,)
        )
        of_it = by_id(scan("at_pickup_point", 10, 14), replaces=by_id(right).scan_id)
        assert absorb([wrong, right, of_it, first, by_id(right)]) == (of_it,)


def test_scans_of_the_same_second_are_told_in_the_order_of_a_journey():
    scans = [scan(code, 9) for code in ("delivered", "out_for_delivery", "destination_depot")]
    assert [one.code for one in absorb(scans)] == ["destination_depot", "out_for_delivery", "delivered"]


def test_nothing_happens_after_we_learned_of_it():
    ahead = scan("delivered", 30, 20)
    little = scan("out_for_delivery", 19.1, 19)
    assert [one.code for one in absorb([ahead, little])] == ["out_for_delivery", "delivered"]
    assert ahead.happened_at == hours(20)
    assert ahead.all_doubts == ("clock_ahead",)
    assert little.all_doubts == ()


def test_a_correction_takes_the_place_of_a_scan_whenever_either_comes():
    wrong = scan("delivered", 10)
    right = scan("delivery_attempted", 10, 12, replaces=wrong.scan_id)
    assert absorb([wrong, right]) == absorb([right, wrong]) == absorb([right]) == (right,)
    assert absorb([wrong, right], hours(12)) == (wrong,)


def test_of_several_corrections_the_last_one_counts():
    wrong = scan("delivered", 10)
    first = scan("exception", 10, 12, replaces=wrong.scan_id)
    second = scan("returned", 11, 13, replaces=wrong.scan_id)
    of_first = scan("delivered_to_neighbour", 10, 12.5, replaces=first.scan_id)
    assert absorb([second, wrong, first]) == (second,)
    assert absorb([of_first, wrong, first]) == (of_first,)
    assert absorb([of_first, wrong, first, second]) == (second,)
    before_it = scan("delivered_to_neighbour", 10, 11.5, replaces=first.scan_id)
    assert absorb([before_it, wrong, first]) == (before_it,)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"occurred_at": datetime(2027, 3, 1)}, "with an offset"),  # noqa: DTZ001 - that is the point
        ({"recorded_at": datetime.max.replace(tzinfo=UTC)}, "years 1990 to 2199"),
        ({"occurred_at": datetime.min.replace(tzinfo=UTC)}, "years 1990 to 2199"),
        ({"code": "arrived"}, "expected one of"),
        ({"tracking_number": " \n"}, "without a tracking number"),
    ],
)
def test_a_report_that_cannot_be_a_scan_is_refused(change, told):
    values = {
        "carrier": "dpd",
        "tracking_number": "A1",
        "code": "delivered",
        "occurred_at": MONDAY,
        "recorded_at": MONDAY,
    }
    with pytest.raises(InputError, match=told):
        Scan(**values | change)


@pytest.mark.parametrize("offset", [9999, -13 * 60, 61])
def test_an_offset_that_no_clock_has_is_left_out_and_named(offset):
    one = scan("delivered", 5, utc_offset_min=offset)
    assert (one.utc_offset_min, one.doubts) == (None, ("offset_impossible",))
    assert scan("delivered", 5, utc_offset_min=-210).utc_offset_min == -210


def test_an_identity_is_the_same_tomorrow():
    assert scan("delivered", 5, raw_code="13", facility_id="0521").scan_id == "d84c81506d5b3d5e9a5303ac4af9cf5e"
