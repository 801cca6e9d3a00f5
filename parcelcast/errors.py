"""The errors of this project: one base, the HTTP status and the problem slug on the class.

A message says what was got, what was expected and what to do. A vendor's exception is translated where it is met and
kept as ``__cause__``.
"""

from collections.abc import Sequence
from typing import ClassVar


class ParcelcastError(Exception):
    """Anything that this project refuses or cannot do.

    ``status`` is the HTTP status, ``code`` the slug of the RFC 9457 problem type.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"


class InputError(ParcelcastError):
    """A value from outside that cannot be used."""

    status = 422
    code = "invalid-input"


class NotFound(ParcelcastError):  # noqa: N818 - it is the name of the answer, HTTP 404
    """A thing that was asked for by its id and does not exist."""

    status = 404
    code = "not-found"


class DataError(ParcelcastError):
    """A file or table that cannot be used.

    The message names what is known of file, column, first bad rows (at most five are shown) and remedy.

    >>> print(DataError("3 weights are negative", file="orders.csv", column="weight_g", rows=[4, 9, 11],
    ...                 remedy="export the weights again in grams"))
    orders.csv, column weight_g: 3 weights are negative (rows 4, 9, 11). To do: export the weights again in grams.
    """

    status = 422
    code = "unusable-data"

    def __init__(
        self,
        problem: str,
        *,
        file: str | None = None,
        column: str | None = None,
        rows: Sequence[object] = (),
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = file
        self.column = column
        self.rows = tuple(rows)
        self.remedy = remedy
        super().__init__(self._message())

    def _message(self) -> str:
        where = ", ".join(part for part in (self.file, self.column and f"column {self.column}") if part)
        shown = ", ".join(str(row) for row in self.rows[:5])
        rows = f" (rows {shown}{', ...' if len(self.rows) > 5 else ''})" if shown else ""
        remedy = f". To do: {self.remedy.rstrip('.')}." if self.remedy else ""
        return f"{where + ': ' if where else ''}{self.problem}{rows}{remedy}"


class ArtefactError(ParcelcastError):
    """A model bundle that is broken: missing part, wrong hash, failed self-test."""

    status = 503
    code = "broken-artefact"
