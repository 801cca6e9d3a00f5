"""The scan table: what has reached the shop before the history ends."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from parcelcast.scan import CODES
from parcelcast.tables import SCANS
from pipelines.simulator.arrays import AnyInts, Ints
from pipelines.simulator.carriers import CARRIERS
from pipelines.simulator.columns import instants, named, numbered, numbers, table_of
from pipelines.simulator.events import CODE, PARTY_OF_REASON, REASONS
from pipelines.simulator.facilities import all_facilities
from pipelines.simulator.feeds import Reports
from pipelines.simulator.history import History
from pipelines.simulator.wording import MAP_VERSION, raw_codes, raw_texts

ROWS_AT_ONCE = 1_000_000
_AT_ORIGIN = np.isin(np.arange(len(CODES)), [CODE["label_created"], CODE["handed_over"], CODE["returned"]])


def scan_tables(history: History, reported: Reports) -> Iterator[pa.Table]:
    """Scans recorded before ``until`` as canonical tables, in the order of recording, so many rows at once."""
    known = int(np.searchsorted(reported.recorded, history.until_minute))
    for start in range(0, max(known, 1), ROWS_AT_ONCE):
        yield _scan_table(history, reported, np.arange(start, min(start + ROWS_AT_ONCE, known)))


def _scan_table(history: History, reported: Reports, rows: Ints) -> pa.Table:
    events, world = history.events, history.world
    clock, areas = world.network.clock, world.network.areas
    event, code = reported.event[rows], reported.code[rows]
    order, reason = events.order[event], events.reason[event].astype(np.int64)
    reason[code == CODE["info_only"]] = 0
    carrier = world.network.service_carrier[world.orders.service[order]]
    area = _area(history, event, code)
    feeds = [f"simulated:{one.carrier_id}:{one.feed}" for one in CARRIERS]
    return table_of(SCANS, {
        "scan_id": numbered("s", rows, 10),
        "shipment_id": numbered("p", order, 9),
        "occurred_at": instants(reported.occurred[rows]),
        "utc_offset_min": numbers(reported.offset[rows]),
        "recorded_at": instants(clock.to_utc(reported.recorded[rows])),
        "code": named(CODES, code),
        "reason": named([one or None for one in REASONS], reason),
        "party": named([PARTY_OF_REASON[one] or None for one in REASONS], reason),
        "facility_id": named(all_facilities(world.network).facility_id, events.facility[event]),
        "country": named(areas.country, area),
        "place": named(areas.city, area),
        "raw_code": named(raw_codes(), carrier * len(CODES) + code),
        "raw_text": named(raw_texts(), code),
        "carrier": named([one.carrier_id for one in CARRIERS], carrier),
        "leg": numbers(events.leg[event]),
        "source": named(feeds, carrier),
        "map_version": named([MAP_VERSION], np.zeros(len(rows), np.int64)),
    })  # fmt: skip


def _area(history: History, event: Ints, code: AnyInts) -> Ints:
    """Where a scan happened: in its facility's area, else with the sender or the recipient."""
    world, events = history.world, history.events
    facility, order = events.facility[event], events.order[event]
    outside = np.where(
        _AT_ORIGIN[code], world.network.origin_area[world.orders.origin[order]], world.orders.area[order]
    )
    found: Ints = np.where(facility >= 0, all_facilities(world.network).area[facility], outside)
    return found
