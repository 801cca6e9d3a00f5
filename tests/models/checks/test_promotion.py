from models.checks import Outcome, Verdict, may_be_promoted


def _verdicts(*outcomes):
    return [Verdict("some-check", outcome, "because") for outcome in outcomes]


def test_a_challenger_without_issues_is_promoted():
    assert may_be_promoted(_verdicts(Outcome.PASS, Outcome.NOT_APPLICABLE))


def test_one_issue_keeps_the_champion():
    assert not may_be_promoted(_verdicts(Outcome.PASS, Outcome.ISSUE))


def test_a_challenger_that_nobody_checked_is_not_promoted():
    assert not may_be_promoted([])
