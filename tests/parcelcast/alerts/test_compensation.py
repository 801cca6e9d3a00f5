import pytest

from parcelcast.alerts import Tier, compensation_tier

TABLE = (
    Tier("voucher-20", 4, 100.0, "EUR", frozenset({"carrier", "warehouse"})),
    Tier("voucher-5", 2, parties=frozenset({"carrier", "warehouse"})),
    Tier("kind-words"),
)


@pytest.mark.parametrize(
    ("slip", "value", "currency", "party", "tier"),
    [
        (4, 100.0, "EUR", "carrier", "voucher-20"),
        (4, 99.0, "EUR", "carrier", "voucher-5"),
        (4, 100.0, "CHF", "carrier", "voucher-5"),
        (4, None, None, "carrier", "voucher-5"),
        (4, 500.0, "EUR", "weather", "kind-words"),
        (4, 500.0, "EUR", None, "kind-words"),
        (3, 500.0, "EUR", "warehouse", "voucher-5"),
        (1, 500.0, "EUR", "warehouse", "kind-words"),
        (0, 500.0, "EUR", "warehouse", None),
    ],
)
def test_the_first_tier_that_fits_counts(slip, value, currency, party, tier):
    assert compensation_tier(TABLE, slip, value, currency, party) == tier


def test_without_a_table_nothing_is_given():
    assert compensation_tier((), 9, 500.0, "EUR", "carrier") is None
