import pytest

from models.living.training import LivingParameters
from parcelcast.errors import InputError


def test_the_model_at_the_handover_keeps_what_it_was_validated_with():
    given = LivingParameters(half_life_days=400.0, rounds=7, seed=3)
    told = given.at_handover
    assert (told.half_life_days, told.rounds, told.leaves, told.smallest_leaf) == (90.0, 100, 15, 300)
    assert (told.seed, told.calibration_days, told.l2) == (3, given.calibration_days, given.l2)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"landmarks": 0}, "landmarks is 0; expected 1 or more"),
        ({"handovers": -1}, "handovers is -1; expected 0 or more"),
        ({"most_orders": 0}, "most_orders is 0; expected 1 or more"),
        ({"calibration_days": -60}, "calibration_days is -60; expected 1 or more"),
        ({"rounds": 0}, "rounds is 0; expected 1 or more"),
    ],
)
def test_counts_that_nothing_can_be_learned_with_are_refused(given, complaint):
    with pytest.raises(InputError, match=complaint):
        LivingParameters(**given)
