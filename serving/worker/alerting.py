"""From what was found of a parcel to its incidents and the events that tell of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parcelcast.alerts import Change, Situation, alert_data, decide
from serving.bundle_sources import ServingBundle
from serving.stores.alerts import StoredIncident
from serving.stores.events import PREFIX, NewEvent
from serving.worker.look import Looked
from serving.worker.policies import Policies
from serving.worker.schedule import is_given_up

NewId = Callable[[datetime], str]
Texts = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Told:
    """The incidents to keep, the events to send, and when to decide again (UTC)."""

    incidents: list[StoredIncident]
    events: list[NewEvent]
    wake_at: datetime | None


@dataclass(frozen=True, slots=True)
class Alerting:
    """Decides by each merchant's policy; `new_id` makes ids, `texts` proposes what to write to the shopper."""

    policies: Policies
    new_id: NewId
    texts: Texts

    def decide(self, looked: Looked, incidents: Sequence[StoredIncident], bundle: ServingBundle) -> Told:
        """Decide as of the look, by the merchant's policy over the one that the bundle has fitted."""
        facts = looked.faced.parcel.facts
        policy = self.policies.policy_of(facts.merchant_id, bundle.fitted_alerts, bundle.version)
        situation = situation_of(looked)
        as_of = looked.progress.as_of
        known = {one.incident.key: one for one in incidents}
        decision = decide(situation, [one.incident for one in incidents], policy, as_of)
        kept = {
            incident.key: StoredIncident(
                known[incident.key].alert_id if incident.key in known else self.new_id(as_of),
                facts.merchant_id,
                incident,
            )
            for incident in decision.incidents
        }
        changed = [one for key, one in kept.items() if key not in known or one.incident != known[key].incident]
        events = []
        for change in decision.changes:
            if change.type is not None:
                data = alert_data(situation, change, policy)
                events.append(self._event(change, kept[change.incident.key], data, as_of))
        return Told(changed, events, decision.wake_at)

    def _event(self, change: Change, told: StoredIncident, data: Mapping[str, Any], as_of: datetime) -> NewEvent:
        return NewEvent(
            event_id=self.new_id(as_of),
            alert_id=told.alert_id,
            shipment_id=change.incident.shipment_id,
            merchant_id=told.merchant_id,
            type=f"{PREFIX}{change.type}",
            data={"alert_id": told.alert_id, **data, "texts": self.texts(data)},
        )


def situation_of(looked: Looked) -> Situation:
    """Return what a decision looks at."""
    facts, shipment = looked.faced.parcel.facts, looked.faced.shipment
    return Situation(
        shipment_id=facts.shipment_id,
        order_id=facts.order_id,
        progress=looked.progress,
        eta=looked.eta,
        calendar=looked.faced.calendar,
        promised_on=facts.promised_on,
        merchant_id=facts.merchant_id,
        planned_dispatch_on=shipment.planned_dispatch_on,
        origin_time_zone=shipment.origin.calendar.time_zone,
        pickup_until=facts.pickup_until,
        order_value=facts.order_value,
        currency=facts.currency,
        locale=facts.locale,
        is_return=facts.is_return,
        is_given_up=is_given_up(looked.faced),
        known_since=looked.faced.parcel.registered_at,
        causes=looked.stated.causes,
    )
