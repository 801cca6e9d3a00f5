"""The benchmark's figures, and how they read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from serving.bench.load import Measured
from serving.bench.model_time import ModelTime

Kind = Literal["nothing", "repeating", "unseen", "mlflow"]

NAMES: dict[Kind, str] = {
    "nothing": "endpoint that does nothing",
    "repeating": "promise, repeating questions",
    "unseen": "promise, unseen questions",
    "mlflow": "mlflow models serve",
}
OF_NOTHING = 0.5
OF_MLFLOW = 8.0
MODEL_MS = 4.0


@dataclass
class Results:
    """What was measured, by kind and number of connections."""

    model: ModelTime
    measured: dict[tuple[Kind, int], Measured] = field(default_factory=dict)
    missing: str | None = None  # why there is nothing to say about MLflow

    def add(self, kind: Kind, connections: int, found: Measured) -> None:
        """Keep one measurement."""
        self.measured[kind, connections] = found

    def ratio(self, kind: Kind, other: Kind, connections: int) -> float | None:
        """Return how many times more answers a second one kind gives than another."""
        one, two = self.measured.get((kind, connections)), self.measured.get((other, connections))
        return one.per_second / two.per_second if one and two and two.per_second else None


def report(results: Results, connections: Sequence[int]) -> str:
    """Return the table and the goals."""
    lines = ["", f"{'':30}{'connections':>12}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}{'client':>8}"]
    for kind, name in NAMES.items():
        lines += [
            f"{name:30}{number:>12}{found.per_second:>12.0f}{found.p50:>9.2f}{found.p99:>9.2f}"
            f"{found.failures:>8}{found.client_busy:>8.0%}"
            for number in connections
            if (found := results.measured.get((kind, number)))
        ]
    lines += ["", *_goals(results, connections)]
    if results.missing:
        lines.append(f"{NAMES['mlflow']} was not measured: {results.missing}")
    return "\n".join(lines)


def _goals(results: Results, connections: Sequence[int]) -> list[str]:
    lines = []
    goals: tuple[tuple[Kind, float], ...] = (("nothing", OF_NOTHING), ("mlflow", OF_MLFLOW))
    for other, goal in goals:
        ratios = {number: results.ratio("repeating", other, number) for number in connections}
        known = {number: ratio for number, ratio in ratios.items() if ratio is not None}
        if known:
            told = ", ".join(f"{ratio:.2f} at {number}" for number, ratio in known.items())
            lines.append(f"repeating / {NAMES[other]}: {told} (goal {goal:g}: {_met(min(known.values()) >= goal)})")
    model = results.model
    lines.append(
        f"model time of an unseen parcel: p50 {model.p50:.2f} ms, p99 {model.p99:.2f} ms "
        f"(goal {MODEL_MS:g}: {_met(model.p50 <= MODEL_MS)})"
    )
    return lines


def _met(met: bool) -> str:  # noqa: FBT001
    return "met" if met else "missed"
