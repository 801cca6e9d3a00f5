"""Scans by a parcel's id: the number that stands for it, and the carrier's own where it is sure which that is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, exists, select

from parcelcast.tracking.scan import Number, Scan
from serving.stores.among import among
from serving.stores.schema import numbers

_PREFIX = "ID:"


def id_number(shipment_id: str) -> Number:
    """Return the number that stands for a shipment id, under which scans without a tracking number are kept.

    Numbers lose case and blanks, ids must not, so it is spelled in hexadecimal.

    >>> id_number("S-1")
    Number(carrier='', tracking_number='ID:532D31')
    """
    return Number("", _PREFIX + shipment_id.encode().hex().upper())


def numbered(connection: Connection, told: Sequence[Scan]) -> Sequence[Scan]:
    """Return the scans, those by id under the parcel's number with the carrier that they name, if they name one.

    So an event is the same scan by either. Where the parcel has several such numbers or none, or another parcel has it
    too, the scan stays with the id.
    """
    ids = {_id_of(scan) for scan in told if not scan.carrier}
    if not ids:
        return told
    other = numbers.alias()
    is_shared = exists().where(
        other.c.carrier == numbers.c.carrier,
        other.c.tracking_number == numbers.c.tracking_number,
        other.c.shipment_id != numbers.c.shipment_id,
    )
    columns = numbers.c.shipment_id, numbers.c.carrier, numbers.c.tracking_number, is_shared.label("is_shared")
    held: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(
        select(*columns).where(among(connection, numbers.c.shipment_id, list(ids)), numbers.c.carrier != "")
    ):
        held.setdefault(row.shipment_id, []).append(row)
    return [scan if scan.carrier else _under_one_of(held.get(_id_of(scan), ()), scan) for scan in told]


def _id_of(scan: Scan) -> str:
    return bytes.fromhex(scan.tracking_number.removeprefix(_PREFIX)).decode()


def _under_one_of(held: Sequence[Row[Any]], scan: Scan) -> Scan:
    fitting = [number for number in held if scan.told_carrier in {None, number.carrier}]
    if len(fitting) != 1 or fitting[0].is_shared:
        return scan
    return replace(scan, carrier=fitting[0].carrier, tracking_number=fitting[0].tracking_number, told_carrier=None)
