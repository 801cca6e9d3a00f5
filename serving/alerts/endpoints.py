"""`/v1/alerts`: the durable feed of events, and single alerts."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from serving.alerts.answers import Alert, Cursor, EventType, Feed
from serving.alerts.cursor import cursor_of, seq_of
from serving.callers import AlertReader, AlertWriter
from serving.problems import documented
from serving.promises.requests import Name
from serving.state import Serving
from serving.stores.feed import acknowledge, read_alert, read_page

MAX_PAGE = 500

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

AlertId = Annotated[str, Path(max_length=26, pattern="^[0-9A-Za-z]{26}$", examples=["01KAFAKE0000000000000000AM"])]
After = Annotated[
    Cursor | None, Query(description="`cursor` of the page before; without it the oldest that is kept comes first")
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Types = Annotated[list[EventType] | None, Query(max_length=20, description="only these; repeat it for several")]
OfParcel = Annotated[Name | None, Query(description="only events of this parcel")]


@router.get("", response_model=Feed, responses=documented(401, 403, 422, 503))
def show_feed(
    services: Serving,
    _caller: AlertReader,
    after: After = None,
    limit: Limit = 100,
    types: Types = None,
    shipment_id: OfParcel = None,
) -> Response:
    """Show events in the order in which they happened, from a cursor on.

    Events are kept for PARCELCAST_KEEP_DAYS (by default 180), and longer while their alert is open or a delivery waits.
    In that time nothing is missed and nothing moves: whoever asks again after the same cursor gets the same events, and
    new ones behind them. Ask again at once while `more` is true, then every few seconds.
    """
    with services.database.reading() as connection:
        page = read_page(connection, 0 if after is None else seq_of(after), limit, types, shipment_id)
    rest = f'],"cursor":"{cursor_of(page.after)}","more":{"true" if page.more else "false"}}}'
    return Response('{"events":[' + ",".join(page.bodies) + rest, media_type="application/json")


@router.get("/{alert_id}", responses=documented(401, 403, 404, 422, 503))
def show_alert(alert_id: AlertId, services: Serving, _caller: AlertReader) -> Alert:
    """Show an alert and what was told of it.

    Once it is over, events older than PARCELCAST_KEEP_DAYS (by default 180) leave.
    """
    with services.database.reading() as connection:
        return Alert.of(read_alert(connection, alert_id.upper()))


@router.post("/{alert_id}/acknowledge", responses=documented(401, 403, 404, 422, 503))
def acknowledge_alert(alert_id: AlertId, services: Serving, caller: AlertWriter) -> Alert:
    """Note that somebody takes care. The first time counts; again changes nothing."""
    with services.database.writing() as connection:
        return Alert.of(acknowledge(connection, alert_id.upper(), caller.key_id, services.clock()))
