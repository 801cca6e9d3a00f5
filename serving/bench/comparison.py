"""The comparison: repeating and unseen questions beside an endpoint that does nothing and `mlflow models serve`."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from parcelcast.errors import ArtefactError, InputError
from parcelcast.settings import Settings
from serving.bench.load import Load, Measured, request
from serving.bench.mlflow_serve import mlflow_server
from serving.bench.model_time import model_time
from serving.bench.processes import HOST, free_port, measure, server
from serving.bench.questions import HOURS, LANES, ZIPF, Questions
from serving.bench.report import Results, report
from serving.bundle_sources import DirectorySource
from serving.keys import PROMISES_WRITE, key_document, new_key
from serving.main import environment_of

CONNECTIONS = (1, 16, 64)
ROUNDS = 3  # what is compared is measured in turns, so that a busy machine is busy for both
SECONDS = 1.5
DRAWS = 4_000
UNSEEN = 4_000
_PATIENCE = 60.0

Ask = Callable[[int, list[str], float, bool], Measured]


def bench(bundle: Path) -> Results:
    """Measure, print the table, and return its figures, in about two minutes; InputError without a bundle."""
    if not bundle.exists():
        raise InputError(
            f"there is no bundle at {bundle}; run ./run demo --prepare-only first, or name another: --bundle DIR"
        )
    questions = Questions(DirectorySource(bundle).load())
    drawn = questions.repeating(DRAWS)
    _say(
        f"repeating: {DRAWS} questions over {LANES} lanes and {HOURS} hours (Zipf {ZIPF}), "
        f"{len(set(drawn))} different, each asked before. unseen: lane, parcel and moment differ each time."
    )
    results = Results(model=model_time(questions.bundle, questions))
    with _our_server(bundle) as (port, headers):
        _measure_ours(results, port, headers, drawn, questions)
    _measure_mlflow(results, bundle)
    _say(report(results, CONNECTIONS))
    return results


def _measure_ours(
    results: Results, port: int, headers: dict[str, str], drawn: list[bytes], questions: Questions
) -> None:
    def asked(bodies: list[bytes]) -> tuple[str, ...]:
        return tuple(request("POST", "/v1/promises", HOST, body.decode(), headers) for body in bodies)

    nothing = (request("GET", "/healthz", HOST),)
    repeating = asked(drawn)
    _say("asking every repeating question once ...")
    measure(Load(HOST, port, 4, 120.0, tuple(dict.fromkeys(repeating)), repeat=False))
    for connections in CONNECTIONS:
        _say(f"{connections} connection{'s' if connections > 1 else ''} ...")
        turns = [
            (measure(Load(HOST, port, connections, SECONDS, nothing)),
             measure(Load(HOST, port, connections, SECONDS, repeating)))
            for _ in range(ROUNDS)
        ]  # fmt: skip
        results.add("nothing", connections, typical([turn[0] for turn in turns]))
        results.add("repeating", connections, typical([turn[1] for turn in turns]))
        fresh = asked(list(questions.unseen(UNSEEN, round_number=connections)))
        results.add("unseen", connections, measure(Load(HOST, port, connections, 2 * SECONDS, fresh, repeat=False)))


def _measure_mlflow(results: Results, bundle: Path) -> None:
    _say("mlflow models serve, one row a request ...")
    try:
        with mlflow_server(bundle) as (port, row):
            measure(Load(HOST, port, 1, 1.0, (row,)))
            for connections in CONNECTIONS:
                results.add("mlflow", connections, measure(Load(HOST, port, connections, 2 * SECONDS, (row,))))
    except ArtefactError as error:
        results.missing = str(error)


def typical(measured: list[Measured]) -> Measured:
    """Return the measurement of the median speed.

    >>> def at(answers): return Measured(answers, 1.0, 0, 1.0, 2.0, 0.1)
    >>> typical([at(5), at(900), at(7)]).answers
    7
    """
    middle = median(one.per_second for one in measured)
    return min(measured, key=lambda one: abs(one.per_second - middle))


@contextmanager
def _our_server(bundle: Path) -> Iterator[tuple[int, dict[str, str]]]:
    text, key = new_key(os.urandom(64), [PROMISES_WRITE], "bench")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(
            bundle=bundle.resolve(),
            store=home / "promises.sqlite",
            database=f"sqlite:///{home / 'parcels.sqlite'}",
            keys=home / "none.json",
            host=HOST,
            port=port,
        )
        environment = {**environment_of(settings), "PARCELCAST_API_KEYS": key_document([key])}
        command = [sys.executable, "-m", "serving.main"]
        with server(command, environment, port, "/readyz", _PATIENCE):
            yield port, {"authorization": f"Bearer {text}"}


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
