from models.checks import NotWorseThanChampion, Outcome


def test_the_first_model_has_no_champion_to_match(evidence_with):
    assert NotWorseThanChampion().judge(evidence_with()).outcome is Outcome.NOT_APPLICABLE


def test_a_better_challenger_passes(evidence_with, scores):
    evidence = evidence_with(has_champion=True, champion=scores(1.1), model_beside_champion=scores(1.0))

    assert NotWorseThanChampion().judge(evidence).outcome is Outcome.PASS


def test_a_worse_challenger_is_an_issue(evidence_with, scores):
    evidence = evidence_with(has_champion=True, champion=scores(1.0), model_beside_champion=scores(1.01))

    verdict = NotWorseThanChampion().judge(evidence)

    assert verdict.outcome is Outcome.ISSUE
    assert "1.010 days against the champion's 1.000" in verdict.explanation


def test_a_difference_within_the_tolerance_passes(evidence_with, scores):
    evidence = evidence_with(has_champion=True, champion=scores(1.0), model_beside_champion=scores(1.01))

    assert NotWorseThanChampion(tolerance=0.02).judge(evidence).outcome is Outcome.PASS


def test_only_parcels_that_the_champion_has_not_seen_can_compare_them(evidence_with):
    verdict = NotWorseThanChampion().judge(evidence_with(has_champion=True))

    assert verdict.outcome is Outcome.ISSUE
    assert "test on later orders" in verdict.explanation
