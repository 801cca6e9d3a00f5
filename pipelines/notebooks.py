"""Runs the notebooks on a workspace: pages for analysts that show what they say, on the data at hand."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from parcelcast.errors import InputError, ParcelcastError
from pipelines.progress import TellShare
from pipelines.stages import BUNDLES, EVALUATION
from pipelines.workspace import ROOT

NOTEBOOKS = ROOT / "notebooks"
WORKSPACE = "PARCELCAST_WORKSPACE"  # tells a notebook where to look
CELL_TIMEOUT_S = 600


class NotebookFailed(ParcelcastError):  # noqa: N818 - what happened, not whose fault it is
    """A cell of a notebook ended with an error."""

    code = "notebook-failed"


def run_notebooks(names: Sequence[str], workspace: Path, out: Path, tell: TellShare) -> list[Path]:
    """Run notebooks, all where none is named, on a workspace, and write them with what they showed to a folder.

    InputError where there is no such notebook, or no published model in the workspace; NotebookFailed when a cell fails
    or takes longer than `CELL_TIMEOUT_S`. Those that ran before are written all the same.
    """
    known = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"there is no notebook {unknown[0]!r}; expected one of {', '.join(known)}")
    for needed in (BUNDLES / "current", EVALUATION / "predictions.parquet"):
        if not (workspace / needed).exists():
            raise InputError(
                f"{workspace} has no {needed}; run ./run demo --prepare-only, or ./run dvc repro and name --workspace ."
            )
    out.mkdir(parents=True, exist_ok=True)
    return [_run(name, workspace, out, tell) for name in names or known]


def _run(name: str, workspace: Path, out: Path, tell: TellShare) -> Path:
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    with TemporaryDirectory() as folder:  # of the sockets that the kernel is spoken to by: nothing listens on a port
        client = NotebookClient(
            notebook,
            km=AsyncKernelManager(kernel_name="python3", transport="ipc", ip=f"{folder}/kernel"),
            timeout=CELL_TIMEOUT_S,
            resources={"metadata": {"path": str(NOTEBOOKS)}},
            record_timing=False,
            on_cell_start=lambda cell, cell_index: tell(name, cell_index / len(notebook.cells)),  # noqa: ARG005
        )
        try:
            client.execute(cleanup_kc=True, env={**os.environ, WORKSPACE: str(workspace.resolve())})
        except CellExecutionError as error:
            raise NotebookFailed(
                f"{name}.ipynb stopped with {error.ename}: {error.evalue}; run it in Jupyter to look into it, with "
                f"{WORKSPACE}={workspace.resolve()}"
            ) from error
        except (TimeoutError, DeadKernelError) as error:
            raise NotebookFailed(
                f"a cell of {name}.ipynb took longer than {CELL_TIMEOUT_S} s, or more memory than there is; look at "
                "less of the history there"
            ) from error
    notebook.metadata.language_info = {"name": "python"}  # the kernel tells its own version
    path = out / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path
