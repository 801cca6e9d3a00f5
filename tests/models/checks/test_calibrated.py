from dataclasses import replace

from models.checks import Calibrated, Outcome


def test_honest_probabilities_pass(evidence_with):
    assert Calibrated().judge(evidence_with()).outcome is Outcome.PASS


def test_intervals_that_hold_too_rarely_are_an_issue_and_named(evidence_with, scores):
    narrow = replace(scores(1.0), coverage={0.5: 0.5, 0.9: 0.84})

    verdict = Calibrated().judge(evidence_with(model=narrow))

    assert verdict.outcome is Outcome.ISSUE
    assert "coverage at 90% is 84.0%" in verdict.explanation
    assert "50%" not in verdict.explanation


def test_whole_days_may_cover_more_than_their_level_while_the_pit_is_flat(evidence_with, scores):
    coarse = replace(scores(1.0), coverage={0.5: 0.8})

    verdict = Calibrated().judge(evidence_with(model=coarse))

    assert verdict.outcome is Outcome.PASS
    assert verdict.explanation.startswith("coverage 50%: 80.0% (intervals of whole days hold more); PIT within ")


def test_stated_widths_beyond_what_happens_show_in_the_pit(evidence_with, scores):
    too_wide = replace(scores(1.0), pit=(0.1, 0.4, 0.4, 0.1))

    assert Calibrated().judge(evidence_with(model=too_wide)).outcome is Outcome.ISSUE


def test_a_few_parcels_may_stray_further_than_many(evidence_with, scores):
    few = replace(scores(1.0), coverage={0.9: 0.80}, parcels=30)

    assert Calibrated().judge(evidence_with(model=few)).outcome is Outcome.PASS


def test_deliveries_later_than_stated_show_in_the_pit(evidence_with, scores):
    late = replace(scores(1.0), pit=(0.15, 0.25, 0.25, 0.35))

    verdict = Calibrated().judge(evidence_with(model=late))

    assert verdict.outcome is Outcome.ISSUE
    assert "PIT is 0.100 away" in verdict.explanation


def test_a_window_without_parcels_shows_nothing(evidence_with, scores):
    assert Calibrated().judge(evidence_with(model=replace(scores(1.0), parcels=0))).outcome is Outcome.ISSUE
