from datetime import timedelta

from sqlalchemy import select

from serving.stores.bus import announce_bus
from serving.stores.endpoints import read_endpoints
from serving.stores.schema import deliveries
from tests.serving.stores.outbox import NOON, add_endpoint, event, tell

LATER = NOON + timedelta(days=1)


def announce(database, *, is_configured, now=NOON):
    with database.writing() as connection:
        announce_bus(connection, now, is_configured=is_configured)


def state(database):
    with database.reading() as connection:
        found = read_endpoints(connection, ["bus"]).get("bus")
    return None if found is None else found.state


def letters(database):
    """Endpoint, state and due time of each delivery."""
    with database.reading() as connection:
        columns = deliveries.c.endpoint_id, deliveries.c.state, deliveries.c.due_at
        rows = connection.execute(select(*columns).order_by(deliveries.c.seq, deliveries.c.endpoint_id))
        return [tuple(row) for row in rows]


def test_a_bus_is_an_endpoint_while_the_settings_name_one(database):
    states = []
    for is_configured in (False, True, True, False, False, True):
        announce(database, is_configured=is_configured)
        states.append(state(database))
    assert states == [None, "enabled", "enabled", "disabled", "disabled", "enabled"]


def test_what_waited_for_a_bus_that_was_taken_away_leaves_when_it_is_back(database):
    add_endpoint(database, "hook")
    announce(database, is_configured=True)
    tell(database, [event(1)])
    announce(database, is_configured=False)
    tell(database, [event(2)])
    assert letters(database) == [("bus", "dead", NOON), ("hook", "pending", NOON), ("hook", "pending", NOON)]

    announce(database, is_configured=True, now=LATER)
    assert letters(database) == [("bus", "pending", LATER), ("hook", "pending", NOON), ("hook", "pending", NOON)]
