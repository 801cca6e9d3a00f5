"""What a load balancer and an operator get."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from serving.bundles import Loaded, age_days
from serving.promises.answers import Said


class Alive(Said):
    """The process answers."""

    status: Literal["ok"] = "ok"


class BundleAnswer(Said):
    """The model bundle in use; version "none" answers from quotes and calendars."""

    version: str
    as_of: datetime | None
    age_days: int | None = Field(description="whole days since `as_of`, up to which its histories are known")
    loaded_at: datetime | None

    @classmethod
    def of(cls, loaded: Loaded, now: datetime) -> "BundleAnswer":
        """Describe a bundle in use."""
        bundle = loaded.bundle
        return cls(
            version=bundle.version,
            as_of=bundle.as_of,
            age_days=None if bundle.as_of is None else age_days(bundle.as_of, now),
            loaded_at=loaded.loaded_at,
        )


class QueueAnswer(Said):
    """Parcels to look at."""

    awaited: int = Field(description="parcels that are still to come")
    due: int = Field(description="of them, those with news or a look that is due")
    failing: int = Field(description="of them, those at which looking failed; they are tried again ever later")
    oldest_due_at: datetime | None


class DeliveriesAnswer(Said):
    """Events on their way to webhooks and the event bus."""

    pending: int
    due: int
    dead: int = Field(description="given up; they can be replayed")
    oldest_due_at: datetime | None


class DatabaseAnswer(Said):
    """The database of parcels, scans and alerts. Promises go on whatever becomes of it."""

    status: Literal["ok", "unwritable", "unavailable"] = Field(
        description="unwritable: it can be read, but scans are refused, as when the disk is full; it ends by itself"
    )
    error: str | None
    queue: QueueAnswer | None
    deliveries: DeliveriesAnswer | None


class WorkerAnswer(Said):
    """The worker of this process; `off` where another process does the work."""

    status: Literal["off", "working", "waiting"] = Field(description="waiting: held up, it goes on by itself")
    last_round_at: datetime | None
    last_error: str | None


class DispatchAnswer(Said):
    """What delivers events, and takes scans from the event bus."""

    status: Literal["off", "working", "waiting"] = Field(description="waiting: held up, it goes on by itself")
    bus: str = Field(json_schema_extra={"enum": ["off", "up", "down"]})
    bus_error: str | None
    last_error: str | None


class Readiness(Said):
    """Ready: everything works. Degraded: promises are kept, but something below says what does not work."""

    status: Literal["ready", "degraded"]
    bundle: BundleAnswer
    last_error: str | None
    database: DatabaseAnswer
    worker: WorkerAnswer
    dispatch: DispatchAnswer
