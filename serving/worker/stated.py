"""What is said of a parcel as of an instant, in a form that a database keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Self

import orjson

from parcelcast.alerts.situation import LATEST
from parcelcast.calendar import WorkingCalendar, local_date
from parcelcast.eta import Eta, Silence
from parcelcast.forecast import Basis
from parcelcast.ledger import Statement
from parcelcast.progress import Progress
from parcelcast.promise import EARLIEST, LIKELY, PERCENTILES, named_dates

_LEVELS = (EARLIEST, LIKELY, LATEST, *(percent / 100 for percent in PERCENTILES))


@dataclass(frozen=True, slots=True)
class Dates:
    """When a parcel comes, in delivery days local to the destination; None for a date beyond the horizon.

    Nine of ten come from ``earliest`` to ``latest``. ``percentiles`` are of 50, 75, ... A delivered parcel has the one
    day on which it came, and neither percentiles nor basis.
    """

    likely: date | None = None
    earliest: date | None = None
    latest: date | None = None
    percentiles: Mapping[int, date | None] = field(default_factory=dict)
    basis: Basis | None = None

    @property
    def window(self) -> tuple[date | None, date | None, date | None]:
        """What must change for the dates to be told anew."""
        return self.likely, self.earliest, self.latest


def dates_of(progress: Progress, eta: Eta | None, calendar: WorkingCalendar) -> Dates:
    """Name the dates of an ETA; `calendar` holds the carrier's delivery days at the destination."""
    if progress.stage == "delivered" and progress.ended_at is not None:
        came_on = local_date(progress.ended_at, calendar.time_zone)
        return Dates(came_on, came_on, came_on)
    if eta is None:
        return Dates()
    told = eta.distribution
    earliest, likely, latest, *others = named_dates(told, _LEVELS, calendar, told.anchor)
    return Dates(likely, earliest, latest, dict(zip(PERCENTILES, others, strict=True)), eta.basis)


@dataclass(frozen=True, slots=True)
class Stated:
    """All that is said of a parcel as of an instant (UTC).

    ``silence`` is None for a parcel that is not awaited, ``delay_risk`` also without a promise. ``statement`` is the
    last likely date that could be told, ``causes`` are the days by party of all its changes, and ``number`` counts how
    often the dates changed. ``arrived_on`` is the local day on which it came, to the door or to a pickup point.
    ``dispatched_on`` is the day, local to the origin, of the first sign that the carrier has it; None also where that
    is its arrival. ``attempts`` are failed deliveries; None in what older versions said.
    """

    as_of: datetime
    status: str
    stage: str
    dates: Dates
    model_version: str
    delay_risk: float | None = None
    silence: Silence | None = None
    statement: Statement | None = None
    causes: Mapping[str, int] = field(default_factory=dict)
    number: int = 0
    arrived_on: date | None = None
    dispatched_on: date | None = None
    attempts: int | None = None

    def to_json(self) -> str:
        """Return it as JSON; ``from_json`` reads it back."""
        silence = self.silence
        dates = self.dates
        return orjson.dumps(
            {
                "as_of": self.as_of,
                "status": self.status,
                "stage": self.stage,
                "likely": dates.likely,
                "earliest": dates.earliest,
                "latest": dates.latest,
                "percentiles": {str(percent): day for percent, day in dates.percentiles.items()},
                "basis": dates.basis,
                "model_version": self.model_version,
                "delay_risk": self.delay_risk,
                "silence": silence and {"unscanned": silence.unscanned, "stuck": silence.stuck, "lost": silence.lost},
                "statement": self.statement and self.statement.to_dict(),
                "causes": dict(self.causes),
                "number": self.number,
                "arrived_on": self.arrived_on,
                "dispatched_on": self.dispatched_on,
                "attempts": self.attempts,
            }
        ).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote."""
        said: dict[str, Any] = orjson.loads(text)
        dates = Dates(
            likely=_day(said["likely"]),
            earliest=_day(said["earliest"]),
            latest=_day(said["latest"]),
            percentiles={int(percent): _day(day) for percent, day in said["percentiles"].items()},
            basis=said["basis"],
        )
        return cls(
            as_of=datetime.fromisoformat(said["as_of"]).astimezone(UTC),
            status=said["status"],
            stage=said["stage"],
            dates=dates,
            model_version=said["model_version"],
            delay_risk=said["delay_risk"],
            silence=said["silence"] and Silence(**said["silence"]),
            statement=said["statement"] and Statement.from_dict(said["statement"]),
            causes=said["causes"],
            number=said["number"],
            arrived_on=_day(said.get("arrived_on")),
            dispatched_on=_day(said.get("dispatched_on")),
            attempts=said.get("attempts"),
        )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
