"""One incident of a shipment: the alert that stands for it, and what the machine remembers of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, Self

from parcelcast.alerts.vocabulary import FAMILIES, STATES
from parcelcast.errors import InputError

_INSTANTS = frozenset({"opened_at", "updated_at", "ended_at", "recovering_since", "seen_at"})
_DATES = frozenset({"by", "promised_on"})


@dataclass(frozen=True, slots=True)
class Incident:
    """The record of an incident, as a database keeps it (`to_dict`, `from_dict`); instants are UTC.

    ``number`` counts the incidents of a family at one shipment. ``type`` is the last one told, ``revision`` how often
    something was told. ``probability`` and ``by`` (local date; the last day at a pickup point) are what was said last,
    ``step`` how many attempts or reminders were told. ``recovering_since`` is when the risk became low, ``seen_at`` the
    last scan at the opening, ``promised_on`` the local date that was promised then and ``lead_hours`` the hours until
    its end, negative after it. ``outcome`` says how it ended.
    """

    shipment_id: str
    family: str
    number: int
    type: str
    opened_at: datetime
    updated_at: datetime
    state: str = "open"
    revision: int = 1
    probability: float | None = None
    by: date | None = None
    step: int = 0
    recovering_since: datetime | None = None
    seen_at: datetime | None = None
    promised_on: date | None = None
    lead_hours: float | None = None
    ended_at: datetime | None = None
    outcome: str | None = None

    def __post_init__(self) -> None:
        if self.type not in FAMILIES.get(self.family, ()) or self.state not in STATES:
            raise InputError(
                f"an incident of family {self.family!r} with type {self.type!r} and state {self.state!r}; expected a "
                f"family and type of {dict(FAMILIES)} and one of {STATES}"
            )

    @property
    def key(self) -> str:
        """What identifies the incident, and so its alert: the same for all that is ever told of it.

        >>> at = datetime(2026, 11, 20, tzinfo=UTC)
        >>> Incident("p1", "delay", 2, "delay.predicted", at, at).key
        'p1/delay/2'
        """
        return f"{self.shipment_id}/{self.family}/{self.number}"

    @property
    def is_open(self) -> bool:
        """Whether it still stands."""
        return self.state == "open"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; ``from_dict`` reads them back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote; InputError for anything else."""
        try:
            values = {name: _read(name, value) for name, value in data.items()}
            return cls(**values)
        except (TypeError, ValueError) as error:
            raise InputError(f"not the record of an incident ({error}); expected what to_dict wrote") from error


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _INSTANTS:
        return datetime.fromisoformat(value).astimezone(UTC)
    return date.fromisoformat(value) if name in _DATES else value
