import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parcelcast.alerts import FAMILIES, AlertPolicy, Incident, decide
from parcelcast.alerts.vocabulary import RECOVERED, seriousness
from parcelcast.errors import InputError
from parcelcast.eta import Silence
from parcelcast.scan import CODES
from tests.parcelcast.alerts.situations import AWAKE, PROMISED, situation
from tests.parcelcast.tracking.reports import hours, scan


@st.composite
def stories(draw: st.DrawFn):
    """A parcel's fate: at rising hours a risk, a silence, a promise and all scans so far, some of them corrections."""
    scans, hour, story = [], 0.0, []
    facts = {
        "promised_on": draw(st.sampled_from([None, PROMISED, PROMISED])),
        "pickup_until": None,
        "planned_dispatch_on": draw(st.sampled_from([None, PROMISED.replace(day=2)])),
    }
    for _ in range(draw(st.integers(1, 25))):
        hour += draw(st.sampled_from([0.5, 3, 7, 12, 24, 50]))
        if draw(st.booleans()):
            reason = draw(st.sampled_from([None, "refused", "lost", "weather", "absent"]))
            wrong = draw(st.sampled_from([None, None, *scans]))
            replaces = None if wrong is None else wrong.scan_id
            scans.append(scan(draw(st.sampled_from(CODES)), hour - 0.25, reason=reason, replaces=replaces))
        if draw(st.integers(0, 4)) == 0:
            facts["promised_on"] = draw(st.sampled_from([PROMISED.replace(day=day) for day in (3, 4, 6, 9)]))
            facts["pickup_until"] = draw(st.sampled_from([None, *(PROMISED.replace(day=day) for day in (4, 5, 12))]))
        lost = draw(st.sampled_from([0.0, 0.05, 0.6]))
        stuck = draw(st.sampled_from([0.0, 0.2, 0.4]))
        story.append(
            (
                hours(hour),
                {
                    "risk": draw(st.sampled_from([0.0, 0.1, 0.5, 0.81, 0.99])),
                    "slip": draw(st.integers(1, 9)),
                    "silence": Silence(1 - lost - stuck, stuck, lost),
                    "basis": draw(st.sampled_from(["model", "policy"])),
                    "scans": tuple(scans),
                    **facts,
                },
            )
        )
    return story


POLICIES = st.sampled_from([AWAKE, AlertPolicy(), AlertPolicy(recover_hold_hours=0, cooldown_hours=0, update_days=1)])


@settings(deadline=None, max_examples=50)
@given(stories(), POLICIES)
def test_whatever_happens_at_most_one_alert_of_a_family_is_open(story, policy):
    incidents = ()
    for at, facts in story:
        before = {one.key: one for one in incidents}
        decision = decide(situation(at, **facts), incidents, policy, at)
        incidents = decision.incidents
        assert max(Counter(one.family for one in incidents if one.is_open).values(), default=0) <= 1
        assert len({one.key for one in incidents}) == len(incidents)
        for one in incidents:
            if one.key in before:
                assert seriousness(one.type) >= seriousness(before[one.key].type)
                assert one.revision >= before[one.key].revision
                assert before[one.key].is_open or one == before[one.key]
        assert decision.wake_at is None or decision.wake_at > at


@settings(deadline=None, max_examples=50)
@given(stories(), POLICIES)
def test_decided_again_or_after_a_restart_nothing_changes(story, policy):
    incidents = ()
    for at, facts in story:
        now = situation(at, **facts)
        stored = [Incident.from_dict(json.loads(json.dumps(one.to_dict()))) for one in incidents]
        assert tuple(stored) == incidents
        decision = decide(now, stored, policy, at)
        assert decide(now, incidents, policy, at) == decision
        again = decide(now, decision.incidents, policy, at)
        assert (again.changes, again.incidents) == ((), decision.incidents)
        incidents = decision.incidents


@settings(deadline=None, max_examples=50)
@given(stories(), POLICIES)
def test_a_replay_of_the_whole_past_tells_nothing_new(story, policy):
    incidents = ()
    for at, facts in story:
        incidents = decide(situation(at, **facts), incidents, policy, at).incidents
    newest = {family: max((i.updated_at for i in incidents if i.family == family), default=None) for family in FAMILIES}
    for at, facts in story:
        decision = decide(situation(at, **facts), incidents, policy, at)
        for change in decision.changes:
            assert newest[change.incident.family] is None or at >= newest[change.incident.family]


@settings(deadline=None, max_examples=50)
@given(stories(), POLICIES)
def test_every_event_belongs_to_the_incident_that_it_tells_of(story, policy):
    incidents = ()
    for at, facts in story:
        decision = decide(situation(at, **facts), incidents, policy, at)
        for change in decision.changes:
            assert change.incident.key in {one.key for one in decision.incidents}
            assert (change.type is None) == (change.kind == "close")
            if change.type is not None and change.type != RECOVERED:
                assert change.type == change.incident.type
        incidents = decision.incidents


@settings(deadline=None, max_examples=50)
@given(stories())
def test_in_quiet_hours_only_urgent_types_are_told(story):
    policy, incidents = AlertPolicy(), ()
    for at, facts in story:
        decision = decide(situation(at, **facts), incidents, policy, at)
        if policy.quiet_hours.end_after(at, "Europe/Berlin") is not None:
            assert {change.type for change in decision.changes} <= {None, *policy.urgent}
        incidents = decision.incidents


def test_a_record_that_is_none_is_refused():
    at = hours(1)
    good = Incident("p1", "delay", 1, "delay.predicted", at, at).to_dict()
    for wrong in ({"family": "delays"}, {"type": "return.risk"}, {"state": "gone"}, {"opened_at": "x"}, {"more": 1}):
        with pytest.raises(InputError, match="incident"):
            Incident.from_dict(good | wrong)
