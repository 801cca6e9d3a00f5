"""The same model behind `mlflow models serve`, as the registry beside the bundle has it. Only the command is used."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from parcelcast.errors import ArtefactError
from serving.bench.load import request
from serving.bench.processes import HOST, free_port, server

MODEL = "models:/parcelcast-eta@champion"
_PATIENCE = 90.0
_FEATURES = "feature_names="


@contextmanager
def mlflow_server(bundle: Path) -> Iterator[tuple[int, str]]:
    """Serve the champion of the registry beside a bundle; give the port and a request for one row.

    One row is the least that it can be asked; a promise needs one for each day. ArtefactError without a registry.
    """
    database = bundle.resolve().parents[1] / "tracking" / "mlflow.db"
    if not database.exists():
        raise ArtefactError(f"no MLflow registry at {database}")
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", MODEL, "--env-manager", "local"]
    environment = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{database}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # It starts uvicorn by name.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    with server([*command, "--host", HOST, "--port", str(port)], environment, port, "/ping", _PATIENCE):
        yield port, request("POST", "/invocations", HOST, _row(feature_names(bundle)))


def feature_names(bundle: Path) -> list[str]:
    """Return the features of the bundle's first booster, from its text."""
    for file in sorted(bundle.glob("*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines()[:40]:
            if line.startswith(_FEATURES):
                return line.removeprefix(_FEATURES).split(" ")
    raise ArtefactError(f"{bundle} has no booster in LightGBM text; expected a *.txt file that names its features")


def _row(names: list[str]) -> str:
    return orjson.dumps({"dataframe_split": {"columns": names, "data": [[1.0] * len(names)]}}).decode()
