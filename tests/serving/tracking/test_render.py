from hypothesis import given
from hypothesis import strategies as st

from parcelcast.eta import Silence
from serving.tracking.render import _silence

SHARES = st.floats(0.0, 1.0)


@given(SHARES, SHARES)
def test_what_silence_may_mean_adds_up_to_1_and_is_as_near_as_four_digits_are(one, other):
    low, high = sorted((one, other))
    shares = (low, high - low, 1.0 - high)
    told = _silence(Silence(*shares))
    tenths_of_thousandths = [round(10_000 * share) for share in (told.unscanned, told.stuck, told.lost)]
    assert sum(tenths_of_thousandths) == 10_000
    assert all(
        abs(10_000 * share - told) < 1.0 + 1e-6 for share, told in zip(shares, tenths_of_thousandths, strict=True)
    )


def test_three_thirds_are_one():
    assert sum(_silence(Silence(1 / 3, 1 / 3, 1 / 3)).model_dump().values()) == 1.0
