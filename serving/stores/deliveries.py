"""The deliveries that are due: taken by a lease, settled by their outcome, brought back by a replay."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    true,
    update,
)

from serving.stores.endpoints import ENABLED, Endpoint, disable, read_endpoints
from serving.stores.schema import deliveries, endpoints, events

PENDING = "pending"
DELIVERED = "delivered"
DEAD = "dead"

SHAKY_FAILURES = 3

# Written out, not passed as values: only so do databases know that the partial indexes hold all that is asked for.
_IS_PENDING = deliveries.c.state == literal_column("'pending'")
_IS_DEAD = deliveries.c.state == literal_column("'dead'")


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery that is this sender's until its lease ends."""

    endpoint: Endpoint
    seq: int
    lease: str
    event_id: str
    type: str
    subject: str | None
    body: bytes
    attempts: int
    first_tried_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended. `due_at` is when to try again; without it a failed delivery is dead.

    `pause_until` keeps everything from the endpoint so long; `is_gone` disables it.
    """

    claimed: Claimed
    tried_at: datetime
    ended_at: datetime
    status: int | None = None
    error: str | None = None
    due_at: datetime | None = None
    pause_until: datetime | None = None
    is_gone: bool = False

    @property
    def endpoint_id(self) -> str:
        """Return the id of the endpoint that was tried."""
        return self.claimed.endpoint.endpoint_id

    @property
    def state(self) -> str:
        """Return the state in which the delivery is now."""
        if self.error is None:
            return DELIVERED
        return DEAD if self.due_at is None else PENDING


@dataclass(frozen=True, slots=True)
class Limits:
    """How many attempts may be under way at once: in all, at one endpoint, and at one that fails again and again."""

    in_all: int = 128
    at_one: int = 8
    at_shaky: int = 1


@dataclass(frozen=True, slots=True)
class QueueState:
    """What waits: deliveries that are not ended, those of them that are due, since when, and dead letters."""

    pending: int
    due: int
    oldest_due_at: datetime | None
    dead: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Who takes deliveries, and until when nobody else does."""

    holder: str
    until: datetime


def has_due(connection: Connection, now: datetime, kinds: Collection[str]) -> bool:
    """Tell whether any endpoint of these kinds has something due."""
    return connection.execute(_due_endpoints(now, kinds).limit(1)).first() is not None


def claim(
    connection: Connection, now: datetime, lease: Lease, kinds: Collection[str], busy: Mapping[str, int], limits: Limits
) -> list[Claimed]:
    """Take deliveries that are due, the oldest first, while the limits allow beside the `busy` attempts of endpoints.

    Endpoints of other `kinds` are left to others; those that were tried longest ago come first.
    """
    left = limits.in_all - sum(busy.values())
    taken: list[tuple[str, list[int]]] = []
    for row in connection.execute(_due_endpoints(now, kinds)).all():
        at_once = limits.at_shaky if row.failures >= SHAKY_FAILURES else limits.at_one
        wanted = min(at_once - busy.get(row.endpoint_id, 0), left)
        if wanted > 0:
            seqs = _take(connection, row.endpoint_id, now, lease, wanted)
            taken.append((row.endpoint_id, seqs))
            left -= len(seqs)
    return [
        found for endpoint_id, seqs in taken if seqs for found in _claimed(connection, endpoint_id, seqs, lease.holder)
    ]


def settle(connection: Connection, outcomes: Iterable[Outcome]) -> None:
    """Write how attempts ended. An outcome counts for its delivery only while the lease is its sender's own.

    Of the endpoint it says something only while that is where the attempt went; an event to a URL that is gone is due
    at once at the one that took its place.
    """
    ordered = sorted(outcomes, key=attrgetter("endpoint_id", "ended_at"))
    if not ordered:
        return
    # Endpoints before deliveries, and in order, as everybody does who locks both.
    urls = _locked_urls(connection, {outcome.endpoint_id for outcome in ordered})
    telling = [outcome for outcome in ordered if _is_there(outcome, urls)]
    for endpoint_id, found in groupby(telling, attrgetter("endpoint_id")):
        _write_health(connection, endpoint_id, list(found))
    gone = [outcome for outcome in telling if outcome.is_gone and _is_leased(connection, outcome.claimed)]
    again = [
        replace(outcome, due_at=outcome.ended_at) if outcome.is_gone and not _is_there(outcome, urls) else outcome
        for outcome in ordered
    ]
    connection.execute(_SETTLE, [_settled(outcome) for outcome in again])
    for outcome in gone:
        disable(connection, outcome.endpoint_id, outcome.error or "", outcome.ended_at)


def replay_event(connection: Connection, endpoint: Endpoint, event_id: str, now: datetime) -> int:
    """Make one event due again at an endpoint, whether it was delivered or is of a type that it does not want.

    0: there is none that another merchant's webhooks may not have.
    """
    return _replay(connection, endpoint, and_(events.c.event_id == event_id, _is_of(endpoint)), now)


