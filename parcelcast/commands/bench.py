"""`./run bench WHAT`: its options, and the door to each benchmark, which is imported only when it runs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from parcelcast.commands import Handler

if TYPE_CHECKING:
    from parcelcast.commands import Commands

_DEMO_BUNDLE = Path("data/demo/simulated/data/bundle/current")


def add_bench(commands: "Commands") -> None:
    """Add the command."""
    command = commands.add_parser(
        "bench",
        help="measure speed, scale and worth on this machine",
        description="Measure on this machine, beside a baseline in the same run, and print the ratios.",
    )
    command.add_argument(
        "what",
        choices=_BENCHES,
        help="serve: requests per second and latency of the server, beside an endpoint that does nothing and "
        "`mlflow models serve`; forks: the model of a simulated demo beside the perfect forecaster; "
        "living: the same for its parcels on their way, by stage; features: the "
        "daily feature tables at scale, beside a bare read of their columns and plain pandas; ablation: what families "
        "of features are worth in a simulated world of storms and strikes; kill: server and worker are killed under "
        "load, on SQLite and PostgreSQL, and nothing may be lost or doubled; scans: how many are taken for good, "
        "beside a bare insert of the same rows; alerts: how right and early they are in a simulated world, beside "
        "two simple rules",
    )
    command.add_argument("--rounds", type=int, default=200, metavar="N", help="kill: how often (default: 200)")
    command.add_argument("--seed", type=int, default=1, metavar="N", help="kill: of the random numbers")
    command.add_argument(
        "--shipments", type=int, default=2_000_000, metavar="N", help="features: how many, twice as many are simulated"
    )
    command.add_argument(
        "--work",
        type=Path,
        default=Path("data/bench"),
        metavar="DIR",
        help="features, ablation and alerts: keeps the simulated histories",
    )
    command.add_argument(
        "--bundle",
        type=Path,
        default=_DEMO_BUNDLE,
        metavar="DIR",
        help=f"model bundle (default: that of the demo, {_DEMO_BUNDLE})",
    )
    command.set_defaults(handler=_bench)


def _bench(options: argparse.Namespace) -> int:
    return _BENCHES[options.what](options)


def _bench_serve(options: argparse.Namespace) -> int:
    from serving.bench import bench

    bench(options.bundle)
    return 0


def _bench_scans(options: argparse.Namespace) -> int:
    from serving.bench.scans import bench_reaction, bench_scans

    bench_scans()
    bench_reaction(options.bundle)
    return 0


def _bench_forks(_options: argparse.Namespace) -> int:
    from pipelines.benches import bench_forks

    print(bench_forks())
    return 0


def _bench_living(_options: argparse.Namespace) -> int:
    from pipelines.benches import bench_living

    print(bench_living())
    return 0


def _bench_features(options: argparse.Namespace) -> int:
    from pipelines.benches import bench_features

    print(bench_features(options.shipments, options.work))
    return 0


def _bench_ablation(options: argparse.Namespace) -> int:
    from pipelines.benches import bench_ablation

    print(bench_ablation(options.work))
    return 0


def _bench_alerts(options: argparse.Namespace) -> int:
    from pipelines.benches import bench_alerts

    print(bench_alerts(options.work))
    return 0


def _bench_kill(options: argparse.Namespace) -> int:
    from serving.bench.kill import bench_kill

    return 0 if bench_kill(options.rounds, options.seed) else 1


_BENCHES: dict[str, Handler] = {
    "serve": _bench_serve,
    "forks": _bench_forks,
    "living": _bench_living,
    "features": _bench_features,
    "ablation": _bench_ablation,
    "alerts": _bench_alerts,
    "kill": _bench_kill,
    "scans": _bench_scans,
}
