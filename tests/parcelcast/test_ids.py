import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.ids import ulid

clocks = st.integers(0, 2**48 - 1)
randomness = st.binary(min_size=10, max_size=10)


def test_known_ulids():
    assert ulid(0, bytes(10)) == "0" * 26
    assert ulid(2**48 - 1, b"\xff" * 10) == "7" + "Z" * 25
    assert ulid(1469918176385, bytes(10))[:10] == "01ARYZ6S41"  # of the specification


@given(clocks, randomness)
def test_a_ulid_holds_all_of_its_bits(clock_ms, random_bytes):
    text = ulid(clock_ms, random_bytes)
    number = 0
    for letter in text:
        number = number * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(letter)

    assert len(text) == 26
    assert number == clock_ms * 2**80 + int.from_bytes(random_bytes)


@given(clocks, clocks, randomness, randomness)
def test_ulids_sort_by_their_time(first_ms, second_ms, first_random, second_random):
    ids = sorted([(first_ms, first_random), (second_ms, second_random)])

    assert ulid(*ids[0]) <= ulid(*ids[1])


@pytest.mark.parametrize(("clock_ms", "random_bytes"), [(-1, bytes(10)), (2**48, bytes(10)), (0, bytes(9))])
def test_refuses_other_sizes(clock_ms, random_bytes):
    with pytest.raises(ValueError, match="expected 0"):
        ulid(clock_ms, random_bytes)
