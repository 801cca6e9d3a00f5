"""Lane and handling counts in plain pandas, as one writes them without an engine: a comparison, and an oracle."""

import numpy as np
import pandas as pd

from features.frames import dates, local_days, utc_days
from features.lanes import LEVELS as LANE_LEVELS
from features.opendays import CalendarKey, OpenDays
from features.orders import delivery_calendar_key
from features.origins import LEVELS as ORIGIN_LEVELS
from features.sketches import AGES, CANCELLED, UNKNOWN
from features.table import Network
from parcelcast.place import area_of, region_of

_ADDRESS = ["destination_country", "destination_postal_code"]


def plain_counts(shipments: pd.DataFrame, network: Network, until: int) -> dict[tuple[str, str], pd.DataFrame]:
    """Return for each family and level all counts up to UTC day `until`: key, day, age, at_risk, ended."""
    parcels = _parcels(shipments, network)
    first, last = int(parcels["ordered_on"].min()) - 1, until + 2 * AGES
    families = {
        "lead": (_lane_keys(parcels), "delivery", "delivered"),
        "handling": (_origin_keys(parcels), "working", "dispatched"),
    }
    counts = {}
    for family, (keys, calendar, event) in families.items():
        opendays = OpenDays.of(parcels[calendar].tolist(), first, last)
        spells = pd.DataFrame({
            "start": parcels["dispatch_on"], "start_known": parcels["known_day"],
            **_ends(parcels, event),
            "calendar": opendays.code, **keys,
        })  # fmt: skip
        parts = [
            _rows(spells[spells["calendar"] == code], np.flatnonzero(is_open) + opendays.first, until)
            for code, is_open in enumerate(opendays.is_open)
        ]
        rows = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
        for level in keys:
            by = rows.groupby([level, "day", "age"], as_index=False)[["at_risk", "ended"]].sum()
            counts[family, level] = by.rename(columns={level: "key"})
    return counts


def _parcels(shipments: pd.DataFrame, network: Network) -> pd.DataFrame:
    """Return the outgoing shipments with their places, calendars and days."""
    parcels = shipments[~shipments["is_return"].fillna(value=False).astype(bool)]
    gaps = ("carrier", "service", "destination_postal_code")
    parcels = parcels.assign(**{name: parcels[name].fillna("").astype(object) for name in gaps})
    addresses = parcels[_ADDRESS].drop_duplicates()
    places = [network.places.find(*address) for address in addresses.itertuples(index=False)]
    addresses = addresses.assign(
        to_country=[one.country for one in places],
        to_region=[region_of(one) for one in places],
        to_area=[area_of(one) for one in places],
        zone=[one.time_zone for one in places],
        place=pd.Series(places, index=addresses.index, dtype=object),
    )
    origins = pd.DataFrame([
        {
            "origin_id": origin_id, "from_country": one.place.country, "from_region": region_of(one.place),
            "from_area": area_of(one.place), "iso_region": one.place.region or "",
            "working": CalendarKey(one.calendar.weekdays, one.calendar.holiday_country, one.calendar.holiday_region),
        }
        for origin_id, one in network.origins.items()
    ])  # fmt: skip
    ways = parcels[["carrier", *_ADDRESS]].drop_duplicates().merge(addresses, on=_ADDRESS)
    calendars = [
        delivery_calendar_key(network.carriers.get(carrier), place)
        for carrier, place in zip(ways["carrier"], ways["place"], strict=True)
    ]
    ways["delivery"] = pd.Series(calendars, index=ways.index, dtype=object)
    parcels = parcels.merge(ways, on=["carrier", *_ADDRESS]).merge(origins, on="origin_id")
    zones = parcels["zone"].to_numpy(dtype=object)
    parcels["known_day"] = utc_days(parcels["ordered_at"])
    parcels["ordered_on"] = local_days(parcels["ordered_at"], zones)
    parcels["dispatch_on"] = np.maximum(dates(parcels["planned_dispatch_on"]), parcels["ordered_on"])
    for event in ("dispatched", "delivered"):
        parcels[f"{event}_on"] = local_days(parcels[f"{event}_at"], zones)
        parcels[f"{event}_known"] = utc_days(parcels[f"{event}_recorded_at"].fillna(parcels[f"{event}_at"]))
    cancelled_at = parcels["ended_at"].where(parcels["status"].eq("cancelled").fillna(value=False))
    parcels["cancelled_known"] = utc_days(cancelled_at)
    return parcels


