"""The carriers of the network: fictional companies with their services, hubs and delivery days."""

from dataclasses import dataclass
from typing import Literal

Speed = Literal["standard", "express", "injection", "tour"]


@dataclass(frozen=True, slots=True)
class Service:
    """A product of a carrier; ``price`` in euros, ``extra_days`` is what its quote adds to the plan."""

    service_id: str
    speed: Speed
    price: float
    extra_days: int


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier; hubs are postal areas per country, ``feed`` is how its scans reach the shop."""

    carrier_id: str
    delivery_weekdays: str
    countries: frozenset[str]
    services: tuple[Service, ...]
    hubs: dict[str, str]
    feed: Literal["push", "file"]

    @property
    def weekdays(self) -> tuple[int, ...]:
        """Delivery weekdays; Monday is 0."""
        return tuple(int(digit) for digit in self.delivery_weekdays)


CARRIERS = (
    Carrier(
        "kranich",
        "012345",
        frozenset({"DE", "AT", "CH", "NL", "BE", "FR", "PL", "CZ"}),
        (Service("standard", "standard", 4.9, 0), Service("express", "express", 11.9, 0)),
        {
            "DE": "20 14 04 59 63 70 85",
            "AT": "40",
            "CH": "48",
            "NL": "35",
            "BE": "18",
            "FR": "67 77",
            "PL": "61",
            "CZ": "11",
        },
        "push",
    ),
    Carrier(
        "postfuchs",
        "012345",
        frozenset({"DE", "AT", "NL", "PL", "CZ"}),
        (Service("standard", "standard", 3.9, 0),),
        {"DE": "30 99 50 90", "AT": "12", "NL": "68", "PL": "50", "CZ": "30"},
        "push",
    ),
    Carrier(
        "grenzgaenger",
        "01234",
        frozenset({"DE", "AT", "CH", "NL", "BE", "FR", "PL", "CZ"}),
        (Service("standard", "standard", 7.9, 1), Service("injection", "injection", 5.9, 1)),
        {
            "DE": "60 04 59",
            "AT": "23",
            "CH": "46",
            "NL": "48",
            "BE": "10",
            "FR": "69 93",
            "PL": "92",
            "CZ": "60",
        },
        "file",
    ),
    Carrier("eigenflotte", "12345", frozenset({"DE"}), (Service("two_man", "tour", 39.0, 1),), {}, "push"),
)

# All services in one list: the number of a service is its place here.
SERVICES = tuple((number, service) for number, carrier in enumerate(CARRIERS) for service in carrier.services)
STANDARD_KRANICH, EXPRESS, STANDARD_POSTFUCHS, STANDARD_GRENZGAENGER, INJECTION, TWO_MAN = range(len(SERVICES))

# The farthest delivery of an own lorry, and the lanes on which pallets are injected into the country's own network.
TOUR_KM = 280.0
INJECTED_COUNTRIES = frozenset({"AT", "CH", "NL"})

# Lanes on which no hub scans: the partner abroad reports from the depot on.
DARK_LANES = frozenset({("kranich", "PL"), ("kranich", "CZ"), ("postfuchs", "PL"), ("grenzgaenger", "FR")})

CUSTOMS_COUNTRY = "CH"
