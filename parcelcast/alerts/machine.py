"""The state machine: what is known of a parcel, against the incidents that stand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from parcelcast.alerts.delay import look_for_delay
from parcelcast.alerts.finding import Finding, View
from parcelcast.alerts.incident import Incident
from parcelcast.alerts.policy import AlertPolicy, hours
from parcelcast.alerts.situation import Situation
from parcelcast.alerts.troubles import (
    look_for_attempts,
    look_for_late_dispatch,
    look_for_pickup,
    look_for_return,
    look_for_stall,
)
from parcelcast.alerts.vocabulary import FAMILIES, RECOVERED, seriousness

_LOOKS: Mapping[str, Callable[[View], Finding]] = {
    "delay": look_for_delay,
    "dispatch": look_for_late_dispatch,
    "stall": look_for_stall,
    "attempt": look_for_attempts,
    "pickup": look_for_pickup,
    "return": look_for_return,
}
# What a delay that stands has told already, as its cause.
_TOLD_AS_DELAY = frozenset({"dispatch.late", "shipment.stalled"})
# Of a family in one decision: the end of one incident and the beginning of another, or that of one and its end.
_MOST_CHANGES = 2


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an incident: open, update, retract or close.

    ``type`` is the event to send; None where there is nothing to tell. ``incident`` is as it is after the change.
    """

    kind: str
    type: str | None
    incident: Incident


@dataclass(frozen=True, slots=True)
class Decision:
    """All incidents of the shipment after the decision, and what changed.

    ``incidents`` may differ from those before without a change, for the machine remembers there: store them.
    ``held`` are the types that quiet hours hold back. ``wake_at`` (UTC) is when to decide again even without news.
    """

    incidents: tuple[Incident, ...]
    changes: tuple[Change, ...]
    held: tuple[str, ...]
    wake_at: datetime | None


def decide(situation: Situation, incidents: Sequence[Incident], policy: AlertPolicy, now: datetime) -> Decision:
    """Decide what to tell of a parcel, given all its incidents so far, the ended ones too; pure and deterministic.

    At most one incident of each family is open. Decided again with the result, nothing changes; a family of which
    something later than ``now`` was told is left alone. Parcels on their way to the shop have no alerts.
    """
    now = now.astimezone(UTC)
    after = {one.key: one for one in incidents}
    changes: list[Change] = []
    held: list[str] = []
    wakes: list[datetime] = []
    if situation.is_return:
        return Decision(tuple(incidents), (), (), None)
    for family in FAMILIES:
        last = max((one for one in after.values() if one.family == family), key=lambda one: one.number, default=None)
        if last is not None and now < last.updated_at:
            continue
        is_delayed = any(one.family == "delay" and one.is_open for one in after.values())
        types = policy.types - _TOLD_AS_DELAY if is_delayed else policy.types
        step = _Step(situation, family, last, policy, types, now)
        changes += step.take()
        after |= step.results
        held += step.held
        wakes += step.wakes
    order = {family: place for place, family in enumerate(FAMILIES)}
    stand = sorted(after.values(), key=lambda one: (order[one.family], one.number))
    return Decision(tuple(stand), tuple(changes), tuple(held), min((at for at in wakes if at > now), default=None))


