"""The tables, the same in SQLite and PostgreSQL; the migrations lead to exactly these.

Instants are UTC: `timestamptz` in PostgreSQL, whole microseconds since 1970 in SQLite. JSON is text that is never
searched in the database. A change here needs a migration; a test compares both.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept and returned in UTC."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the database."""
        is_postgresql = dialect.name == "postgresql"
        return dialect.type_descriptor(TIMESTAMP(timezone=True) if is_postgresql else BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write an instant; a datetime without an offset is a mistake of the program (TypeError)."""
        if value is None or dialect.name == "postgresql":
            return value
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read an instant."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else EPOCH + value * MICROSECOND  # type: ignore[no-any-return]


# SQLite numbers rows by itself only where the key is an INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

# One row per parcel as the shop told it; `facts` is JSON of everything else that was told, `eta` JSON of the last ETA.
shipments = Table(
    "shipments",
    metadata,
    Column("shipment_id", Text, primary_key=True),
    Column("order_id", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("registered_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("promised_on", Date),
    Column("facts", Text, nullable=False),
    Column("status", Text),
    Column("stage", Text),
    Column("eta", Text),
    Column("computed_at", Instant),
    Index("shipments_order", "order_id"),
    Index("shipments_updated", "updated_at", "shipment_id"),
)

# Under which numbers a parcel travels; a number is one only together with its carrier, and may be used again later.
numbers = Table(
    "numbers",
    metadata,
    Column("carrier", Text, primary_key=True),
    Column("tracking_number", Text, primary_key=True),
    Column("shipment_id", Text, ForeignKey("shipments.shipment_id"), primary_key=True),
    Column("recorded_at", Instant, nullable=False),
    Index("numbers_shipment", "shipment_id"),
)

# Two numbers for one parcel (`parcelcast.tracking.links.Link`).
links = Table(
    "links",
    metadata,
    Column("predecessor_carrier", Text, primary_key=True),
    Column("predecessor", Text, primary_key=True),
    Column("successor_carrier", Text, primary_key=True),
    Column("successor", Text, primary_key=True),
    Column("recorded_at", Instant, nullable=False),
)

# Scans with a raw code that no code table knew; literal, as an index is only used for the very words that made it.
NO_TABLE_KNEW = text("code = 'info_only' and raw_code is not null and map_version is null")

# Append-only, one row for each event (`parcelcast.tracking.scan.Scan`); a scan may come before its shipment.
scans = Table(
    "scans",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=True),
    Column("scan_id", Text, nullable=False, unique=True),
    Column("carrier", Text, nullable=False),
    Column("tracking_number", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("utc_offset_min", Integer),
    Column("reason", Text),
    Column("party", Text),
    Column("facility_id", Text),
    Column("country", Text),
    Column("place", Text),
    Column("raw_code", Text),
    Column("raw_text", Text),
    Column("leg", Integer),
    Column("source", Text),
    Column("map_version", Text),
    Column("replaces", Text),
    Column("told_carrier", Text),
    Column("doubts", Text),
    Index("scans_number", "carrier", "tracking_number"),
    Index("scans_hour", "carrier", "code", "occurred_at"),
    Index(
        "scans_unknown",
        "carrier",
        "raw_code",
        sqlite_where=NO_TABLE_KNEW,
        postgresql_where=NO_TABLE_KNEW,
    ),
)

# What could not be used, kept as it came (cut to a stated size), with what was wrong.
refused = Table(
    "refused",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=True),
    Column("received_at", Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("problem", Text, nullable=False),
)

# How far files of scans have been read, so that reading goes on where it ended; `digest` is of what was read.
drops = Table(
    "drops",
    metadata,
    Column("drop_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("bytes_done", BigInteger, nullable=False),
    Column("lines_done", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("digest", Text),
)

# One row per parcel that is still awaited: when to look at it next. News raises `revision` and sets `due_at` to now; a
# worker takes a row by a lease, and what it computed counts only while the lease is its own. `failures` in a row make
# the next try later.
work = Table(
    "work",
    metadata,
    Column("shipment_id", Text, ForeignKey("shipments.shipment_id"), primary_key=True),
    Column("due_at", Instant, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("lease", Text),
    Column("leased_until", Instant),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Index("work_due", "due_at"),
)

# The history of dates: a row when the stated dates changed. `reasons` is JSON of days by party that add up to the slip.
etas = Table(
    "etas",
    metadata,
    Column("shipment_id", Text, ForeignKey("shipments.shipment_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("as_of", Instant, nullable=False),
    Column("stage", Text, nullable=False),
    Column("likely_on", Date),
    Column("earliest_on", Date),
    Column("latest_on", Date),
    Column("promised_on", Date),
    Column("delay_risk", Float),
    Column("reasons", Text, nullable=False),
    Column("eta", Text, nullable=False),
    Column("model_version", Text, nullable=False),
)

# One row per incident and alert: the first, second, ... (`number`) of its kind (`incident`) at a parcel. `state` is
# open, retracted or closed, `record` JSON of what the state machine keeps.
alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Text, primary_key=True),
    Column("shipment_id", Text, ForeignKey("shipments.shipment_id"), nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", Text),
    Column("record", Text, nullable=False),
    Index("alerts_one_id", "shipment_id", "incident", "number", unique=True),
    Index(
        "alerts_one_open",
        "shipment_id",
        "incident",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

# The outbox and the feed: events in the order in which they became visible, until they are older than
# PARCELCAST_KEEP_DAYS and done with; `body` is the CloudEvent as sent. Tests of an endpoint have no alert, and are not
# in the feed.
events = Table(
    "events",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("alert_id", Text, ForeignKey("alerts.alert_id")),
    Column("shipment_id", Text),
    Column("merchant_id", Text),
    Column("type", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("body", Text, nullable=False),
    Index("events_alert", "alert_id"),
    Index("events_shipment", "shipment_id", "seq"),
)

# Where events are sent: webhooks, and the event bus (`kind`). `state` is enabled or disabled; `types` (null: all) and
# `secrets` are JSON; the rest of the row is health. Nothing is sent before `paused_until`.
endpoints = Table(
    "endpoints",
    metadata,
    Column("endpoint_id", Text, primary_key=True),
    Column("merchant_id", Text),
    Column("kind", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("types", Text),
    Column("secrets", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("paused_until", Instant),
    Column("failing_since", Instant),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("last_tried_at", Instant),
    Column("last_delivered_at", Instant),
)

# One row per event and endpoint, written with the event; `state` is pending, delivered or dead. Whoever sends it moves
# `due_at` to the end of its lease, so that it is due again when the sender dies. What arrived leaves like the events.
deliveries = Table(
    "deliveries",
    metadata,
    Column("endpoint_id", Text, ForeignKey("endpoints.endpoint_id"), primary_key=True),
    Column("seq", _Number, ForeignKey("events.seq"), primary_key=True),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_at", Instant, nullable=False),
    Column("lease", Text),
    Column("first_tried_at", Instant),
    Column("last_tried_at", Instant),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("ended_at", Instant),
    Index(
        "deliveries_due",
        "endpoint_id",
        "due_at",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index(
        "deliveries_dead",
        "endpoint_id",
        "seq",
        sqlite_where=text("state = 'dead'"),
        postgresql_where=text("state = 'dead'"),
    ),
    Index("deliveries_event", "seq"),
)
