"""What a family of incidents looks at and what it finds, before quiet hours and cooldown."""

from dataclasses import dataclass
from datetime import date, datetime

from parcelcast.alerts.incident import Incident
from parcelcast.alerts.policy import AlertPolicy
from parcelcast.alerts.situation import Situation


@dataclass(frozen=True, slots=True)
class View:
    """A situation as one family of incidents sees it: its last incident (open or ended), the policy, the clock."""

    situation: Situation
    last: Incident | None
    policy: AlertPolicy
    now: datetime

    @property
    def is_open(self) -> bool:
        """Whether an incident of the family stands."""
        return self.last is not None and self.last.is_open

    @property
    def today(self) -> date:
        """Local date at the destination."""
        return self.situation.today(self.now)

    @property
    def has_moved(self) -> bool:
        """Whether the parcel has moved since the standing incident was opened."""
        move = self.situation.last_move
        if self.last is None or not self.last.is_open or move is None:
            return False
        return self.last.seen_at is None or move.happened_at > self.last.seen_at


@dataclass(frozen=True, slots=True)
class Finding:
    """What should stand now.

    ``type`` None: nothing new. ``step`` grows with what is told again (attempts, reminders); ``by`` is the date to
    state, or the last day at the pickup point; ``has_new_date`` says that it is told in place of another. ``over``
    names the outcome of an incident that has ended; ``recovers`` says that its cause is gone for now. ``look_again``
    (UTC) is when time alone may change the finding.
    """

    type: str | None = None
    step: int = 0
    probability: float | None = None
    by: date | None = None
    has_new_date: bool = False
    over: str | None = None
    recovers: bool = False
    look_again: datetime | None = None