class _Step:
    """One family's step: from its last incident to `results`, those of it that are new, by key; `types` are told."""

    def __init__(
        self,
        situation: Situation,
        family: str,
        last: Incident | None,
        policy: AlertPolicy,
        types: frozenset[str],
        now: datetime,
    ) -> None:
        self.situation = situation
        self.family = family
        self.last = last
        self.policy = policy
        self.types = types
        self.now = now
        self.result = last
        self.results: dict[str, Incident] = {}
        self.held: list[str] = []
        self.wakes: list[datetime] = []

    def take(self) -> list[Change]:
        """Return the changes: after one it looks again, as what was told may be over, and an end let another begin."""
        changes: list[Change] = []
        while len(changes) < _MOST_CHANGES:
            change = self._look()
            if self.result is not None:
                self.results[self.result.key] = self.last = self.result
            if change is None:
                break
            changes.append(change)
        return changes

    def _look(self) -> Change | None:
        finding = _LOOKS[self.family](View(self.situation, self.last, self.policy, self.now))
        if finding.look_again is not None:
            self.wakes.append(finding.look_again)
        standing = self.last
        if standing is None or not standing.is_open:
            return self._open(finding)
        if finding.over is not None:
            return self._end("close", "closed", None, standing, finding.over)
        if finding.recovers:
            return self._recover(standing, finding)
        # A step that was told and taken back since, such as a wrong attempt, is told when it comes true.
        step = min(standing.step, finding.step)
        if standing.recovering_since is not None or step < standing.step:
            standing = self.result = replace(standing, recovering_since=None, step=step)
        return self._update(standing, finding)

    def _open(self, finding: Finding) -> Change | None:
        type_ = finding.type
        if type_ is None or finding.over is not None or not self._may_tell(type_) or self._cools_down(type_):
            return None
        move = self.situation.last_move
        self.result = Incident(
            self.situation.shipment_id,
            self.family,
            1 if self.last is None else self.last.number + 1,
            type_,
            self.now,
            self.now,
            probability=finding.probability,
            by=finding.by,
            step=finding.step,
            seen_at=None if move is None else move.happened_at,
            promised_on=self.situation.promised_on,
            lead_hours=self._lead_hours(),
        )
        return Change("open", type_, self.result)

    def _lead_hours(self) -> float | None:
        ends_at = self.situation.promise_ends_at
        return None if ends_at is None else round((ends_at - self.now) / hours(1), 2)

    def _update(self, standing: Incident, finding: Finding) -> Change | None:
        is_wanted = finding.type in self.types
        is_worse = finding.type is not None and is_wanted and seriousness(finding.type) > seriousness(standing.type)
        type_ = finding.type if finding.type is not None and is_worse else standing.type
        if not (is_worse or finding.step > standing.step or finding.has_new_date):
            return None
        if not self._may_tell(type_):
            return None
        self.result = replace(
            standing,
            type=type_,
            revision=standing.revision + 1,
            updated_at=self.now,
            probability=finding.probability,
            by=finding.by or standing.by,
            step=finding.step,
        )
        return Change("update", type_, self.result)

    def _recover(self, standing: Incident, finding: Finding) -> Change | None:
        since = standing.recovering_since or self.now
        sure_at = since + hours(self.policy.recover_hold_hours)
        if self.now < sure_at:
            self.wakes.append(sure_at)
            self.result = replace(standing, recovering_since=since)
            return None
        if RECOVERED not in self.types:
            return self._end("close", "closed", None, standing, "recovered")
        if not self._may_tell(RECOVERED):
            self.result = replace(standing, recovering_since=since)
            return None
        recovered = replace(standing, probability=finding.probability, by=finding.by)
        return self._end("retract", "retracted", RECOVERED, recovered, "recovered")

    def _end(self, kind: str, state: str, type_: str | None, standing: Incident, outcome: str) -> Change:
        self.result = replace(
            standing,
            state=state,
            outcome=outcome,
            updated_at=self.now,
            ended_at=self.now,
            recovering_since=None,
            revision=standing.revision + (type_ is not None),
        )
        return Change(kind, type_, self.result)

    def _may_tell(self, type_: str) -> bool:
        """Whether a type is wanted, and no quiet hours hold it."""
        if type_ not in self.types:
            return False
        until = self.policy.held_until(type_, self.now, self.situation.calendar.time_zone)
        if until is None:
            return True
        self.held.append(type_)
        self.wakes.append(until)
        return False

    def _cools_down(self, type_: str) -> bool:
        """Whether a delay was taken back so lately that none is predicted again; a confirmed one is a fact."""
        last = self.last
        if last is None or last.outcome != "recovered" or last.ended_at is None or type_ != "delay.predicted":
            return False
        until = last.ended_at + hours(self.policy.cooldown_hours)
        self.wakes.append(until)
        return self.now < until
