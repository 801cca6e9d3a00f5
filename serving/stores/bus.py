"""The event bus among the endpoints: there while the settings name one."""

from datetime import datetime

from sqlalchemy import Connection, select

from serving.stores.deliveries import replay_dead
from serving.stores.endpoints import BUS, ENABLED, Endpoint, add_endpoint, disable, enable, read_endpoints
from serving.stores.schema import endpoints


def announce_bus(connection: Connection, now: datetime, *, is_configured: bool) -> None:
    """Let the event bus have events from now on, or no more.

    What was due when it was taken away is due again when it is back: nobody else could replay these dead letters.
    """
    connection.execute(select(endpoints.c.endpoint_id).where(endpoints.c.endpoint_id == BUS).with_for_update())
    bus = read_endpoints(connection, [BUS]).get(BUS)
    if is_configured and bus is None:
        add_endpoint(connection, Endpoint(BUS, BUS, "", now))
    elif is_configured and bus is not None and bus.state != ENABLED:
        enable(connection, BUS)
        replay_dead(connection, bus, now)
    elif not is_configured and bus is not None and bus.state == ENABLED:
        disable(connection, BUS, "no bus is configured", now)