def replay_after(connection: Connection, endpoint: Endpoint, seq: int, now: datetime) -> int:
    """Make every event after a number due again that the endpoint wants; return how many."""
    wanted = and_(events.c.seq > seq, events.c.alert_id.is_not(None), _is_of(endpoint))
    if endpoint.types is not None:
        wanted = and_(wanted, events.c.type.in_(endpoint.types))
    return _replay(connection, endpoint, wanted, now)


def replay_dead(connection: Connection, endpoint: Endpoint, now: datetime) -> int:
    """Make the dead letters of an endpoint due again; return how many."""
    mine = deliveries.c.endpoint_id == endpoint.endpoint_id
    return connection.execute(update(deliveries).where(mine, _IS_DEAD).values(_fresh(now))).rowcount


def queue_state(connection: Connection, now: datetime) -> QueueState:
    """Count what waits."""
    is_due = case((deliveries.c.due_at <= now, 1))
    oldest = func.min(case((deliveries.c.due_at <= now, deliveries.c.due_at)), type_=deliveries.c.due_at.type)
    waiting = select(func.count(), func.count(is_due), oldest).where(_IS_PENDING)
    pending, due, oldest_due_at = connection.execute(waiting).one()
    dead = connection.execute(select(func.count()).where(_IS_DEAD)).scalar_one()
    return QueueState(pending, due, oldest_due_at, dead)


def _due_endpoints(now: datetime, kinds: Collection[str]) -> Select[tuple[str, int]]:
    """Select the endpoints that have something due, each by one look into the index."""
    is_due = exists().where(
        deliveries.c.endpoint_id == endpoints.c.endpoint_id, _IS_PENDING, deliveries.c.due_at <= now
    )
    is_open = or_(endpoints.c.paused_until.is_(None), endpoints.c.paused_until <= now)
    columns = select(endpoints.c.endpoint_id, endpoints.c.failures)
    return columns.where(endpoints.c.kind.in_(kinds), endpoints.c.state == ENABLED, is_open, is_due).order_by(
        endpoints.c.last_tried_at.asc().nulls_first(), endpoints.c.endpoint_id
    )


def _take(connection: Connection, endpoint_id: str, now: datetime, lease: Lease, wanted: int) -> list[int]:
    mine = and_(deliveries.c.endpoint_id == endpoint_id, _IS_PENDING)
    due = select(deliveries.c.seq).where(mine, deliveries.c.due_at <= now)
    due = due.order_by(deliveries.c.due_at, deliveries.c.seq).limit(wanted).with_for_update(skip_locked=True)
    seqs = list(connection.execute(due).scalars())
    if seqs:
        taken = update(deliveries).where(deliveries.c.endpoint_id == endpoint_id, deliveries.c.seq.in_(seqs))
        connection.execute(taken.values(lease=lease.holder, due_at=lease.until))
    return seqs


def _claimed(connection: Connection, endpoint_id: str, seqs: Sequence[int], lease: str) -> list[Claimed]:
    endpoint = read_endpoints(connection, [endpoint_id])[endpoint_id]
    told = events.c.event_id, events.c.type, events.c.shipment_id, events.c.body
    tried = deliveries.c.seq, deliveries.c.attempts, deliveries.c.first_tried_at
    rows = connection.execute(
        select(*tried, *told)
        .join(events, events.c.seq == deliveries.c.seq)
        .where(deliveries.c.endpoint_id == endpoint_id, deliveries.c.seq.in_(seqs))
        .order_by(deliveries.c.seq)
    )
    return [
        Claimed(
            endpoint=endpoint,
            seq=row.seq,
            lease=lease,
            event_id=row.event_id,
            type=row.type,
            subject=row.shipment_id,
            body=row.body.encode(),
            attempts=row.attempts,
            first_tried_at=row.first_tried_at,
        )
        for row in rows
    ]


_SETTLE = (
    update(deliveries)
    .where(
        deliveries.c.endpoint_id == bindparam("of_endpoint"),
        deliveries.c.seq == bindparam("of_seq"),
        deliveries.c.lease == bindparam("of_lease"),
    )
    .values(
        state=bindparam("to_state"),
        attempts=deliveries.c.attempts + 1,
        due_at=func.coalesce(bindparam("to_due_at", type_=deliveries.c.due_at.type), deliveries.c.due_at),
        lease=None,
        first_tried_at=func.coalesce(
            deliveries.c.first_tried_at, bindparam("to_tried_at", type_=deliveries.c.due_at.type)
        ),
        last_tried_at=bindparam("to_tried_at", type_=deliveries.c.due_at.type),
        last_status=bindparam("to_status"),
        last_error=bindparam("to_error"),
        ended_at=bindparam("to_ended_at", type_=deliveries.c.due_at.type),
    )
)


