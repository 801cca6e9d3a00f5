"""The types of alerts, and the incidents that they tell of."""

from typing import Final

# Families in the order in which they are decided; within one, types by how serious they are. An alert of a family only
# ever becomes more serious. `delay.recovered` takes back a delay and opens nothing.
FAMILIES: Final = {
    "delay": ("delay.predicted", "delay.confirmed"),
    "dispatch": ("dispatch.late",),
    "stall": ("shipment.stalled", "shipment.lost_suspected"),
    "attempt": ("delivery.attempt_failed",),
    "pickup": ("pickup.expiring",),
    "return": ("return.risk", "return.started"),
}
RECOVERED: Final = "delay.recovered"
TYPES: Final = frozenset({RECOVERED, *(type_ for types in FAMILIES.values() for type_ in types)})

STATES: Final = ("open", "retracted", "closed")


def seriousness(type_: str) -> int:
    """Return the place of a type within its family.

    >>> seriousness("delay.predicted"), seriousness("delay.confirmed")
    (0, 1)
    """
    return next(types.index(type_) for types in FAMILIES.values() if type_ in types)
