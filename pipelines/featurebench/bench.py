"""`./run bench features`: the daily feature tables at scale, measured on this machine."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

from parcelcast.errors import InputError, ParcelcastError
from pipelines.featurebench.data import PART
from pipelines.progress import TellShare

# What the feature platform promises of itself.
MOST_READS, LEAST_PANDAS, MOST_MEMORY_GB, MOST_DAY_SHARE, MOST_EXPONENT = 12.0, 10.0, 6.0, 0.03, 1.1

Told = Mapping[str, Any]
_NAMES = {
    "read": "bare read of the columns by DuckDB",
    "full": "full build, all families",
    "day": "one more day",
    "lanes": "lanes and handling alone",
    "pandas": "the same in plain pandas",
    "read again": "bare read once more",
}


@dataclass(frozen=True)
class Results:
    """What was measured: by name for the main size, and the full build by number of shipments."""

    shipments: int
    measured: Mapping[str, Told]
    growth: Mapping[int, Told]


def bench(shipments: int, folder: Path, tell: TellShare) -> str:
    """Measure full build, added day, bare read and pandas, and the growth from a quarter of the size to twice it.

    Simulated histories are kept in `folder` for the next time. InputError for fewer than four shipments.
    """
    if shipments < 4:
        raise InputError(f"{shipments} shipments; expected at least 4")
    size = min(PART, shipments // 4)
    parts = [folder / f"part-{size}-{number}" for number in range(1, 2 * (shipments // size) + 1)]
    for number, part in enumerate(parts, start=1):
        tell(f"simulating part {number} of {len(parts)}, {size:,} shipments each")
        # In a process of its own, so that its memory is given back.
        _run([sys.executable, "-m", "pipelines.featurebench.data", str(number), str(size), str(part)])
    main = shipments // size
    store = folder / "store"
    measured = {}
    for name in ("read", "full", "day", "lanes", "pandas", "read again"):
        tell(f"measuring {name}, {main * size:,} shipments")
        measured[name] = _measure(name.split()[0], store, parts[:main])
    growth = {main * size: measured["full"]}
    for number in sorted({max(main // 4, 1), max(main // 2, 1), 2 * main}):
        tell(f"measuring full, {number * size:,} shipments")
        growth[number * size] = _measure("full", store, parts[:number])
    return report(Results(main * size, measured, dict(sorted(growth.items()))))


def _measure(name: str, store: Path, parts: Sequence[Path]) -> Told:
    asked = [sys.executable, "-m", "pipelines.featurebench.measure", name, str(store), *map(str, parts)]
    told: Told = json.loads(_run(asked).splitlines()[-1])
    return told


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own module
    if done.returncode:
        raise ParcelcastError(f"{' '.join(command[2:4])} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


def report(results: Results) -> str:
    """Return the measurements beside what is promised."""
    seconds = {name: told["seconds"] for name, told in results.measured.items()}
    read = min(seconds["read"], seconds["read again"])
    day, full, rows = results.measured["day"], results.measured["full"], results.measured["read"]["rows"]
    peak = full["peak_bytes"] / 1e9
    lines = [
        f"simulated: {rows['shipments']:,} shipments, {rows['scans']:,} scans, {full['days']} days",
        "",
        f"{'':<34} {'wall s':>8} {'CPU s':>8} {'peak GB':>8}",
        *(_row(_NAMES[name], told) for name, told in results.measured.items()),
        _row("  in a process that just started", {**day, "seconds": day["cold_seconds"], "cpu_seconds": None}),
        "",
        _verdict("full build / bare read", seconds["full"] / read, MOST_READS, at_most=True),
        _verdict("pandas / engine, same families", seconds["pandas"] / seconds["lanes"], LEAST_PANDAS, at_most=False),
        _verdict("peak memory of the full build, GB", peak, MOST_MEMORY_GB, at_most=True),
        _verdict("one more day / full build", seconds["day"] / seconds["full"], MOST_DAY_SHARE, at_most=True),
        _verdict("growth exponent of the full build", _exponent(results.growth), MOST_EXPONENT, at_most=True),
        "",
        *(_row(f"full build, {n:,} shipments", told) for n, told in results.growth.items()),
    ]  # fmt: skip
    return "\n".join(lines)


def _row(what: str, told: Told) -> str:
    worked = "" if told["cpu_seconds"] is None else f"{told['cpu_seconds']:.2f}"
    return f"{what:<34} {told['seconds']:>8.2f} {worked:>8} {told['peak_bytes'] / 1e9:>8.1f}"


def _verdict(what: str, found: float, bound: float, *, at_most: bool) -> str:
    is_met = found <= bound if at_most else found >= bound
    limit = f"{'at most' if at_most else 'at least'} {bound:g}"
    return f"{what:<38} {found:8.3f}   {limit:<14} {'met' if is_met else 'MISSED'}"


def _exponent(growth: Mapping[int, Told]) -> float:
    """Return the slope of log seconds over log shipments, by least squares."""
    points = [(log(n), log(told["seconds"])) for n, told in growth.items()]
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return float(sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points))