def _settled(outcome: Outcome) -> dict[str, Any]:
    return {
        "of_endpoint": outcome.endpoint_id,
        "of_seq": outcome.claimed.seq,
        "of_lease": outcome.claimed.lease,
        "to_state": outcome.state,
        "to_due_at": outcome.due_at,
        "to_tried_at": outcome.tried_at,
        "to_status": outcome.status,
        "to_error": outcome.error,
        "to_ended_at": None if outcome.state == PENDING else outcome.ended_at,
    }


def _locked_urls(connection: Connection, endpoint_ids: Collection[str]) -> dict[str, str]:
    """Return where endpoints are, and keep others from changing them meanwhile."""
    columns = select(endpoints.c.endpoint_id, endpoints.c.url).where(endpoints.c.endpoint_id.in_(endpoint_ids))
    rows = connection.execute(columns.order_by(endpoints.c.endpoint_id).with_for_update(key_share=True))
    return {row.endpoint_id: row.url for row in rows}


def _is_there(outcome: Outcome, urls: Mapping[str, str]) -> bool:
    return urls.get(outcome.endpoint_id) == outcome.claimed.endpoint.url


def _is_leased(connection: Connection, claimed: Claimed) -> bool:
    mine = deliveries.c.endpoint_id == claimed.endpoint.endpoint_id, deliveries.c.seq == claimed.seq
    return (
        connection.execute(select(deliveries.c.seq).where(*mine, deliveries.c.lease == claimed.lease)).first()
        is not None
    )


def _write_health(connection: Connection, endpoint_id: str, outcomes: Sequence[Outcome]) -> None:
    """Count failures since the last success; `outcomes` are in the order in which they ended.

    A pause holds whatever else was under way when it was asked for; an attempt that began after its end clears it.
    """
    last = outcomes[-1]
    successes = [index for index, outcome in enumerate(outcomes) if outcome.error is None]
    failed = outcomes[successes[-1] + 1 :] if successes else outcomes
    pauses = [outcome.pause_until for outcome in outcomes if outcome.pause_until is not None]
    pause = max(pauses, default=None)
    later = endpoints.c.paused_until > (pause or max(outcome.tried_at for outcome in outcomes))
    changed: dict[str, Any] = {
        "last_tried_at": last.tried_at,
        "last_status": last.status,
        "last_error": last.error,
        "paused_until": case((later, endpoints.c.paused_until), else_=_instant(pause)),
        "failures": len(failed) if successes else endpoints.c.failures + len(failed),
    }
    since = failed[0].tried_at if failed else None
    changed["failing_since"] = since if successes else func.coalesce(endpoints.c.failing_since, _instant(since))
    if successes:
        changed["last_delivered_at"] = outcomes[successes[-1]].ended_at
    connection.execute(update(endpoints).where(endpoints.c.endpoint_id == endpoint_id).values(changed))


def _instant(value: datetime | None) -> ColumnElement[datetime | None]:
    return literal(value, endpoints.c.failing_since.type)


def _is_of(endpoint: Endpoint) -> ColumnElement[bool]:
    """Select what an endpoint may have: its merchant's events, and tests, which are nobody's."""
    if endpoint.merchant_id is None:
        return true()
    return or_(events.c.merchant_id == endpoint.merchant_id, events.c.merchant_id.is_(None))


def _fresh(now: datetime) -> dict[str, Any]:
    """Return the columns of a delivery that begins anew."""
    empty = dict.fromkeys(("lease", "first_tried_at", "last_tried_at", "last_status", "last_error", "ended_at"))
    return {"state": PENDING, "attempts": 0, "due_at": now, **empty}


def _replay(connection: Connection, endpoint: Endpoint, wanted: ColumnElement[bool], now: datetime) -> int:
    mine = deliveries.c.endpoint_id == endpoint.endpoint_id
    chosen = select(events.c.seq).where(wanted)
    is_idle = or_(deliveries.c.state != PENDING, deliveries.c.lease.is_(None))  # what is under way comes anyway
    again = update(deliveries).where(mine, is_idle, deliveries.c.seq.in_(chosen)).values(_fresh(now))
    has_row = exists().where(mine, deliveries.c.seq == events.c.seq)
    due_at = literal(now, deliveries.c.due_at.type)
    missing = select(literal(endpoint.endpoint_id), events.c.seq, due_at).where(wanted, ~has_row)
    # What retention removes just now is waited for and passed over; the foreign key would fail on it.
    missing = missing.with_for_update(read=True, key_share=True, of=events)
    repeated = connection.execute(again).rowcount
    added = insert(deliveries).from_select(["endpoint_id", "seq", "due_at"], missing)
    return repeated + connection.execute(added.execution_options(preserve_rowcount=True)).rowcount
