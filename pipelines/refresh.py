"""The command `refresh`: the champion that is served goes on with what has been recorded since it was made.

Histories, online corrections, origins, carriers and the weather are those of the newest day of the tables, counted and
corrected by the same functions as in `register`. Nothing is learned, so nothing is judged again: boosters, calibration
and the thresholds of alerts stay as they are.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow.parquet as pq

from features.assembly import assemble
from features.orders import day_of
from models.bundle import HISTORY, Bundle
from models.bundle_writer import renew_bundle
from models.hazard import HORIZON
from models.tracking import Registry, Version
from parcelcast.errors import ArtefactError, DataError, InputError
from parcelcast.place import PlaceIndex
from pipelines.living.feed import feed_of, read_scans
from pipelines.modelling import corrections, samples_of
from pipelines.preparation import FIRST_SCANS, Count, Counted, counted, last_known_day
from pipelines.progress import TellShare
from pipelines.publish import CURRENT, champion_of, incoming, refreshed_name, served_of, swap_in

_FROM_SCANS = "depot"


@dataclass(frozen=True)
class Newest:
    """The newest validated tables: their folder, what `counted` takes of them, and how their history is counted."""

    validated: Path
    tables: Mapping[str, pd.DataFrame]
    places: PlaceIndex
    count: Count


def refresh(
    registry: Registry,
    home: Path,
    newest: Newest,
    from_online: Callable[[Path, Version], object],
    now: datetime,
    tell: TellShare,
) -> str:
    """Let `current` below `home` be the champion with the histories of the newest tables; return what was done.

    `from_online` is that of `publish`, `now` aware. Where the tables tell of no later day than the bundle, nothing
    changes. Whatever is refused changes nothing either: ArtefactError when there is no champion, another bundle is
    served, it knows of days to come, or the fresh one does not load; InputError and DataError when the tables do not
    fit the model.
    """
    with incoming(home) as folder:
        tell("reading the champion")
        version = champion_of(registry)
        served = _served(home, version)
        champion = Bundle.load(served)
        _check_past(champion, home, now)
        tell(f"reading {len(newest.tables['shipments']):,} shipments")
        told = counted(newest.tables, newest.places, count=newest.count)
        today = last_known_day(told.history) + 1
        if today <= champion.manifest["as_of_day"]:
            return f"nothing new: {champion.version} knows all before {champion.as_of.date()}, and so do the tables"
        _check_fit(served, champion, newest)
        made = Path(shutil.copytree(served, folder / "bundle"))
        fresh = _renewed(made, champion, told, newest, today, tell)
        tell("bringing the histories online")
        from_online(made, version)
        tell("verifying the bundle")
        Bundle.load(made)
        swap_in(made, home / refreshed_name(version, str(day_of(today))))
    return f"serving {fresh.version}: all before {fresh.as_of.date()} is known, until now {champion.as_of.date()}"


def _served(home: Path, version: Version) -> Path:
    served = served_of(home, version)
    if served is None:
        current = home / CURRENT
        found = f"is {current.resolve().name}" if current.exists() else "is missing"
        raise ArtefactError(f"{current} {found}; expected the champion v{version.number}: run ./run publish first")
    return served


def _check_past(champion: Bundle, home: Path, now: datetime) -> None:
    """Refuse histories that end after today: no later day would ever be news to them."""
    until = champion.as_of.date()
    if until > now.date() + timedelta(days=1):
        raise ArtefactError(
            f"{champion.version} knows all before {until}, which has not come: a record of a wrong date was counted, "
            f"or this machine's clock is slow. Remove {home / CURRENT} and run ./run publish; where the model itself "
            "was trained so, train again: ./run dvc repro publish"
        )


def _check_fit(served: Path, champion: Bundle, newest: Newest) -> None:
    """Refuse tables that are counted otherwise than those that the model has learned from."""
    if _rows(champion.places) != _rows(newest.places) or champion.places.grouping != newest.places.grouping:
        raise InputError(
            "the places of params.yaml are not those that the champion learned with; "
            "name its table, region and area again, or train with the new ones: ./run dvc repro publish"
        )
    families = pq.read_table(served / HISTORY, columns=["family"])["family"].unique().to_pylist()
    if _FROM_SCANS in families and FIRST_SCANS not in newest.tables:
        raise DataError(
            "the champion's histories were counted with scans, and there are none now",
            file=str(newest.validated / "scans.parquet"),
            remedy="ingest the scans too, or train without them: ./run dvc repro publish",
        )


def _rows(places: PlaceIndex) -> list[str]:
    with TemporaryDirectory() as folder:
        table = Path(folder) / "places.csv"
        places.write_csv(table)
        return sorted(table.read_text(encoding="utf-8").splitlines())


def _renewed(made: Path, champion: Bundle, told: Counted, newest: Newest, today: int, tell: TellShare) -> Bundle:
    tell("counting history")
    histories = told.sketches.rolling()
    tell("correcting online")
    orders, shipments = told.history.orders, newest.tables["shipments"]
    feed = feed_of(told.history, shipments, read_scans(newest.validated))
    models = champion.forecaster.parts[0], champion.living.model
    shifts = corrections(models, told, lambda rows: assemble(orders.take(rows), histories, HORIZON), feed, today)
    tell("writing the bundle")
    samples = samples_of(shipments, told.network)
    return renew_bundle(made, champion, told.sketches.snapshot(today), today, shifts, told.network, samples)
