"""The command line: the composition root.

What a command needs is imported only when it runs, so that `--help` is instant and the serving process loads no
training stack. Stages read `params.yaml` and the `data/` folder of the working directory.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from parcelcast.commands.bench import add_bench
from parcelcast.commands.histories import add_backtest, add_places, add_simulate
from parcelcast.commands.notebooks import add_notebooks
from parcelcast.commands.services import add_demo, add_key, add_serve, add_worker
from parcelcast.commands.stages import add_refresh, add_stages

if TYPE_CHECKING:
    from parcelcast.commands import Handler

DESCRIPTION = """\
Delivery dates that hold with a stated probability, from a shop's own shipping history.

start here
  ./run demo                        simulate a parcel network, train on it, and open a shop that shows the promise
  ./run demo --source olist --data ../shared/datasets/olist
                                    the same with real orders
  ./run backtest --source olist --data DIR --test-from 2018-05-01 --test-until 2018-07-01 --out results
                                    how good would the promises have been?

with your own data
  1. Describe your export in a mapping file and name both in params.yaml (ingest: source, data, mapping).
  2. ./run dvc repro publish        runs every stage whose inputs changed, in the order
                                    ingest, validate, weather, featurize, train, calibrate, evaluate, register, check,
                                    publish
  3. ./run serve                    answers POST /v1/promises with the published model
  4. ./run dvc repro weather && ./run refresh
                                    each day: the same model, with what was recorded since
  5. ./run notebooks --workspace .  tables and plots for analysts, on your history and your forecasts
"""

EPILOG = """\
./run COMMAND --help explains a command. ./run test runs everything that CI runs.
./run dvc ... and ./run mlflow ... run those tools in the environment:
  ./run dvc metrics show
  ./run mlflow ui --backend-store-uri sqlite:///data/tracking/mlflow.db
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 failed with a message, 2 used wrongly."""
    from parcelcast.errors import ParcelcastError

    options = parser().parse_args(argv)
    handler: Handler = options.handler
    try:
        return handler(options)
    except ParcelcastError as error:
        print(f"parcelcast {options.command}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        print(
            f"parcelcast {options.command}: cannot read or write {error.filename} ({error.strerror})", file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; what it parses carries the command's `handler`."""
    root = argparse.ArgumentParser(
        prog="./run", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    add_demo(commands)
    add_backtest(commands)
    add_serve(commands)
    add_worker(commands)
    add_key(commands)
    add_bench(commands)
    add_simulate(commands)
    add_places(commands)
    add_stages(commands)
    add_refresh(commands)
    add_notebooks(commands)
    return root


if __name__ == "__main__":
    sys.exit(main())
