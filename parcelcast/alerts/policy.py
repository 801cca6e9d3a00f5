"""What a merchant wants of alerts: how sure, how early, which, when, and what a delay is worth."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, time, timedelta
from math import isfinite
from typing import Any, Self

from parcelcast.alerts.compensation import Tier
from parcelcast.alerts.quiet import QuietHours
from parcelcast.alerts.vocabulary import TYPES
from parcelcast.errors import InputError
from parcelcast.progress import STAGES

ANY_STAGE = "any"


@dataclass(frozen=True, slots=True)
class Threshold:
    """Risks of a delay, probabilities between 0 and 1.

    At the last chance to tell with the wanted lead time, an alert opens at ``open_at`` or more; before, when waiting
    tells more, and after it only at ``sure_at`` or more (None: the same). It recovers at ``recover_at`` or less, which
    is lower. Refused with InputError otherwise.
    """

    open_at: float
    recover_at: float
    sure_at: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.recover_at < self.open_at <= self.needed(is_last_chance=False) <= 1.0:
            raise InputError(
                f"thresholds open_at {self.open_at}, recover_at {self.recover_at}, sure_at {self.sure_at}; expected "
                "probabilities, recover_at below open_at, and sure_at not below it"
            )

    def needed(self, *, is_last_chance: bool) -> float:
        """Return the risk at which an alert opens."""
        return self.open_at if is_last_chance or self.sure_at is None else self.sure_at

    def to_dict(self) -> dict[str, float | None]:
        """Return JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class AlertPolicy:
    """How alerts are decided; every value has a default, ``from_dict`` reads it from JSON.

    **What is wanted.** ``precision`` of predicted delays ``lead_hours`` before the end of the promised day; or, in its
    place, ``cost_of_false_apology`` against ``cost_of_missed_delay`` in one currency. From it follow the
    ``thresholds`` of the risk, by stage or for "any": fitted ones (`FittedAlerts`), else those that a calibrated risk
    has by itself.

    **Delays.** ``recover_hold_hours``: so long the risk stays low before a delay is taken back; ``cooldown_hours``: so
    long after that none is predicted again; ``update_days``: by so many days the stated date moves before it is told
    again; ``stated_level``: the probability with which a stated date holds; ``confirm_grace_hours``: so long after the
    end of the promised day a delay is confirmed, for scans come late.

    **Other incidents.** ``dispatch_grace_days`` after the planned day, and with ``dispatch_at`` or more for P(later
    than usual), a dispatch is late. A parcel without a scan for ``stall_quiet_days`` delivery days is stalled with
    ``stall_at`` or more for P(stuck or lost), suspected lost with ``lost_at`` or more for P(lost). ``return_attempts``
    failed attempts put it at risk of going back. ``pickup_reminder_days`` before the last day at a pickup point
    (``pickup_days`` after its arrival where the carrier does not tell) the shopper is reminded.

    **When and what.** ``quiet_hours`` at the destination hold all alerts but ``urgent`` ones; only ``types`` are told.
    ``compensation`` is a table, the first tier that fits counts. ``locale`` is that of shoppers of whom none is known.
    """

    precision: float = 0.8
    lead_hours: float = 24.0
    cost_of_false_apology: float | None = None
    cost_of_missed_delay: float | None = None
    thresholds: Mapping[str, Threshold] = field(default_factory=dict, hash=False)
    recover_hold_hours: float = 6.0
    cooldown_hours: float = 24.0
    update_days: int = 2
    stated_level: float = 0.9
    confirm_grace_hours: float = 12.0
    dispatch_grace_days: int = 1
    dispatch_at: float = 0.5
    stall_quiet_days: int = 2
    stall_at: float = 0.8
    lost_at: float = 0.5
    return_attempts: int = 2
    pickup_days: int = 7
    pickup_reminder_days: tuple[int, ...] = (3, 1)
    quiet_hours: QuietHours | None = field(default_factory=lambda: QuietHours(time(21), time(8)))
    urgent: frozenset[str] = frozenset({"delivery.attempt_failed"})
    types: frozenset[str] = TYPES
    compensation: tuple[Tier, ...] = ()
    locale: str = "en"

    def __post_init__(self) -> None:
        for name in ("precision", "stated_level", "dispatch_at", "stall_at", "lost_at"):
            _check(name, getattr(self, name), lambda value: 0.0 < value < 1.0, "a probability between 0 and 1")
        for name in ("lead_hours", "recover_hold_hours", "cooldown_hours", "confirm_grace_hours"):
            _check(name, getattr(self, name), lambda value: 0.0 <= value <= 24 * 365, "hours, 0 or more")
        for name in ("update_days", "dispatch_grace_days", "stall_quiet_days", "return_attempts", "pickup_days"):
            _check(
                name, getattr(self, name), lambda value: 0 <= value <= 365 and value == int(value), "whole, 0 to 365"
            )
        for days in self.pickup_reminder_days:
            _check("pickup_reminder_days", days, lambda value: 0 <= value <= 365, "days, 0 to 365")
        _check_costs(self.cost_of_false_apology, self.cost_of_missed_delay)
        _check_names("urgent", self.urgent, TYPES)
        _check_names("types", self.types, TYPES)
        _check_names("thresholds", frozenset(self.thresholds), frozenset({ANY_STAGE, *STAGES}))

    @property
    def is_by_cost(self) -> bool:
        """Whether costs are stated in place of a precision."""
        return self.cost_of_false_apology is not None

    def threshold(self, stage: str) -> Threshold:
        """Return the thresholds of a stage: its own, else those of any, else those that follow from what is wanted.

        An alert at a calibrated risk p is right with probability p, so it opens at the wanted precision, or where the
        expected costs are equal: p * missed = (1 - p) * false. It recovers when being in time is as sure as that.

        >>> AlertPolicy(precision=0.75).threshold("line_haul")
        Threshold(open_at=0.75, recover_at=0.25, sure_at=None)
        """
        fitted = self.thresholds.get(stage) or self.thresholds.get(ANY_STAGE)
        if fitted is not None:
            return fitted
        open_at = self.precision
        if self.cost_of_false_apology is not None and self.cost_of_missed_delay is not None:
            open_at = self.cost_of_false_apology / (self.cost_of_false_apology + self.cost_of_missed_delay)
        return Threshold(open_at, min(1.0 - open_at, open_at / 2))

    def held_until(self, type_: str, now: datetime, time_zone: str) -> datetime | None:
        """Return the instant (UTC) until which quiet hours hold an alert of this type; None when it may go now."""
        if self.quiet_hours is None or type_ in self.urgent:
            return None
        return self.quiet_hours.end_after(now, time_zone)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Policy from its JSON form: the names of the fields; what is left out has its default.

        Refused with InputError: unknown names, values of another kind or out of range.

        >>> AlertPolicy.from_dict({"precision": 0.9, "quiet_hours": {"start": "22:00", "end": "07:00"}}).precision
        0.9
        """
        known = {one.name for one in fields(cls)}
        if unknown := sorted(set(data) - known):
            raise InputError(f"alert policy has {unknown}; expected only {sorted(known)}")
        values = {name: _READERS[name](name, value) for name, value in data.items()}
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; ``from_dict`` reads them back."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        return plain | {
            "thresholds": {stage: one.to_dict() for stage, one in self.thresholds.items()},
            "pickup_reminder_days": list(self.pickup_reminder_days),
            "quiet_hours": None if self.quiet_hours is None else self.quiet_hours.to_dict(),
            "urgent": sorted(self.urgent),
            "types": sorted(self.types),
            "compensation": [tier.to_dict() for tier in self.compensation],
        }


def hours(count: float) -> timedelta:
    """Return so many hours."""
    return timedelta(hours=count)


def _check(name: str, value: float, is_good: Callable[[float], bool], expected: str) -> None:
    if not (isfinite(value) and is_good(value)):
        raise InputError(f"alert policy: {name} is {value!r}; expected {expected}")


def _check_costs(false_apology: float | None, missed_delay: float | None) -> None:
    given = (false_apology, missed_delay)
    if given != (None, None) and not all(cost is not None and isfinite(cost) and cost > 0 for cost in given):
        raise InputError(
            f"alert policy: cost_of_false_apology {false_apology!r} and cost_of_missed_delay {missed_delay!r}; "
            "expected both above 0 in one currency, or neither"
        )


def _check_names(name: str, got: frozenset[str], known: frozenset[str]) -> None:
    if unknown := sorted(got - known):
        raise InputError(f"alert policy: {name} has {unknown}; expected only {sorted(known)}")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"alert policy: {name} is {value!r}; expected a number")
    return value


def _number_or_none(name: str, value: Any) -> float | None:
    return None if value is None else _number(name, value)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"alert policy: {name} is {value!r}; expected a whole number")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"alert policy: {name} is {value!r}; expected a text")
    return value


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise InputError(f"alert policy: {name} is {value!r}; expected a list")
    return list(value)


def _object(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"alert policy: {name} is {value!r}; expected an object")
    return value


def _thresholds(name: str, value: Any) -> dict[str, Threshold]:
    return {stage: _threshold(f"{name}.{stage}", one) for stage, one in _object(name, value).items()}


def _threshold(name: str, value: Any) -> Threshold:
    given = _object(name, value)
    if not {"open_at", "recover_at"} <= set(given) <= {"open_at", "recover_at", "sure_at"}:
        raise InputError(
            f"alert policy: {name} has {sorted(given)}; expected open_at, recover_at and, if wanted, sure_at"
        )
    open_at, recover_at = (_number(f"{name}.{key}", given[key]) for key in ("open_at", "recover_at"))
    return Threshold(open_at, recover_at, _number_or_none(f"{name}.sure_at", given.get("sure_at")))


def _names(name: str, value: Any) -> frozenset[str]:
    return frozenset(_text(name, one) for one in _list(name, value))


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(
        (
            "precision", "lead_hours", "recover_hold_hours", "cooldown_hours", "stated_level", "confirm_grace_hours",
            "dispatch_at", "stall_at", "lost_at",
        ),
        _number,
    ),
    **dict.fromkeys(
        ("update_days", "dispatch_grace_days", "stall_quiet_days", "return_attempts", "pickup_days"), _whole
    ),
    "cost_of_false_apology": _number_or_none,
    "cost_of_missed_delay": _number_or_none,
    "thresholds": _thresholds,
    "pickup_reminder_days": lambda name, value: tuple(_whole(name, one) for one in _list(name, value)),
    "quiet_hours": lambda name, value: None if value is None else QuietHours.from_dict(_object(name, value)),
    "urgent": _names,
    "types": _names,
    "compensation": lambda name, value: tuple(Tier.from_dict(_object(name, one)) for one in _list(name, value)),
    "locale": _text,
}  # fmt: skip
