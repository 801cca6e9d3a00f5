"""The column contract: what a feature column is, and the gate that compares a table with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from parcelcast.errors import DataError


@dataclass(frozen=True, slots=True)
class Column:
    """One feature: `unit` is "" where there is none, `unknown` says what NaN means, "" where there always is a value.

    Every column is known at the instant of the order; history columns hold what was recorded before the UTC day of the
    order. A categorical column holds the model's codes of its texts.
    """

    name: str
    family: str
    unit: str
    description: str
    unknown: str = ""
    categorical: bool = False


@dataclass(frozen=True, slots=True)
class Worth:
    """What a model makes of a column: the share of rows in which it is empty, and its share of the hazard's gain.

    `second_gain` is its share of the second opinion's gain, None where that does not look at it.
    """

    empty: float
    gain: float
    second_gain: float | None = None


def check_columns(got: Sequence[str], expected: Sequence[Column], where: str) -> None:
    """Raise DataError when the column names are not those expected, in order; says what is missing and what is new."""
    wanted = [column.name for column in expected]
    if list(got) == wanted:
        return
    missing = [name for name in wanted if name not in got]
    extra = [name for name in got if name not in wanted]
    problem = f"missing {', '.join(missing) or 'nothing'}; not expected {', '.join(extra) or 'nothing'}"
    if not missing and not extra:
        problem = "the right columns in another order or more than once"
    raise DataError(problem, file=where, remedy="build the features again with this version: ./run featurize")
