from datetime import date

import pytest

from models.checks import Outcome, Window, WindowsApart


def test_windows_that_follow_one_another_pass(evidence_with):
    assert WindowsApart().judge(evidence_with()).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"fit": Window(date(2026, 1, 1), date(2026, 4, 2))}, "overlaps calibration"),
        ({"calibration": Window(date(2026, 4, 1), date(2026, 5, 2))}, "overlaps test"),
        ({"labels_until": date(2026, 5, 2)}, "were visible"),
    ],
)
def test_one_day_of_overlap_is_an_issue_and_named(evidence_with, changes, named):
    verdict = WindowsApart().judge(evidence_with(**changes))

    assert verdict.outcome is Outcome.ISSUE
    assert named in verdict.explanation


def test_fit_that_reaches_into_the_test_window_is_an_issue_even_without_a_calibration_window(evidence_with):
    nothing = Window(date(2026, 5, 20), date(2026, 5, 1))

    verdict = WindowsApart().judge(evidence_with(fit=Window(date(2026, 1, 1), date(2026, 5, 20)), calibration=nothing))

    assert verdict.outcome is Outcome.ISSUE
