"""The online store's part of publishing: a bundle serves the history that the online store tells.

A bundle that was made holds its day's history as it was counted. Publishing and refreshing bring it through the feature
store, build the snapshot from what the online store then tells, and stop unless both are equal to the last bit.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from features.assembly import Histories
from features.feast_repo.refresh import refresh
from features.feast_repo.store import Repository
from models.bundle import HISTORY, MANIFEST, WEATHER, sha256_of
from models.snapshots import read_histories, write_histories
from models.tracking import Version
from parcelcast.errors import ArtefactError


def service_name(version: Version) -> str:
    """Return the name of the feature service by which a model version reads.

    >>> service_name(Version("7", "8f3a"))
    'parcelcast_eta_v7'
    """
    return f"parcelcast_eta_v{version.number}"


def serve_from_online(bundle: Path, version: Version, repository: Repository, now: datetime) -> Mapping[str, int]:
    """Replace the snapshot of a verified bundle by the one that the online store tells, and state its hashes.

    Returns how many rows of each view were new. ArtefactError when the online store tells anything else than the bundle
    was made with.
    """
    manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    counted = read_histories(bundle / HISTORY, bundle / WEATHER)
    tags = {"bundle": manifest["version"], "run": version.run_id}
    told = refresh(repository, counted, manifest["as_of_day"], now, service_name(version), tags)
    with TemporaryDirectory(prefix=".online-", dir=bundle.parent) as folder:
        # A bundle of an older version may hold more than is read of it now.
        read = _written(counted, Path(folder) / "read")
        built = _written(told.histories, Path(folder) / "built")
        for name in (HISTORY, WEATHER):
            _check_equal(read / name, built / name)
            (built / name).replace(bundle / name)
            manifest["files"][name] = sha256_of(bundle / name)
    (bundle / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return told.written


def _written(histories: Histories, folder: Path) -> Path:
    folder.mkdir()
    write_histories(histories, folder / HISTORY, folder / WEATHER)
    return folder


def _check_equal(counted: Path, built: Path) -> None:
    """Compare two Parquet files, numbers by their bits; ArtefactError names the first row that differs."""
    expected, got = pq.read_table(counted), pq.read_table(built)
    problem = None
    if expected.schema != got.schema or len(expected) != len(got):
        problem = f"got {len(got)} rows of {got.column_names}, expected {len(expected)} of {expected.column_names}"
    else:
        differs = [_bits(expected[name]) != _bits(got[name]) for name in expected.column_names]
        rows = np.flatnonzero(np.logical_or.reduce(differs))
        if len(rows):
            got_row, expected_row = (table.slice(int(rows[0]), 1).to_pylist()[0] for table in (got, expected))
            problem = f"{len(rows)} rows differ, the first: got {got_row}, expected {expected_row}"
    if problem:
        raise ArtefactError(
            f"{counted.name} from the online store is not the one that the bundle was made with: {problem}; "
            "nothing was published: remove the folder of the online store and run the command again"
        )


def _bits(column: Any) -> np.ndarray:
    values: np.ndarray = column.to_numpy()
    return values.view(np.int64) if values.dtype == np.float64 else values
