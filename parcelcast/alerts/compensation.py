"""What a merchant gives for a delay: the first tier of its table that fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any, Self

from parcelcast.errors import InputError
from parcelcast.ledger import PARTIES


@dataclass(frozen=True, slots=True)
class Tier:
    """A row of the table: its name, and what an order must fulfil; what is left out does not matter.

    ``min_slip_days`` after the promised day, ``min_order_value`` in ``currency`` (ISO 4217), and one of ``parties``
    (of `parcelcast.ledger.PARTIES`) as the main cause. A tier with a value needs its currency.
    """

    tier: str
    min_slip_days: int = 1
    min_order_value: float | None = None
    currency: str | None = None
    parties: frozenset[str] | None = None

    def __post_init__(self) -> None:
        value = self.min_order_value
        if not self.tier or self.min_slip_days < 0:
            raise InputError(f"tier {self.tier!r} from {self.min_slip_days} days; expected a name and 0 days or more")
        if value is not None and not (isfinite(value) and value >= 0 and self.currency):
            raise InputError(
                f"tier {self.tier!r} from {value!r} {self.currency!r}; expected an amount of 0 or more and its currency"
            )
        if self.parties is not None and (unknown := sorted(self.parties - set(PARTIES))):
            raise InputError(f"tier {self.tier!r} has the parties {unknown}; expected only {', '.join(PARTIES)}")

    def fits(self, slip_days: float, order_value: float | None, currency: str | None, party: str | None) -> bool:
        """Whether an order with this slip, value and main cause gets it."""
        if slip_days < self.min_slip_days:
            return False
        if self.min_order_value is not None and (
            order_value is None or currency != self.currency or order_value < self.min_order_value
        ):
            return False
        return self.parties is None or party in self.parties

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; ``from_dict`` reads them back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"parties": None if self.parties is None else sorted(self.parties)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a row of the table; InputError teaches its form."""
        form = '{"tier": "voucher-5", "min_slip_days": 2, "min_order_value": 50, "currency": "EUR", "parties": null}'
        parties = data.get("parties")
        if set(data) - {field.name for field in fields(cls)} or not isinstance(parties, list | None):
            raise InputError(f"compensation tier {dict(data)}; expected rows such as {form}")
        try:
            return cls(**{**data, "parties": None if parties is None else frozenset(parties)})
        except TypeError as error:
            raise InputError(f"compensation tier {dict(data)}: {error}; expected rows such as {form}") from error


def compensation_tier(
    table: Sequence[Tier], slip_days: float, order_value: float | None, currency: str | None, party: str | None
) -> str | None:
    """Return the name of the first tier that fits; None when none does. What never comes has a slip of ``inf`` days.

    >>> table = (Tier("voucher", 3, parties=frozenset({"carrier"})), Tier("kind words", 1))
    >>> [compensation_tier(table, slip, 20.0, "EUR", "carrier") for slip in (0, 1, 4)]
    [None, 'kind words', 'voucher']
    """
    return next((one.tier for one in table if one.fits(slip_days, order_value, currency, party)), None)
