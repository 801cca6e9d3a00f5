"""First-come-first-served queues of work at many facilities at once."""

from dataclasses import dataclass

import numpy as np

from pipelines.simulator.arrays import AnyInts, Bools, Floats


@dataclass(slots=True)
class Queues:
    """Work that has ever ``arrived`` and was ever ``served``, by replica and facility, shape (R, F).

    A parcel's position is the work that had arrived when it joined; it is through once that much was served.

    >>> queues = Queues.empty(1, 1)
    >>> positions = queues.join(np.array([0, 0]), np.array([0, 0]), np.array([0.5, 1.0]), np.array([[2.0]]))
    >>> queues.serve(np.array([[1.5]]))
    >>> positions.tolist(), queues.through(np.array([0, 0]), np.array([0, 0]), positions).tolist()
    ([1.0, 2.0], [True, False])
    >>> queues.backlog.tolist()
    [[0.5]]
    """

    arrived: Floats
    served: Floats

    @classmethod
    def empty(cls, replicas: int, facilities: int) -> "Queues":
        """Queues nobody has joined yet."""
        return cls(np.zeros((replicas, facilities)), np.zeros((replicas, facilities)))

    def repeat(self, replicas: int) -> "Queues":
        """Return the same queues in so many replicas; only for a single one."""
        return Queues(np.repeat(self.arrived, replicas, axis=0), np.repeat(self.served, replicas, axis=0))

    @property
    def backlog(self) -> Floats:
        """Work that waits."""
        return self.arrived - self.served

    def join(self, replica: AnyInts, facility: AnyInts, share: Floats, work: Floats) -> Floats:
        """Add today's ``work`` (R, F); return positions of the parcels in it, each after its ``share`` of it."""
        positions = self.arrived[replica, facility] + share * work[replica, facility]
        self.arrived += work
        return positions

    def serve(self, capacity: Floats) -> None:
        """Serve up to ``capacity`` of work at every facility, shape (R, F)."""
        np.minimum(self.arrived, self.served + capacity, out=self.served)

    def through(self, replica: AnyInts, facility: AnyInts, position: Floats) -> Bools:
        """Whether all work before these positions was served."""
        # Positions and service are sums of the same numbers in another order.
        done: Bools = position <= self.served[replica, facility] + 1e-9
        return done


def count(replica: AnyInts, facility: AnyInts, shape: tuple[int, int]) -> Floats:
    """Parcels by replica and facility, shape (R, F)."""
    flat = np.bincount(replica.astype(np.int64) * shape[1] + facility, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(float)
