import runpy
import sys
from pathlib import Path

import numpy as np
from hypothesis import given, settings

from features.assembly import ALL_COLUMNS, CATEGORIES, DAY_COLUMNS, ORDER_COLUMNS, column_names
from features.catalogue import catalogue, measured_catalogue
from features.columns import Worth
from features.landmarks import LIVING_COLUMNS
from tests.features.worlds import HORIZON, history_of, rows_of_worlds, training_table

NAMES = column_names(ALL_COLUMNS)
PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def test_the_page_is_up_to_date(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "features.catalogue")
    runpy.run_module("features.catalogue", run_name="__main__")
    assert PAGE.read_text(encoding="utf-8") == capsys.readouterr().out, (
        "python -m features.catalogue > docs/features.md"
    )


def test_the_page_tells_each_column_once():
    told = [line.split("`")[1] for line in catalogue().splitlines() if line.startswith("| `")]
    assert sorted(told) == sorted(column_names(LIVING_COLUMNS))
    assert set(column_names(ALL_COLUMNS)) < set(told)


def test_the_page_says_where_empty_shares_and_gains_are():
    assert "reports/evaluation/features.md" in catalogue()
    assert "python -m features.catalogue" not in measured_catalogue({name: Worth(0.0, 0.0) for name in NAMES})


def test_lanes_are_told_as_whatever_is_configured():
    (line,) = [one.replace("\n  ", " ") for one in catalogue().split("\n- ") if one.startswith("Lanes widen")]
    assert "`places`" in line
    assert "unless it says otherwise" in line


def test_names_are_unique():
    names = column_names(ALL_COLUMNS)
    assert len(set(names)) == len(names)
    assert [column for column in ALL_COLUMNS if column.categorical] == list(CATEGORIES)


@settings(max_examples=6)
@given(rows_of_worlds(most=8))
def test_columns_that_are_never_empty_have_a_value_in_every_row(rows):
    table = training_table(history_of(rows))
    rows_of_days, steps = np.repeat(np.arange(len(rows)), HORIZON + 1), np.tile(np.arange(HORIZON + 1), len(rows))
    days = table.rows(np.empty((len(rows), 0)), table.ahead(rows_of_days, steps))
    for columns, values in ((ORDER_COLUMNS, table.static), (DAY_COLUMNS, days)):
        is_empty = np.isnan(values).any(axis=0)
        assert [
            column.name for column, empty in zip(columns, is_empty, strict=True) if empty and not column.unknown
        ] == []
