"""Workspaces: folders in which the pipeline runs, apart from the repository's own `data/`.

A workspace holds `params.yaml`, `dvc.yaml` and everything that the stages make. The repository is one itself; the demo
and the tests make others, so that they never touch a shop's data.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from parcelcast.errors import ParcelcastError
from pipelines.parameters import read_all

ROOT = Path(__file__).resolve().parents[1]
_CODE = ("parcelcast", "features", "models", "pipelines")
_CODE_HASH = "code.txt"
# DVC inside a folder that git ignores; nobody is told that it runs.
_DVC_CONFIG = "[core]\n    analytics = false\n    check_update = false\n    no_scm = true\n"


class StageFailed(ParcelcastError):  # noqa: N818 - what happened, not whose fault it is
    """A stage of the pipeline ended with an error, which it has already told."""

    code = "stage-failed"


def prepare(directory: Path, changes: Mapping[str, Mapping[str, object]]) -> None:
    """Make or refresh a workspace: our parameters with `changes` (section -> parameter -> value), our stages.

    Its stages depend on the code as a whole, by a hash of all its files, because the code lies elsewhere.
    """
    (directory / ".dvc").mkdir(parents=True, exist_ok=True)
    (directory / ".dvc" / "config").write_text(_DVC_CONFIG, encoding="utf-8")
    (directory / _CODE_HASH).write_text(_code_hash() + "\n", encoding="utf-8")
    parameters = read_all(ROOT / "params.yaml")
    for section, values in changes.items():
        parameters[section] = {**parameters[section], **values}
    _write_yaml(directory / "params.yaml", parameters)
    _write_yaml(directory / "dvc.yaml", _moved(read_all(ROOT / "dvc.yaml")))


def reproduce(directory: Path, target: str) -> None:
    """Run the stages up to `target` whose inputs changed; StageFailed when one fails."""
    python = Path(sys.executable)
    environment = {
        **os.environ,
        "DVC_NO_ANALYTICS": "1",
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
    }
    command = [str(python), "-m", "dvc", "repro", target]
    status = subprocess.run(command, cwd=directory, env=environment, check=False).returncode  # noqa: S603 - our own
    if status:
        raise StageFailed(f"the pipeline in {directory} stopped (status {status}); the reason is above")


@contextmanager
def inside(directory: Path) -> Iterator[None]:
    """Work in a workspace for a while."""
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


def _moved(pipeline: dict[str, Any]) -> dict[str, Any]:
    """Return the stages with the dependencies on code replaced by the one on its hash."""
    for stage in pipeline["stages"].values():
        data = [path for path in stage["deps"] if Path(path).parts[0] not in _CODE]
        stage["deps"] = [*data, _CODE_HASH]
    return pipeline


def _code_hash() -> str:
    digest = hashlib.sha256()
    for package in _CODE:
        for path in sorted((ROOT / package).rglob("*.py")):
            digest.update(f"{path.relative_to(ROOT)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
