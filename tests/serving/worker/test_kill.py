"""Server and worker are killed at random moments; and the checks that judge it notice what they should."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from serving.bench.kill.checks import Kept, problems_of
from serving.bench.kill.parcels import Story
from serving.bench.kill.receiver import Receiver
from serving.bench.kill.rounds import try_killing

ROUNDS = {"sqlite": 8, "postgresql": 4}


def test_nothing_is_lost_or_doubled_when_processes_are_killed(database_url: str, tmp_path: Path) -> None:
    rounds = ROUNDS[database_url.partition(":")[0]]

    trial = try_killing(tmp_path, database_url, rounds, seed=7)

    assert trial.problems == []
    assert trial.server_kills + trial.worker_kills >= rounds
    assert min(trial.scans, trial.events, trial.failed) > 0


def _event(event_id: str, alert_id: str, revision: int) -> dict[str, Any]:
    data = {"shipment_id": "S1", "incident": "delay", "incident_number": 1, "alert_id": alert_id, "revision": revision}
    return {"id": event_id, "data": data}


def _kept(**changes: Any) -> Kept:
    told: dict[str, Any] = {
        "scan_ids": ["s1", "s2"],
        "alerts": [("S1", "delay", 1, "a1", "delay.confirmed", "open")],
        "events": [_event("e1", "a1", 1), _event("e2", "a1", 2)],
        "dead": 0,
        **changes,
    }
    return Kept(**told)


def _receiver() -> Receiver:
    receiver = Receiver(Random(1))
    receiver._server.server_close()
    for event_id in ("e1", "e2"):
        receiver.accepted[event_id] = 1
        receiver.bodies[event_id] = {b"body"}
    return receiver


STORY = Story("S1", {}, (), frozenset({"delay.confirmed"}))


def _problems(kept: Kept, change: Callable[[Receiver], object] = lambda receiver: None) -> str:
    receiver = _receiver()
    change(receiver)
    return "; ".join(problems_of(kept, [STORY], {"s1", "s2"}, receiver))


def test_a_good_trial_has_no_problems() -> None:
    assert _problems(_kept()) == ""


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ({"scan_ids": ["s1"]}, "1 acknowledged scans are missing: s2"),
        ({"scan_ids": ["s1", "s2", "s3"]}, "1 scans are there that nobody sent: s3"),
        ({"scan_ids": ["s1", "s2", "s2"]}, "1 scans are there twice: s2"),
        (
            {
                "alerts": [
                    ("S1", "delay", 1, "a1", "delay.confirmed", "open"),
                    ("S1", "delay", 2, "a2", "delay.confirmed", "open"),
                ]
            },
            "1 incidents have several alerts",
        ),
        ({"alerts": [("S1", "delay", 1, "a1", "delay.confirmed", "closed")]}, "S1: [] in place of ['delay.confirmed']"),
        ({"events": [_event("e1", "a1", 1), _event("e2", "a1", 1)]}, "1 alerts were told twice or with gaps: a1"),
        ({"events": [_event("e1", "a1", 1), _event("e2", "a9", 2)]}, "1 events tell of no alert that is kept: a9"),
        ({"events": [_event("e1", "a1", 1)]}, "1 the receiver got events that are not kept: e2"),
        ({"dead": 2}, "2 deliveries were given up"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_is_lost_or_doubled_is_noticed(kept: dict[str, Any], expected: str) -> None:
    assert expected in _problems(_kept(**kept))


def test_what_the_receiver_misses_or_gets_differently_is_noticed() -> None:
    assert "1 events never reached the receiver: e2" in _problems(_kept(), lambda one: one.accepted.pop("e2"))
    assert "1 ids came with different content: e1" in _problems(_kept(), lambda one: one.bodies["e1"].add(b"other"))
    assert "not signed rightly" in _problems(_kept(), lambda one: setattr(one, "forged", 1))


def test_the_receiver_fails_a_third_of_the_time_and_notices_forgeries() -> None:
    receiver = Receiver(Random(3))
    receiver._server.server_close()
    receiver.secret = "whsec_c2VjcmV0"
    now = str(int(datetime.now(UTC).timestamp()))

    said = [receiver.take(f"e{number}", now, "v1,forged", b"body") for number in range(300)]

    assert 70 < 300 - said.count(204) < 130
    assert receiver.forged == 300
