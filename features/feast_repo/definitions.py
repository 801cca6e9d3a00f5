"""What Feast is told: entities, sources, feature views, and a feature service for each model version."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.feast_repo.offline import CREATED, EVENT, validity
from features.feast_repo.quiet import quiet_feast
from features.feast_repo.views import HISTORY_KEY, REGION, View

with quiet_feast():
    from feast import Entity, FeatureService, FeatureView, Field, FileSource, PushSource, ValueType
    from feast.types import Array, Float64, Int64, String

_ENTITIES = {
    HISTORY_KEY: "a level of history, a blank, and a key on it, as in features.assembly.FAMILIES",
    REGION: 'an ISO 3166-2 region such as "DE-BY"; "DE-" is the country',
}
_DESCRIPTIONS = {
    HISTORY_KEY: "parcels at risk and ended at each age from 0, over the days before; up to the last count",
    REGION: "severity forecast for each day around the row's",
}
_TYPES = {pa.int64(): Int64, pa.float64(): Float64}


def push_source(view: View) -> str:
    """Return the name of the source by which rows of a view can be pushed."""
    return f"{view.name}_push"


def feature_views(folders: Mapping[View, Path]) -> list[Any]:
    """Return the entities and the feature views over the Parquet files in those folders."""
    entities = {
        key: Entity(name=key, join_keys=[key], value_type=ValueType.STRING, description=text)
        for key, text in _ENTITIES.items()
    }
    views = [_feature_view(view, entities[view.key], folder) for view, folder in folders.items()]
    return [*entities.values(), *views]


def feature_service(name: str, views: list[Any], tags: Mapping[str, str]) -> Any:
    """Return the service by which one model version reads all features of those views."""
    return FeatureService(name=name, features=views, tags=dict(tags))


def _feature_view(view: View, entity: Any, folder: Path) -> Any:
    files = FileSource(
        name=f"{view.name}_files",
        path=str(folder.resolve() / "*.parquet"),
        timestamp_field=EVENT,
        created_timestamp_column=CREATED,
    )
    arrays = [Field(name=name, dtype=Array(_TYPES[view.type])) for name in view.features]
    return FeatureView(
        name=view.name,
        entities=[entity],
        ttl=validity(view),
        schema=[Field(name=view.key, dtype=String), *arrays],
        source=PushSource(name=push_source(view), batch_source=files),
        online=True,
        description=_DESCRIPTIONS[view.key],
    )
