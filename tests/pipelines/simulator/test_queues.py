import numpy as np
import pytest

from pipelines.simulator.queues import Queues, count


def test_parcels_are_served_in_the_order_in_which_a_patient_clerk_would():
    arrivals, capacities = [4, 0, 3, 5, 0, 0], [2.0, 2.0, 2.0, 2.5, 2.5, 9.0]
    queues, positions, served_on = Queues.empty(1, 1), [], []
    line, clerk_served_on, budget = [], {}, 0.0
    zero = np.zeros(1, int)
    for day, (number, capacity) in enumerate(zip(arrivals, capacities, strict=True)):
        share = (np.arange(number) + 1) / max(number, 1)
        rows = np.zeros(number, int)
        positions += queues.join(rows, rows, share, np.array([[float(number)]])).tolist()
        queues.serve(np.array([[capacity]]))
        line += range(len(served_on), len(served_on) + number)
        served_on += [None] * number
        # The clerk: work left over from a started parcel is not lost, idle time is.
        budget = min(budget + capacity, sum(arrivals[: day + 1]))
        for parcel in [parcel for parcel in line if parcel not in clerk_served_on and parcel + 1 <= budget + 1e-9]:
            clerk_served_on[parcel] = day
        for parcel, position in enumerate(positions):
            if served_on[parcel] is None and queues.through(zero, zero, np.array([position]))[0]:
                served_on[parcel] = day
    assert served_on == [clerk_served_on[parcel] for parcel in range(len(served_on))]
    assert None not in served_on
    assert queues.backlog.item() == pytest.approx(0.0)


def test_replicas_of_a_queue_live_apart():
    one = Queues.empty(1, 2)
    one.join(np.array([0]), np.array([1]), np.array([1.0]), np.array([[0.0, 3.0]]))
    two = one.repeat(2)
    two.serve(np.array([[1.0, 1.0], [1.0, 2.0]]))
    assert two.backlog.tolist() == [[0.0, 2.0], [0.0, 1.0]]
    assert one.backlog.tolist() == [[0.0, 3.0]]


def test_parcels_are_counted_by_replica_and_facility():
    assert count(np.array([0, 1, 1]), np.array([2, 0, 0], np.int16), (2, 3)).tolist() == [[0, 0, 1], [2, 0, 0]]
