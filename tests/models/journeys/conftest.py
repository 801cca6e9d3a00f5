import numpy as np
import pytest

from models.journeys.legs import KINDS, Legs


@pytest.fixture(scope="session")
def legs() -> Legs:
    """200 processes of two inbound legs and an outbound one; deliveries at one of four airports take long."""
    random = np.random.default_rng(5)
    kind = np.tile([KINDS[0], KINDS[1], KINDS[3]], 200)
    n = len(kind)
    destination = random.integers(1, 5, n)
    planned = np.tile([10.0, 3.0, 12.0, 0.0, 0.0, 0.0, 0.0, 50.0], (n, 1))
    two = random.random(n) < 0.4
    planned[two, 3:5] = [6.0, 8.0]
    effective = planned * random.lognormal(0.0, 0.3, planned.shape)
    effective[:, -1] = random.lognormal(np.where(destination == 1, 4.3, 2.5), 0.6)
    place = np.zeros((n, 6), dtype=np.int64)
    place[:, 0], place[:, 1] = random.integers(1, 5, n), destination
    place[two, 2], place[two, 3] = destination[two], destination[two]
    process = np.repeat(np.arange(200), 3)
    return Legs(np.arange(1, n + 1).astype(str), process.astype(str), process, kind, planned, effective, place)
