"""How notebooks are run; that ours run at all is shown on a small pipeline, in test_pipeline.py."""

import json
from pathlib import Path

import nbformat
import pytest

from parcelcast.errors import InputError
from pipelines import notebooks
from pipelines.notebooks import NOTEBOOKS, NotebookFailed, run_notebooks
from pipelines.progress import SILENT

SHOWS = "import os\nprint(os.environ['PARCELCAST_WORKSPACE'])"
FAILS = "raise ValueError('no parcels here')"


@pytest.fixture
def workspace(tmp_path) -> Path:
    (tmp_path / "data" / "bundle" / "current").mkdir(parents=True)
    (tmp_path / "reports" / "evaluation").mkdir(parents=True)
    (tmp_path / "reports" / "evaluation" / "predictions.parquet").touch()
    return tmp_path


@pytest.fixture
def pages(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    monkeypatch.setattr(notebooks, "NOTEBOOKS", folder)
    for name, source in (("fails", FAILS), ("shows", SHOWS)):
        page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        nbformat.write(page, folder / f"{name}.ipynb")
    return folder


def test_a_notebook_is_run_in_the_workspace_and_written_with_what_it_showed(workspace, pages, tmp_path):
    before = (pages / "shows.ipynb").read_text()
    (path,) = run_notebooks(["shows"], workspace, tmp_path / "out", SILENT)
    (cell,) = json.loads(path.read_text())["cells"]
    assert "".join(cell["outputs"][0]["text"]) == f"{workspace}\n"
    assert (pages / "shows.ipynb").read_text() == before
    assert sorted(one.name for one in pages.iterdir()) == ["fails.ipynb", "shows.ipynb"]


def test_a_cell_that_fails_is_told_and_nothing_is_written(workspace, pages, tmp_path):
    with pytest.raises(NotebookFailed, match=r"fails.ipynb stopped with ValueError: no parcels here"):
        run_notebooks(["fails"], workspace, tmp_path / "out", SILENT)
    assert not list((tmp_path / "out").iterdir())


def test_a_cell_that_takes_too_long_is_ended(workspace, pages, tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "CELL_TIMEOUT_S", 1)
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import time\ntime.sleep(60)")])
    nbformat.write(page, pages / "sleeps.ipynb")
    with pytest.raises(NotebookFailed, match="took longer than 1 s"):
        run_notebooks(["sleeps"], workspace, tmp_path / "out", SILENT)


def test_an_unknown_notebook_is_refused_with_those_there_are(workspace, tmp_path):
    with pytest.raises(InputError, match="no notebook 'histories'; expected one of forecasts, history, parcel"):
        run_notebooks(["histories"], workspace, tmp_path / "out", SILENT)


def test_a_folder_without_a_published_model_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"has no data/bundle/current; run ./run demo"):
        run_notebooks([], tmp_path, tmp_path / "out", SILENT)


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_each_notebook_shows_what_its_cells_gave(path):
    page = nbformat.read(path, as_version=4)
    nbformat.validate(page)
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)
