"""What is said of a parcel survives the database."""

from datetime import UTC, date, datetime

import pytest

from parcelcast.eta import Silence
from parcelcast.ledger import Statement
from serving.worker.stated import Dates, Stated

NOON = datetime(2027, 3, 1, 12, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "stated",
    [
        Stated(NOON, "ordered", "pre_dispatch", Dates(), "none"),
        Stated(
            NOON,
            "dispatched",
            "line_haul",
            Dates(date(2027, 3, 3), date(2027, 3, 2), None, {50: date(2027, 3, 3), 99: None}, "model"),
            "v1",
            delay_risk=0.25,
            silence=Silence(0.9, 0.08, 0.02),
            statement=Statement(NOON, date(2027, 3, 3), 1),
            causes={"carrier": 2, "holiday": -1},
            number=3,
            arrived_on=date(2027, 3, 3),
            dispatched_on=date(2027, 3, 1),
            attempts=1,
        ),
    ],
    ids=["least", "most"],
)
def test_what_is_said_comes_back_as_it_was(stated):
    assert Stated.from_json(stated.to_json()) == stated
