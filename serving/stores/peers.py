"""How many parcels moved on after the scans of an hour (`parcelcast.peers`), counted in the database."""

from collections.abc import Iterator, Sequence

import orjson
from sqlalchemy import Connection

from parcelcast.peers import MOST_AN_HOUR, Hour, Moves
from serving.stores.schema import EPOCH, MICROSECOND

# Full hours take some 4 ms each, and no statement more than its time.
_HOURS_AT_ONCE = 200
# The parcels of an hour by their numbers; whether anything happened later to one, under whatever number.
_SCANS = f"""
select coalesce(scan.facility_id, '') as facility, exists(
    select 1 from numbers as other
    join scans as later on later.carrier = other.carrier and later.tracking_number = other.tracking_number
    where other.shipment_id = own.shipment_id and later.occurred_at > scan.occurred_at
) as has_moved
from scans as scan
join numbers as own on own.carrier = scan.carrier and own.tracking_number = scan.tracking_number
where scan.carrier = {{carrier}} and scan.code = {{code}}
and scan.occurred_at >= {{start}} and scan.occurred_at < {{stop}}
order by scan.occurred_at limit {MOST_AN_HOUR}
"""  # noqa: S608 - made of our own names
_SQLITE = f"""
select facility, count(*), sum(has_moved)
from ({_SCANS.format(carrier="?", code="?", start="?", stop="?")}) group by facility
"""  # noqa: S608 - made of our own names
_POSTGRESQL = f"""
select asked.place, told.facility, count(*), count(*) filter (where told.has_moved)
from json_to_recordset(%s::json) as asked (place int, carrier text, code text, start timestamptz, stop timestamptz)
cross join lateral (
    {_SCANS.format(carrier="asked.carrier", code="asked.code", start="asked.start", stop="asked.stop")}
) as told
group by asked.place, told.facility
"""  # noqa: S608 - made of our own names


def read_moves(connection: Connection, hours: Sequence[Hour]) -> dict[Hour, dict[str, Moves]]:
    """Return the moves of each hour by facility, "" where none was told.

    Scans of parcels that nobody registered do not count; of more than MOST_AN_HOUR the first ones do.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    found: dict[Hour, dict[str, Moves]] = {one: {} for one in hours}
    for hour, facility, scans, moved in (_in_sqlite if is_sqlite else _in_postgresql)(connection, hours):
        found[hour][facility] = Moves(scans, moved)
    return found


def _in_sqlite(connection: Connection, hours: Sequence[Hour]) -> Iterator[tuple[Hour, str, int, int]]:
    for hour in hours:
        start, stop = ((at - EPOCH) // MICROSECOND for at in (hour.start, hour.stop))
        for row in connection.exec_driver_sql(_SQLITE, (hour.carrier, hour.code, start, stop)):
            yield hour, *row


def _in_postgresql(connection: Connection, hours: Sequence[Hour]) -> Iterator[tuple[Hour, str, int, int]]:
    asked = [
        {"place": place, "carrier": hour.carrier, "code": hour.code, "start": hour.start, "stop": hour.stop}
        for place, hour in enumerate(hours)
    ]
    for start in range(0, len(asked), _HOURS_AT_ONCE):
        some = orjson.dumps(asked[start : start + _HOURS_AT_ONCE]).decode()
        for place, *row in connection.exec_driver_sql(_POSTGRESQL, (some,)):
            yield hours[place], *row
