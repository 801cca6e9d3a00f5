"""Olist's sellers as origins with working calendars."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

from parcelcast.calendar import WorkingCalendar
from pipelines.ingest.olist.export import COUNTRY, MERCHANT, SELLERS, TEXT, TIME_ZONE

if TYPE_CHECKING:
    from pipelines.ingest.olist.export import OlistExport

UNKNOWN_ORIGIN = "unknown"  # the seller of an order that was cancelled before it had items
UNKNOWN_STATE = "SP"  # where most sellers are

# The states that do not keep São Paulo's clock.
STATE_TIME_ZONES = {
    "AC": "America/Rio_Branco",
    "AM": "America/Manaus",
    "RO": "America/Porto_Velho",
    "RR": "America/Boa_Vista",
    "MT": "America/Cuiaba",
    "MS": "America/Campo_Grande",
    "PA": "America/Belem",
    "AP": "America/Belem",
    "TO": "America/Araguaina",
    "MA": "America/Fortaleza",
    "PI": "America/Fortaleza",
    "CE": "America/Fortaleza",
    "RN": "America/Fortaleza",
    "PB": "America/Fortaleza",
    "PE": "America/Recife",
    "AL": "America/Maceio",
    "SE": "America/Maceio",
    "BA": "America/Bahia",
}


def origins_of(export: OlistExport) -> pd.DataFrame:
    """Return one row per seller, and one for orders without a seller."""
    sellers = export.frames[SELLERS]
    unknown = pd.DataFrame({"seller_id": [UNKNOWN_ORIGIN], "seller_state": [UNKNOWN_STATE]}, dtype=TEXT)
    sellers = pd.concat([sellers, unknown], ignore_index=True)
    states = sellers["seller_state"].fillna(UNKNOWN_STATE).astype(object)
    return pd.DataFrame(
        {
            "origin_id": sellers["seller_id"],
            "merchant_id": MERCHANT,
            "country": COUNTRY,
            # a spreadsheet once dropped the leading zeros of São Paulo's sellers
            "postal_code": sellers["seller_zip_code_prefix"].str.zfill(5),
            "calendar": states.map({state: _calendar(str(state)) for state in states.unique()}),
            "handling_days": 0,
        }
    )


def _calendar(state: str) -> str:
    """Weekdays, the default cut-off and the state's holidays: what sellers really do is not in the export."""
    time_zone = STATE_TIME_ZONES.get(state, TIME_ZONE)
    calendar = WorkingCalendar(time_zone, holiday_country=COUNTRY, holiday_region=state)
    return json.dumps(calendar.to_dict(), sort_keys=True)
