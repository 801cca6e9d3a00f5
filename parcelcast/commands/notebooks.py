"""The notebooks for analysts."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parcelcast.commands import Commands


def add_notebooks(commands: "Commands") -> None:
    """Add the command."""
    command = commands.add_parser(
        "notebooks",
        help="run the analysts' notebooks on a workspace",
        description="Run the notebooks of the folder notebooks/ on the tables, forecasts and models of a workspace, "
        "and write them with their tables and plots: history (who brings what how fast, and how that drifts), "
        "forecasts (whether stated chances come true, and what certainty costs), parcel (one order, and one late "
        "parcel as it was seen on its way). Open the results in Jupyter or any viewer.",
    )
    command.add_argument("names", nargs="*", metavar="NAME", help="which of them (default: all)")
    command.add_argument(
        "--workspace", type=Path, default=Path("data/demo/simulated"), metavar="DIR",
        help="where the pipeline ran: . after ./run dvc repro (default: data/demo/simulated, of ./run demo)",
    )  # fmt: skip
    command.add_argument(
        "--out", type=Path, default=Path("reports/notebooks"), metavar="DIR", help="default: reports/notebooks"
    )
    command.set_defaults(handler=_notebooks)


def _notebooks(options: argparse.Namespace) -> int:
    from pipelines.notebooks import run_notebooks
    from pipelines.progress import steps

    with steps("notebooks") as tell:
        for path in run_notebooks(options.names, options.workspace, options.out, tell):
            print(path)
    return 0
