"""The demo's data and model, in a workspace of its own: `data/demo/<source>`."""

from pathlib import Path

from parcelcast.errors import InputError
from pipelines.workspace import ROOT, prepare, reproduce

SIMULATED = "simulated"


def make_demo(source: str, data: Path | None, mapping: Path | None, shipments: int | None) -> Path:
    """Run the pipeline on simulated or given orders and return the workspace.

    What an earlier demo of the same source has done and nothing has changed is not done again. InputError when options
    do not go together.
    """
    changes = _changes(source, data, mapping, shipments)
    workspace = ROOT / "data" / "demo" / source
    prepare(workspace, changes)
    if not (workspace / "data" / "bundle" / "current").exists():
        # DVC knows that the stage ran, and does not know the bundles that it leaves behind.
        (workspace / "reports" / "published.json").unlink(missing_ok=True)
    reproduce(workspace, "publish")
    return workspace


def _changes(
    source: str, data: Path | None, mapping: Path | None, shipments: int | None
) -> dict[str, dict[str, object]]:
    if source == SIMULATED:
        if data or mapping:
            raise InputError("got --data or --mapping for simulated orders; name their --source, or leave them out")
        return {"simulate": {} if shipments is None else {"shipments": shipments}}
    if shipments is not None:
        raise InputError(f"got --shipments for the source {source}; only simulated orders can be had in any number")
    if data is None or not data.exists():
        raise InputError(f"the source {source} needs --data with its folder or file; got {data or 'none'}")
    described = str(mapping.resolve()) if mapping else None
    return {"ingest": {"source": source, "data": str(data.resolve()), "mapping": described}}
