"""The questions of the benchmark: those that shops repeat, and those that nobody asked before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import orjson

from serving.bundle_sources import ServingBundle

LANES = 400
HOURS = 24
ZIPF = 1.1

# Length of postal codes; what is not listed has five digits.
_DIGITS = {"AT": 4, "BE": 4, "BR": 8, "CH": 4, "NL": 4}
_CATEGORIES = ("fashion", "books", "electronics", "garden", "toys")


@dataclass(frozen=True)
class Questions:
    """A repeatable source of questions that fit a bundle's origins and carriers."""

    bundle: ServingBundle
    seed: int = 1

    def repeating(self, count: int) -> list[bytes]:
        """Draw questions as shops ask them: few lanes and hours often, many seldom (Zipf, exponent 1.1)."""
        random = Random(self.seed)
        lanes = [self._lane(random) for _ in range(LANES)]
        hours = [self._day() + timedelta(hours=hour) for hour in range(HOURS)]
        random.shuffle(hours)
        drawn_lanes = random.choices(lanes, _zipf(LANES), k=count)
        drawn_hours = random.choices(hours, _zipf(HOURS), k=count)
        return [
            orjson.dumps({**lane, "ordered_at": hour.isoformat()})
            for lane, hour in zip(drawn_lanes, drawn_hours, strict=True)
        ]

    def unseen(self, count: int, round_number: int) -> Iterator[bytes]:
        """Make questions that differ in lane, parcel and moment; another round makes others."""
        random = Random(f"{self.seed}/{round_number}")
        for _ in range(count):
            lane = self._lane(random)
            lane["items"][0] |= {
                "weight_g": random.randint(50, 30_000),
                "value": random.randint(5, 500),
                "category": random.choice(_CATEGORIES),
            }
            moment = self._day() + timedelta(seconds=random.randrange(7 * 86_400))
            yield orjson.dumps({**lane, "ordered_at": moment.isoformat()})

    def _lane(self, random: Random) -> dict[str, Any]:
        origins = list(self.bundle.origins.values())
        options = [
            (carrier.carrier_id, service.service_id)
            for carrier in self.bundle.carriers.values()
            for service in carrier.services
        ]
        origin = random.choice(origins)
        country = random.choice((origin.place.country, random.choice(origins).place.country))
        digits = _DIGITS.get(country, 5)
        code = str(random.randrange(10 ** (digits - 1), 10**digits))
        carrier, service = random.choice(options) if options else (None, None)
        return {
            "destination": {"country": country, "postal_code": code},
            "items": [{"weight_g": 1000, "origins": [origin.origin_id]}],
            "options": [{"carrier": carrier, "service": service}],
        }

    def _day(self) -> datetime:
        """Return a midnight in the week after the bundle's history."""
        as_of = self.bundle.as_of or datetime(2026, 11, 23, tzinfo=UTC)
        return as_of.replace(hour=0, minute=30, second=0, microsecond=0) + timedelta(days=1)


def _zipf(count: int) -> list[float]:
    return [1 / rank**ZIPF for rank in range(1, count + 1)]
