"""Identifiers: ULIDs, which sort by their time and fit in a URL."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_RANDOM_BYTES = 10
_LAST_MS = 2**48 - 1


def ulid(clock_ms: int, randomness: bytes) -> str:
    """ULID of a Unix time in milliseconds and 10 random bytes: 26 characters (https://github.com/ulid/spec).

    ValueError for other sizes: both come from the program, not from outside.

    >>> ulid(1469918176385, bytes(10))
    '01ARYZ6S410000000000000000'
    """
    if not 0 <= clock_ms <= _LAST_MS or len(randomness) != _RANDOM_BYTES:
        raise ValueError(
            f"got time {clock_ms} and {len(randomness)} bytes; expected 0..2**48-1 ms and {_RANDOM_BYTES} bytes"
        )
    number = clock_ms << 80 | int.from_bytes(randomness)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
