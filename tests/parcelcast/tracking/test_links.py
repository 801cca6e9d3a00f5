from hypothesis import given
from hypothesis import strategies as st

from parcelcast.tracking.absorbing import absorb
from parcelcast.tracking.links import Link, follow, numbers_of
from parcelcast.tracking.scan import Number
from tests.parcelcast.tracking.reports import hours, scan

ABROAD, HOME = Number("dpd", "A1"), Number("postnl", "3S1")
LINK = Link(ABROAD, HOME, hours(20))


def at_home(code: str, at: float, **more):
    return scan(code, at, number="3S1", carrier="postnl", **more)


def test_a_parcel_has_all_numbers_that_are_linked_from_the_first_to_the_last():
    third = Number("dhl_paket", "0034")
    links = [Link(HOME, third, hours(30)), LINK]
    for number in (ABROAD, HOME, third):
        assert numbers_of(number, links) == [ABROAD, HOME, third]
    assert numbers_of(ABROAD, links, hours(30)) == [ABROAD, HOME]
    assert numbers_of(ABROAD, links, hours(20)) == [ABROAD]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12), st.integers(0, 5), st.randoms())
def test_any_links_even_circles_give_every_number_of_a_parcel_the_same_numbers(pairs, start, random):
    links = [Link(Number("dpd", str(one)), Number("dpd", str(two)), hours(0)) for one, two in pairs]
    numbers = numbers_of(Number("dpd", str(start)), links)
    random.shuffle(links)
    for number in numbers:
        assert numbers_of(number, [*links, *links]) == numbers


def test_a_delivery_at_the_border_is_a_handing_on():
    scans = absorb([scan("handed_over", 0), scan("delivered", 24), at_home("hub_arrival", 26)])
    followed = follow(scans, [LINK])
    assert [one.code for one in followed] == ["handed_over", "hub_departure", "hub_arrival"]
    assert followed[1].scan_id == scans[1].scan_id
    assert "handed_on" in followed[1].doubts
    assert follow(scans, [LINK], hours(20)) == scans
    assert follow(scans, []) == scans


def test_the_true_delivery_counts_under_the_old_number_too():
    mirrored = [scan("delivered", 50), at_home("out_for_delivery", 45)]
    assert follow(absorb(mirrored), [LINK])[-1].code == "delivered"
    a_little_early = [scan("delivered", 44.9), at_home("delivered", 45)]
    assert follow(absorb(a_little_early), [LINK])[0].code == "delivered"
    before = [scan("delivered", 40), at_home("out_for_delivery", 45)]
    assert follow(absorb(before), [LINK])[0].code == "hub_departure"


def test_a_delivery_under_the_last_number_is_one():
    assert follow((at_home("delivered", 50),), [LINK])[0].code == "delivered"


def test_one_delivery_under_both_numbers_of_a_carrier_is_one():
    link = Link(ABROAD, Number("dpd", "A2"), hours(20))
    told = [scan("delivered", 50), scan("delivered", 50, 51, number="A2")]
    assert [one.code for one in follow(absorb(told, links=[link]), [link])] == ["delivered"]
