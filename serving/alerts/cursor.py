"""Places in the feed, as readers keep them: opaque, and good for ever."""

import base64
import binascii
import re

from parcelcast.errors import InputError

_MARK = "f1"


def cursor_of(seq: int) -> str:
    """Write the number of an event.

    >>> cursor_of(42), seq_of(cursor_of(42))
    ('ZjE6NDI', 42)
    """
    return base64.urlsafe_b64encode(f"{_MARK}:{seq}".encode()).decode().rstrip("=")


def seq_of(cursor: str) -> int:
    """Read a cursor; InputError for any other text."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        text = ""
    found = re.fullmatch(rf"{_MARK}:(\d{{1,18}})", text, re.ASCII)
    if found is None:
        raise InputError(
            "got a cursor that is none of ours; expected the `cursor` of an earlier answer, or none at all"
        )
    return int(found[1])
