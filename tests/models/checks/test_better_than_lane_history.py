from models.checks import BetterThanLaneHistory, Outcome


def test_a_model_that_beats_lane_history_passes(evidence_with):
    verdict = BetterThanLaneHistory().judge(evidence_with())

    assert verdict.outcome is Outcome.PASS
    assert "1.000 days against 1.500" in verdict.explanation


def test_a_model_as_good_as_lane_history_is_an_issue(evidence_with, scores):
    assert BetterThanLaneHistory().judge(evidence_with(model=scores(1.5))).outcome is Outcome.ISSUE


def test_a_gain_below_the_margin_is_an_issue(evidence_with, scores):
    check = BetterThanLaneHistory(margin=0.1)

    assert check.judge(evidence_with(model=scores(1.4))).outcome is Outcome.ISSUE
    assert check.judge(evidence_with(model=scores(1.3))).outcome is Outcome.PASS


def test_without_a_lane_history_there_is_nothing_to_beat(evidence_with):
    assert BetterThanLaneHistory().judge(evidence_with(lane_history=None)).outcome is Outcome.NOT_APPLICABLE
