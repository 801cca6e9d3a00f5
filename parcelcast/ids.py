"""Identifiers: ULIDs, which sort by their time and fit in a URL."""

from datetime import UTC, datetime, timedelta

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_RANDOM_BYTES = 10
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def ulid(at: datetime, randomness: bytes) -> str:
    """ULID of an instant (aware, to the millisecond) and 10 random bytes: 26 characters (https://github.com/ulid/spec).

    ValueError for an instant before 1970 or another number of bytes: both come from the program, not from outside.

    >>> ulid(datetime(2016, 7, 30, 22, 36, 16, 385_000, tzinfo=UTC), bytes(10))
    '01ARYZ6S410000000000000000'
    """
    clock_ms = (at - _EPOCH) // _MILLISECOND
    if clock_ms < 0 or len(randomness) != _RANDOM_BYTES:
        raise ValueError(f"got {at} and {len(randomness)} bytes; expected 1970 or later and {_RANDOM_BYTES} bytes")
    number = clock_ms << 80 | int.from_bytes(randomness)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
