"""Keeping Feast quiet: it warns while it is imported, and tells its progress to whoever reads standard output."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO


@contextmanager
def quiet_feast() -> Iterator[None]:
    """Swallow Feast's and its dependencies' deprecations and prints; errors come through."""
    logging.getLogger("feast").setLevel(logging.ERROR)
    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        yield
