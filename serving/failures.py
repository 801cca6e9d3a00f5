"""Where something failed, for logs that may hold nothing of parcels: a message can tell values of rows, or a URL."""

import traceback


def place_of(error: BaseException, last: int = 0) -> str:
    """Return the entries of the traceback without the error's message: all, or the `last` so many."""
    return "".join(traceback.format_tb(error.__traceback__)[-last:])
