"""The door to Feast: a repository in a folder, DuckDB on our Parquet files offline, SQLite or Redis online."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.feast_repo.config import REGISTRY, OnlineParameters, configuration, write_configuration
from features.feast_repo.definitions import feature_service, feature_views, push_source
from features.feast_repo.offline import EVENT, Known, Offline, stamped, start_of
from features.feast_repo.quiet import quiet_feast
from features.feast_repo.views import VIEWS, View
from parcelcast.errors import ArtefactError

with quiet_feast():
    import feast
    from google.protobuf.message import DecodeError

_AT_ONCE = 10_000  # SQLite takes 32,766 variables in a statement
_DAY_S = 86_400
NEVER = -1


class Repository:
    """The Feast repository in a folder: registry, configuration, Parquet files, and SQLite when it is the online store.

    Nothing that is told depends on the clock. What Feast raises becomes an ArtefactError.
    """

    def __init__(self, home: Path, parameters: OnlineParameters, environ: Mapping[str, str]) -> None:
        config = configuration(parameters, environ)
        write_configuration(home, config, parameters.url_env)
        self.offline = Offline(home / "offline")
        self._home = home
        with _translated("opening the feature store"):
            try:
                self._store = self._opened(config)
            except DecodeError:
                # Feast writes its registry in place; one that was cut short says nothing that we could not say again.
                (home / REGISTRY).unlink()
                self._store = self._opened(config)

    def apply(self, service: str, tags: Mapping[str, str]) -> None:
        """Register all views, and the service of a model version that reads them; the tables must exist."""
        with _translated("registering features"):
            objects = feature_views({view: self.offline.folder(view) for view in VIEWS.values()})
            views = [one for one in objects if isinstance(one, feast.FeatureView)]
            self._store.apply([*objects, feature_service(service, views, tags)])

    def materialise(self, view: View, day: int, *, whole: bool = False) -> None:
        """Bring the rows as of UTC day `day` online: those since the last time, or all that still hold."""
        with _translated(f"materialising {view.name}"):
            end, last = start_of(day), self._store.get_feature_view(view.name).most_recent_end_time
            start = end - timedelta(days=view.days - 1)
            if not whole and last is not None and last <= end:
                start = max(start, min(last + timedelta(seconds=1), end))
            self._store.materialize(start, end, feature_views=[view.name])

    def online(self, view: View, keys: Sequence[str]) -> Known:
        """Return the rows of those keys in the online store, and the UTC day of each, NEVER where there is none.

        The store knows no expiry: look at the days.
        """
        with _translated(f"reading {view.name} online"):
            parts = [
                self._read(view, keys[start : start + _AT_ONCE]) for start in range(0, max(len(keys), 1), _AT_ONCE)
            ]
        return Known(pa.concat_tables([part.rows for part in parts]), np.concatenate([part.days for part in parts]))

    def push(self, view: View, rows: pa.Table, day: int, created: datetime) -> None:
        """Write rows as of UTC day `day` to the online store only, through the view's push source.

        Whatever it had is replaced, newer or not.
        """
        with _translated(f"pushing {view.name}"):
            self._store.push(push_source(view), stamped(rows, view, day, created).to_pandas())

    def historical(self, view: View, asked: pd.DataFrame, *, as_recorded: bool) -> pa.Table:
        """Return the view's rows as of instants: `asked` has the view's key and `event_timestamp`, in UTC.

        `as_recorded` leaves out what was written after the instant. Rows come in any order, as Feast gives them.
        """
        with _translated(f"reading {view.name} as of instants"):
            references = [f"{view.name}:{name}" for name in view.features]
            job = self._store.get_historical_features(
                asked[[view.key, EVENT]], references, filter_by_created_timestamp=as_recorded
            )
            return job.to_arrow()

    def services(self) -> dict[str, dict[str, list[str]]]:
        """Return the features that each service reads, by view."""
        with _translated("listing services"):
            return {
                service.name: {one.name: [f.name for f in one.features] for one in service.feature_view_projections}
                for service in self._store.list_feature_services()
            }

    def tear_down(self) -> None:
        """Forget everything online and in the registry."""
        with _translated("tearing down the feature store"):
            self._store.teardown()

    def _opened(self, config: Mapping[str, Any]) -> Any:
        store = feast.FeatureStore(str(self._home), feast.RepoConfig(**config, repo_path=self._home))
        store.list_feature_services()
        return store

    def _read(self, view: View, keys: Sequence[str]) -> Known:
        if not keys:
            arrays = [(name, pa.list_(view.type)) for name in view.features]
            return Known(pa.schema([(view.key, pa.string()), *arrays]).empty_table(), np.empty(0, np.int64))
        references = [f"{view.name}:{name}" for name in view.features]
        told = self._store.get_online_features(references, {view.key: list(keys)}).to_dict(True)
        arrays = [pa.array([one or [] for one in told[name]], pa.list_(view.type)) for name in view.features]
        seconds = np.array(told[f"{view.features[0]}__ts"])
        return Known(
            pa.table([pa.array(keys, pa.string()), *arrays], names=[view.key, *view.features]),
            np.where(seconds > 0, seconds // _DAY_S, NEVER),
        )


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        with quiet_feast():
            yield
    except DecodeError:
        raise
    except Exception as error:
        raise ArtefactError(f"{what} failed in Feast ({type(error).__name__}: {error}); run the stage again") from error
