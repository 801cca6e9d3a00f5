"""Shipments that a batch tells of more than once, each of which would count twice."""

from functools import cache

import ibis

from features.engine.engines import Engine, Source, unbound


def repeated_shipments(shipments: Source, engine: Engine, most: int = 5) -> list[str]:
    """Return the ids of shipments that are in more than one row, at most so many."""
    with engine.session() as session:
        session.give("shipments", shipments)
        found: list[str] = session.table(_repeated(most))["shipment_id"].to_pylist()
    return found


@cache
def _repeated(most: int) -> ibis.Table:
    shipments = unbound("shipments", {"shipment_id": "string"})
    counts = shipments.group_by("shipment_id").agg(rows=shipments.count())
    return counts.filter(counts.rows > 1).select("shipment_id").limit(most)