def _lane_keys(parcels: pd.DataFrame) -> dict[str, pd.Series]:
    service = parcels["carrier"] + "/" + parcels["service"]
    here, there = service + " " + parcels["from_country"], parcels["to_country"]
    return dict(zip(LANE_LEVELS, (
        pd.Series("*", index=parcels.index),
        service,
        here + ">" + there,
        here + "-" + parcels["from_region"] + ">" + there + "-" + parcels["to_region"],
        here + " " + parcels["from_area"] + ">" + there + " " + parcels["to_area"],
    ), strict=True))  # fmt: skip


def _origin_keys(parcels: pd.DataFrame) -> dict[str, pd.Series]:
    region = parcels["from_country"] + "-" + parcels["iso_region"]
    levels = (pd.Series("*", index=parcels.index), region, parcels["origin_id"])
    return dict(zip(ORIGIN_LEVELS, levels, strict=True))


def _ends(parcels: pd.DataFrame, event: str) -> dict[str, np.ndarray]:
    """Return the day of an event and of its record, or of the cancellation where no record came before it."""
    end, known, cancelled = (parcels[name] for name in (f"{event}_on", f"{event}_known", "cancelled_known"))
    recorded = pd.concat([end, known, parcels["dispatch_on"], parcels["known_day"]], axis=1).max(axis=1)
    is_cancelled = (cancelled != UNKNOWN) & ((known == UNKNOWN) | (cancelled <= recorded))
    return {"end": np.where(is_cancelled, CANCELLED, end), "end_known": np.where(is_cancelled, cancelled, known)}


def _rows(parcels: pd.DataFrame, open_days: np.ndarray, until: int) -> pd.DataFrame:
    """Return one row for each count of parcels that keep the same calendar."""
    parcels = parcels[parcels["start"] <= until].copy()
    recorded = parcels[["start", "start_known", "end", "end_known"]].max(axis=1)
    parcels["over"] = (parcels["end"] >= 0) & (recorded <= until)
    parcels["stop"] = np.where(parcels["end"] == CANCELLED, parcels["end_known"], until + 1)
    upto_start = np.searchsorted(open_days, parcels["start"], side="right")

    def day_of(age: pd.Series, upto: np.ndarray, start: pd.Series) -> np.ndarray:
        return np.where(age <= 0, start, open_days[np.minimum(upto + age - 1, len(open_days) - 1)])

    last = parcels[["start", "end"]].max(axis=1)
    before = np.searchsorted(open_days, last, side="left")
    last_age = np.where(last > parcels["start"], before + 1 - upto_start, 0)
    parcels["last_age"] = np.where(parcels["over"], last_age, UNKNOWN)
    counted = np.maximum(day_of(parcels["last_age"], upto_start, parcels["start"]), recorded)
    parcels["end_day"] = np.where(parcels["over"], counted, until + 1)
    seen = np.searchsorted(open_days, parcels["end_day"], side="left") - upto_start
    parcels["ages"] = np.minimum(np.maximum(seen, parcels["last_age"]), AGES - 1) + 1
    parcels["upto"] = upto_start
    every = parcels.loc[parcels.index.repeat(parcels["ages"].clip(lower=0))]
    every = every.assign(age=every.groupby(level=0).cumcount(), at_risk=1, ended=0)
    opened = day_of(every["age"], every["upto"].to_numpy(), every["start"])
    every["day"] = np.maximum(opened, every["start_known"])
    too_late = every["over"] & (every["age"] > every["last_age"])
    every = every[np.where(too_late, every["day"] < every["end_day"], every["day"] < every["stop"])]
    back = every[every["over"] & (every["age"] > every["last_age"])].assign(at_risk=-1)
    back["day"] = back["end_day"]
    ended = parcels[parcels["over"] & (parcels["last_age"] < AGES)].assign(at_risk=0, ended=1)
    ended["age"], ended["day"] = ended["last_age"], ended["end_day"]
    rows = pd.concat([every, back, ended], ignore_index=True)
    return rows[rows["day"] <= until]
