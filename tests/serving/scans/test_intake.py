"""The one entrance of scans: nothing breaks it, and neither order nor number of what comes changes what is known."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parcelcast.progress import parcel_progress
from parcelcast.scan import CODES
from parcelcast.tracking.scan import Number
from serving.scans.intake import accept_lines, accept_scans, decoded
from serving.scans.rows import ScanRow
from serving.stores.parcels import NewParcel, read_parcels, register_parcels

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
RELAXED = settings(deadline=None, max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
_numbers = count()

text = st.text(st.characters(exclude_categories=())) | st.sampled_from(CODES)  # halves of characters too
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
good = {"carrier": "dpd", "tracking_number": "1", "occurred_at": "2026-11-22T10:00:00Z", "code": "hub_arrival"}
nearly_good = st.builds(
    lambda name, value: {**good, name: value}, st.sampled_from(sorted(ScanRow.__annotations__)), anything
)


@RELAXED
@given(rows=st.lists(anything | nearly_good, max_size=8))
def test_whatever_comes_is_kept_or_told(database, rows):
    found = accept_scans(database, rows, "test", NOW)

    assert found.received == len(rows) == found.accepted + found.duplicates + found.refused
    assert len(found.refusals) == found.refused
    assert accept_scans(database, rows, "test", NOW).accepted == 0


content = st.binary() | st.text().map(str.encode) | nearly_good.map(lambda row: repr(row).encode(errors="replace"))


@RELAXED
@given(lines=st.lists(content, max_size=8))
def test_whatever_bytes_come_are_kept_or_told(database, lines):
    mixed = [line for told in lines for line in (told, orjson.dumps(good))]

    found = accept_lines(database, mixed, "test", NOW)

    assert found.received == len(mixed) == found.accepted + found.duplicates + found.refused
    assert found.accepted + found.duplicates >= len(lines)


moves = st.lists(
    st.tuples(st.sampled_from(CODES), st.integers(0, 200), st.sampled_from(["hub-1", "hub-2", None])),
    min_size=1,
    max_size=12,
)


@RELAXED
@given(told=moves, seed=st.integers(0, 2**32))
def test_order_and_repetition_change_neither_scans_nor_progress(database, told, seed):
    in_order = _known(database, told, [told])
    rng = random.Random(seed)
    shuffled = [*told, *rng.choices(told, k=3)]
    rng.shuffle(shuffled)
    cut = rng.randrange(len(shuffled) + 1)

    assert _known(database, told, [shuffled[:cut], shuffled[cut:]]) == in_order


def _known(database, told, calls):
    """Tell the moves of a new parcel call by call, and return its scans and progress, whatever its number."""
    name = f"N{next(_numbers)}"
    facts = {"shipment_id": name, "order_id": "O", "ordered_at": NOW - timedelta(days=30), "destination_country": "DE"}
    with database.writing() as connection:
        register_parcels(connection, [NewParcel(facts, (Number("dpd", name),))], NOW)
    for moves in calls:
        rows = [
            {
                **good,
                "tracking_number": name,
                "code": code,
                "occurred_at": (NOW - timedelta(hours=hours)).isoformat(),
                "facility_id": facility,
            }
            for code, hours, facility in moves
        ]
        accept_scans(database, rows, "test", NOW)
    with database.reading() as connection:
        scans = read_parcels(connection, [name])[name].scans
    assert len(scans) == len(set(told))
    anonymous = [replace(scan, tracking_number="N") for scan in scans]
    return set(anonymous), parcel_progress(anonymous, NOW + timedelta(minutes=1))


@pytest.mark.parametrize("text", [b"", b"{", b"[" * 5_000, b"\xff", b"1" * 6_000, b'"\\ud800'])
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"\S"):
        decoded(text)
