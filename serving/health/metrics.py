"""Numbers in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from serving.bundles import age_days
from serving.errors import StoreUnavailableError
from serving.health.writing import unwritable
from serving.state import Services
from serving.stores.alerts import count_open
from serving.stores.deliveries import queue_state
from serving.stores.work import queue_of

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Metric:
    """A number with its name, kind (counter or gauge) and meaning; `label` is the name and value of its one label."""

    name: str
    kind: str
    help: str
    value: float
    label: tuple[str, str] | None = None


def exposition(metrics: Iterable[Metric]) -> str:
    """Write metrics; those of one name must follow each other.

    >>> print(exposition([Metric("due", "gauge", "Parcels to look at.", 3)]), end="")
    # HELP parcelcast_due Parcels to look at.
    # TYPE parcelcast_due gauge
    parcelcast_due 3
    """
    lines = []
    named = ""
    for metric in metrics:
        name = f"parcelcast_{metric.name}"
        if name != named:
            lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.kind}"]
            named = name
        label = "" if metric.label is None else f'{{{metric.label[0]}="{metric.label[1]}"}}'
        lines.append(f"{name}{label} {metric.value:g}" if metric.value % 1 else f"{name}{label} {int(metric.value)}")
    return "\n".join(lines) + "\n"


def gather(services: Services) -> list[Metric]:
    """Read all numbers; those of the database are left out while it is unavailable."""
    try:
        stored = _stored(services)
    except StoreUnavailableError:
        stored = []
    up = Metric("database_up", "gauge", "Whether the database of parcels can be read.", bool(stored))
    is_writable = bool(stored) and unwritable(services) is None
    writable = Metric("database_writable", "gauge", "Whether it takes what is written.", is_writable)
    return [up, writable, *stored, *_answering(services), *_taken(services), *_worked(services)]


def _answering(services: Services) -> list[Metric]:
    as_of = services.bundles.current.bundle.as_of
    if as_of is None:
        return []
    age = age_days(as_of, services.clock())
    return [Metric("bundle_age_days", "gauge", "Days since the histories of the bundle in use were known.", age)]


def _stored(services: Services) -> list[Metric]:
    now = services.clock()
    with services.database.reading() as connection:
        queue = queue_of(connection, now)
        deliveries = queue_state(connection, now)
        open_alerts = count_open(connection)
    return [
        Metric("parcels_awaited", "gauge", "Parcels that are still to come.", queue.awaited),
        Metric("parcels_due", "gauge", "Parcels with news or a look that is due.", queue.due),
        Metric("parcels_failing", "gauge", "Parcels at which looking failed.", queue.failing),
        Metric(
            "oldest_due_seconds",
            "gauge",
            "How long the oldest parcel waits for a look.",
            _seconds(queue.oldest_due_at, now),
        ),
        Metric("deliveries_pending", "gauge", "Events that are still to be delivered.", deliveries.pending),
        Metric("deliveries_dead", "gauge", "Deliveries that were given up.", deliveries.dead),
        Metric(
            "oldest_delivery_seconds",
            "gauge",
            "How long the oldest delivery is due.",
            _seconds(deliveries.oldest_due_at, now),
        ),
        *(
            Metric("alerts_open", "gauge", "Alerts that stand, by type.", count, ("type", type_))
            for type_, count in sorted(open_alerts.items())
        ),
    ]


def _taken(services: Services) -> list[Metric]:
    recorder, dispatch = services.recorder, services.background.dispatch
    refused = recorder.refused.copy()  # at once: others add to it meanwhile
    refused.update({} if dispatch is None else dispatch.refused.copy())
    return [
        Metric("scans_accepted_total", "counter", "Scans that this process took over HTTP.", recorder.accepted),
        Metric("scans_duplicate_total", "counter", "Scans that were told again.", recorder.duplicates),
        Metric(
            "scans_clock_ahead_total", "counter", "Scans from clocks that are ahead of ours.", recorder.clocks_ahead
        ),
        *(
            Metric("scans_refused_total", "counter", "Rows that are no scans, by source.", count, ("source", source))
            for source, count in sorted(refused.items())
        ),
    ]


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)


def _worked(services: Services) -> list[Metric]:
    worker = services.background.worker
    if worker is None:
        return []
    state = worker.state
    return [
        Metric("worker_up", "gauge", "Whether the worker of this process is not held up.", state.last_error is None),
        Metric("worker_rounds_total", "counter", "Rounds since the process started.", state.rounds),
        Metric("worker_parcels_total", "counter", "Parcels looked at.", state.parcels),
        Metric("worker_failures_total", "counter", "Looks that failed.", state.failures),
        Metric("worker_events_total", "counter", "Events of alerts.", state.events),
    ]
