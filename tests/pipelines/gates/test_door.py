import pandas as pd
import pytest

from pipelines.gates.door import GateError, judge
from pipelines.gates.rules import Rule


def rule(name, expectation="ExpectColumnValuesToBeBetween", **arguments):
    return Rule(name, "warn", "because", expectation, {"column": "weight", **arguments})


FRAME = pd.DataFrame({"weight": [5.0, -1.0, None, -2.0]})


def test_verdicts_come_in_the_order_of_the_rules_with_the_rows_that_broke_them():
    rules = [rule("high", max_value=4), rule("low", min_value=0), rule("any")]
    verdicts, result = judge("parcels", FRAME, [*rules[:2], rule("known", "ExpectColumnValuesToNotBeNull")])
    assert [(verdict.rule.name, verdict.bad.tolist()) for verdict in verdicts] == [
        ("high", [0]),
        ("low", [1, 3]),
        ("known", [2]),
    ]
    assert verdicts[1].share == 0.5
    assert result["success"] is False


def test_an_empty_table_breaks_nothing():
    verdicts, _ = judge("parcels", FRAME.iloc[:0], [rule("low", min_value=0)])
    assert (verdicts[0].bad.tolist(), verdicts[0].share) == ([], 0.0)


def test_the_result_does_not_repeat_the_data():
    _, result = judge("parcels", pd.DataFrame({"weight": [-1.0] * 100}), [rule("low", min_value=0)])
    told = result["results"][0]["result"]
    assert told["unexpected_count"] == 100
    assert not {"unexpected_list", "unexpected_index_list"} & set(told)


def test_a_rule_that_cannot_be_evaluated_is_an_error_and_no_pass():
    with pytest.raises(GateError, match="rule low could not be evaluated"):
        judge("parcels", FRAME.rename(columns={"weight": "mass"}), [rule("low", min_value=0)])
