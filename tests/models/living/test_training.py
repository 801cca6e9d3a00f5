from models.living.training import LivingParameters


def test_the_model_at_the_handover_keeps_what_it_was_validated_with():
    given = LivingParameters(half_life_days=400.0, rounds=7, seed=3)
    told = given.at_handover
    assert (told.half_life_days, told.rounds, told.leaves, told.smallest_leaf) == (90.0, 100, 15, 300)
    assert (told.seed, told.calibration_days, told.l2) == (3, given.calibration_days, given.l2)
