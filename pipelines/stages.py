"""The stages as commands: where each reads and writes, and its parameters from `params.yaml`.

Everything is relative to the working directory, which is the repository or another workspace. A stage's implementation
is imported when it runs, so that a short stage does not pay for the libraries of the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pipelines.parameters import read_section
from pipelines.progress import steps

DATA = Path("data")
RAW = DATA / "raw"
CANONICAL = DATA / "canonical"
VALIDATED = DATA / "validated"
QUARANTINE = DATA / "quarantine"


def run(name: str) -> None:
    """Run one stage by its name."""
    STAGES[name]()


def simulate(out: Path, shipments: int | None, seed: int | None) -> None:
    """Simulate into a folder, with other numbers than those of `params.yaml` where given."""
    from pipelines.simulate import SimulateParameters
    from pipelines.simulate import simulate as run_simulation

    parameters = read_section(SimulateParameters, "simulate")
    parameters = replace(
        parameters,
        shipments=parameters.shipments if shipments is None else shipments,
        seed=parameters.seed if seed is None else seed,
    )
    with steps("simulate") as tell:
        run_simulation(parameters, out, tell)


@dataclass(frozen=True)
class IngestParameters:
    """Section ingest of params.yaml."""

    source: str
    data: Path
    mapping: Path | None
    critical_share: float


def _ingest() -> None:
    from pipelines.ingest import ingest

    given = read_section(IngestParameters, "ingest")
    with steps("ingest") as tell:
        ingest(given.source, given.data, CANONICAL, given.mapping, tell, critical_share=given.critical_share)


@dataclass(frozen=True)
class ValidateParameters:
    """Section validate of params.yaml."""

    critical_share: float


def _validate() -> None:
    from pipelines.validate import validate

    given = read_section(ValidateParameters, "validate")
    with steps("validate") as tell:
        validate(CANONICAL, VALIDATED, QUARANTINE, given.critical_share, tell)
    QUARANTINE.mkdir(exist_ok=True)  # DVC wants to see it even when every row was sound


def backtest(source: str, data: Path, mapping: Path | None, window: tuple[date, date], out: Path) -> str:
    """Backtest a source on orders from the window's first day to before its last; return the table of scores."""
    from models.training import TrainParameters
    from pipelines.backtest import Window
    from pipelines.backtest import backtest as run_backtest
    from pipelines.scoreboard import scores_text

    with steps("backtest") as tell:
        metrics = run_backtest(source, data, mapping, Window(*window), out, TrainParameters(), tell)
    return f"{scores_text(metrics)}\n\nmetrics.json, predictions.parquet, report.html and its pictures are in {out}"


STAGES: Mapping[str, Callable[[], None]] = {
    "ingest": _ingest,
    "validate": _validate,
}
