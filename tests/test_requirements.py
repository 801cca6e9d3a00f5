import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[1] / "requirements"
SETS = ("bootstrap", "serve", "train", "dev")
TRAINING_STACK = {
    "pandas",
    "mlflow",
    "mlflow-skinny",
    "great-expectations",
    "scikit-learn",
    "duckdb",
    "dvc",
    "matplotlib",
}


def _locked(name: str) -> dict[str, str]:
    """Return requirement line -> the text up to the next requirement."""
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+==\S+(?: ; [^\\\n]+)?)((?: \\\n    --hash=\S+)*)$", text, re.MULTILINE))


def _names(name: str) -> set[str]:
    return {line.split("==")[0] for line in _locked(name)}


@pytest.mark.parametrize("name", SETS)
def test_every_line_is_a_version_with_hashes_or_a_hash(name):
    lines = (REQUIREMENTS / f"{name}.txt").read_text().splitlines()

    assert all(_locked(name).values())
    assert len(lines) == len(_locked(name)) + sum(text.count("--hash=") for text in _locked(name).values())


@pytest.mark.parametrize("name", SETS)
def test_no_index_address_and_no_path_is_locked(name):
    assert not re.search(r"://|^-|[ @]/|\bfile:", (REQUIREMENTS / f"{name}.txt").read_text(), re.MULTILINE)


def test_serving_installs_without_the_training_stack():
    assert not _names("serve") & TRAINING_STACK
    assert _names("train") >= TRAINING_STACK


@pytest.mark.parametrize(("small", "large"), [("serve", "train"), ("train", "dev")])
def test_a_larger_set_holds_the_same_versions(small, large):
    assert set(_locked(small)) <= set(_locked(large))
