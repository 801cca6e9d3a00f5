from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.ids import ulid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
clocks = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
randomness = st.binary(min_size=10, max_size=10)


def test_known_ulids():
    assert ulid(EPOCH, bytes(10)) == "0" * 26
    assert ulid(EPOCH, b"\xff" * 10) == "0" * 10 + "Z" * 16
    at = EPOCH + timedelta(milliseconds=1469918176385)
    assert ulid(at, bytes(10))[:10] == "01ARYZ6S41"  # of the specification


@given(clocks, randomness)
def test_a_ulid_holds_all_of_its_bits(at, random_bytes):
    text = ulid(at, random_bytes)
    number = 0
    for letter in text:
        number = number * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(letter)

    assert len(text) == 26
    assert number == (at - EPOCH) // timedelta(milliseconds=1) * 2**80 + int.from_bytes(random_bytes)


@given(clocks, clocks, randomness, randomness)
def test_ulids_sort_by_their_time(first, second, first_random, second_random):
    ids = sorted([(first, first_random), (second, second_random)])

    assert ulid(*ids[0]) <= ulid(*ids[1])


@pytest.mark.parametrize(("at", "random_bytes"), [(EPOCH - timedelta(seconds=1), bytes(10)), (EPOCH, bytes(9))])
def test_refuses_other_sizes(at, random_bytes):
    with pytest.raises(ValueError, match="expected 1970"):
        ulid(at, random_bytes)
