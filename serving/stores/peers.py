"""How many parcels moved on after their scans of an hour (`parcelcast.peers`), counted in the database."""

from collections.abc import Iterator, Sequence

import orjson
from sqlalchemy import Connection

from parcelcast.peers import MOST_AN_HOUR, Hour, Moves
from serving.stores.schema import EPOCH, MICROSECOND

# Full hours take some 5 ms each, and no statement more than its time.
_HOURS_AT_ONCE = 100
# The scans of an hour, of parcels that are registered, and of each what came later of its parcel, under any number:
# null for nothing, 2 for the same scan again, 1 for others.
_SCANS = f"""
select scan.facility_id as facility, (
    select max(case when later.carrier = scan.carrier and later.code = scan.code
        and later.facility_id = scan.facility_id then 2 else 1 end)
    from numbers as other
    join scans as later on later.carrier = other.carrier and later.tracking_number = other.tracking_number
    where other.shipment_id = scan.shipment_id and later.occurred_at > scan.occurred_at
) as later
from (
    select told.carrier, told.code, told.facility_id, told.occurred_at, own.shipment_id
    from (
        select carrier, tracking_number, code, facility_id, occurred_at from scans
        where carrier = {{carrier}} and code = {{code}} and occurred_at >= {{start}} and occurred_at < {{stop}}
        order by recorded_at, seq limit {MOST_AN_HOUR}
    ) as told
    join numbers as own on own.carrier = told.carrier and own.tracking_number = told.tracking_number
) as scan
"""  # noqa: S608 - made of our own names
_COUNTED = "where facility is not null and coalesce(later, 1) = 1 group by"
_SQLITE = f"""
select facility, count(*), count(later)
from ({_SCANS.format(carrier="?", code="?", start="?", stop="?")}) {_COUNTED} facility
"""  # noqa: S608 - made of our own names
# Without "offset 0" PostgreSQL would look up what came later once for the condition and once for the count.
_POSTGRESQL = f"""
select asked.place, told.facility, count(*), count(told.later)
from json_to_recordset(%s::json) as asked (place int, carrier text, code text, start timestamptz, stop timestamptz)
cross join lateral (select * from (
    {_SCANS.format(carrier="asked.carrier", code="asked.code", start="asked.start", stop="asked.stop")}
) as each offset 0) as told
{_COUNTED} asked.place, told.facility
"""  # noqa: S608 - made of our own names


def read_moves(connection: Connection, hours: Sequence[Hour]) -> dict[Hour, dict[str, Moves]]:
    """Return the moves of each hour by facility; scans without one tell nothing.

    Of more scans than MOST_AN_HOUR those that were recorded first count, and of these the ones of registered parcels.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    found: dict[Hour, dict[str, Moves]] = {one: {} for one in hours}
    for hour, facility, parcels, moved in (_in_sqlite if is_sqlite else _in_postgresql)(connection, hours):
        found[hour][facility] = Moves(parcels, moved)
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
