from datetime import timedelta

import pytest

from parcelcast.errors import NotFound
from serving.stores.events import append_test
from serving.stores.feed import Page, acknowledge, read_alert, read_page
from tests.serving.stores.outbox import DELAY, NOON, add_endpoint, event, tell

RISK = "parcelcast.return.risk"


def _page(database, after=0, limit=10, types=None, shipment_id=None):
    with database.reading() as connection:
        page = read_page(connection, after, limit, types, shipment_id)
    return [int(body.partition("01EVENT")[2][:19]) for body in page.bodies], page.after, page.more


@pytest.fixture
def numbers(database):
    return tell(database, [event(1), event(2, type=RISK), event(3)])


def test_pages_follow_each_other_without_gap_or_repetition(database, numbers):
    assert _page(database, limit=2) == ([1, 2], numbers[1], True)
    assert _page(database, numbers[1], limit=2) == ([3], numbers[2], False)
    assert _page(database, numbers[2]) == ([], numbers[2], False)
    assert _page(database, limit=3) == ([1, 2, 3], numbers[2], False)


def test_an_empty_feed_begins_at_its_start(database):
    with database.reading() as connection:
        assert read_page(connection, 0, 10, None, None) == Page([], 0, more=False)


def test_who_wants_few_goes_on_after_all_that_was_looked_at(database, numbers):
    assert _page(database, types=[RISK]) == ([2], numbers[2], False)
    assert _page(database, shipment_id="p1") == ([1], numbers[2], False)
    assert _page(database, types=[RISK], shipment_id="p1") == ([], numbers[2], False)
    assert _page(database, types=[DELAY], limit=1) == ([1], numbers[0], True)


def test_a_cursor_beyond_the_end_stays(database, numbers):
    assert _page(database, numbers[2] + 5) == ([], numbers[2] + 5, False)


def test_tests_of_endpoints_are_not_in_the_feed(database, numbers):
    add_endpoint(database, "a")
    with database.writing() as connection:
        append_test(connection, "a", "01TEST", NOON)
    tell(database, [event(4)])

    assert _page(database)[0] == [1, 2, 3, 4]


def test_an_alert_is_shown_with_its_events(database, numbers):
    with database.reading() as connection:
        alert = read_alert(connection, event(1).alert_id)

    assert (alert.shipment_id, alert.type, alert.state, len(alert.bodies)) == ("p1", DELAY, "open", 1)


def test_the_first_to_acknowledge_is_kept(database, numbers):
    alert_id = event(1).alert_id
    for number, key_id in enumerate(["first", "second"]):
        with database.writing() as connection:
            alert = acknowledge(connection, alert_id, key_id, NOON + timedelta(hours=number))

    assert (alert.acknowledged_by, alert.acknowledged_at) == ("first", NOON)


@pytest.mark.parametrize("ask", [read_alert, lambda connection, id_: acknowledge(connection, id_, "key", NOON)])
def test_an_unknown_alert_is_not_found(database, ask):
    with pytest.raises(NotFound, match="no alert"), database.writing() as connection:
        ask(connection, "none")
