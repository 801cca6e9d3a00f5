"""The door to Great Expectations: a frame and its rules in, a verdict per rule out. Nothing leaves the machine."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from parcelcast.errors import ParcelcastError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from pipelines.gates.rules import Rule


class GateError(ParcelcastError):
    """The gates themselves failed: an expectation could not be evaluated."""

    code = "gate-failed"


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What came of one rule: the rows it looked at, and the positions of those that broke it (ascending)."""

    rule: Rule
    rows: int
    bad: np.ndarray

    @property
    def share(self) -> float:
        """Broken rows per row of the table."""
        return len(self.bad) / self.rows if self.rows else 0.0


def judge(name: str, frame: pd.DataFrame, rules: Sequence[Rule]) -> tuple[list[Verdict], dict[str, Any]]:
    """Run the rules of a table as one suite; return the verdicts in the rules' order and the suite's result as JSON.

    The frame must hold every column that the rules name and be indexed from 0.
    """
    with _quiet():
        result = _validated(name, frame, rules)
    by_rule = {one.expectation_config.meta["rule"]: one for one in result.results}
    verdicts = [_verdict(rule, by_rule[rule.name], len(frame)) for rule in rules]
    return verdicts, _without_row_lists(result.to_json_dict())


def _validated(name: str, frame: pd.DataFrame, rules: Sequence[Rule]) -> Any:
    # imported late: the library takes seconds to load, and only this stage needs it
    import great_expectations as gx  # noqa: PLC0415
    import great_expectations.expectations as gxe  # noqa: PLC0415
    from great_expectations.data_context.types import base  # noqa: PLC0415

    config = base.DataContextConfig(
        store_backend_defaults=base.InMemoryStoreBackendDefaults(),
        progress_bars=base.ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = gx.get_context(project_config=config, mode="ephemeral")
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    expectations = [
        getattr(gxe, rule.expectation)(
            **rule.arguments,
            severity="critical" if rule.action in {"stop", "quarantine"} else "warning",
            meta={"rule": rule.name},
        )
        for rule in rules
    ]
    suite = gx.ExpectationSuite(name=name, expectations=expectations)
    how = {"result_format": "COMPLETE", "partial_unexpected_count": 5, "return_unexpected_index_query": False}
    return batch.validate(suite, result_format=how)


def _verdict(rule: Rule, result: Any, rows: int) -> Verdict:
    trouble = result.exception_info
    if trouble.get("raised_exception") or "element_count" not in result.result:
        raise GateError(f"rule {rule.name} could not be evaluated: {trouble}")
    bad = np.sort(np.asarray(result.result.get("unexpected_index_list") or [], dtype=np.int64))
    return Verdict(rule, rows, bad)


def _without_row_lists(result: dict[str, Any]) -> dict[str, Any]:
    """Drop the lists of all broken rows: they are in the quarantine, and would make the report as large as the data."""
    del result["meta"]["batch_markers"]["ge_load_time"]  # the same data give the same documents
    for one in result["results"]:
        for key in ("unexpected_list", "unexpected_index_list"):
            one["result"].pop(key, None)
    return result


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what the library says about its own insides, and keep its telemetry off."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
