"""The date that a parcel's promise named."""

from datetime import date
from typing import Any

import orjson

from parcelcast.errors import InputError, NotFound
from serving.shipments.requests import ParcelRequest
from serving.store import PromiseStore


def with_promise(parcel: ParcelRequest, store: PromiseStore) -> ParcelRequest:
    """Return the parcel with the date that its promise named for its carrier and service, unless it tells one itself.

    InputError when there is no such promise, or none of its options is the parcel's.
    """
    if parcel.promise_id is None or parcel.promised_on is not None:
        return parcel
    try:
        answer = orjson.loads(store.find(parcel.promise_id.upper()).body)
    except NotFound as error:
        raise InputError(f"promise_id of shipment {parcel.shipment_id!a}: {error}") from error
    promised = _option(parcel, answer)["promised"]
    return parcel.model_copy(update={"promised_on": None if promised is None else date.fromisoformat(promised)})


def _option(parcel: ParcelRequest, answer: dict[str, Any]) -> dict[str, Any]:
    """Find the option that was chosen. A promise for a product page has one, and is it itself."""
    options: list[dict[str, Any]] = answer.get("options", [answer])
    fitting = [
        option
        for option in options
        if parcel.carrier in {None, option["carrier"]} and parcel.service in {None, option["service"]}
    ]
    if len(fitting) != 1:
        offered = ", ".join(f"{option['carrier']} {option['service']}" for option in options)
        raise InputError(
            f"promise_id of shipment {parcel.shipment_id!a}: its carrier and service fit {len(fitting)} of the "
            f"promise's options; expected one of {offered}"
        )
    return fitting[0]
