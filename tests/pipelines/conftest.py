import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def olist() -> Path:
    datasets = Path(os.environ.get("PARCELCAST_DATASETS", ROOT.parent / "shared" / "datasets"))
    if not (datasets / "olist").is_dir():
        pytest.skip(f"the Olist orders are not in {datasets}; set PARCELCAST_DATASETS to the folder that holds them")
    return datasets / "olist"
