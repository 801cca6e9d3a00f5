"""The benchmark's own parts: its questions, its client, the processes that it starts, its report."""

import asyncio
import sys
import urllib.request
from pathlib import Path
from urllib.error import URLError

import orjson
import pytest

from parcelcast.errors import ArtefactError, InputError
from serving.bench import bench
from serving.bench.load import Load, Measured, request, run
from serving.bench.mlflow_serve import feature_names, mlflow_server
from serving.bench.model_time import ModelTime, model_time
from serving.bench.processes import HOST, free_port, measure, server
from serving.bench.questions import Questions
from serving.bench.report import Results, report
from tests.serving.fakes import FakeBundle
from tests.serving.shop import Shop

QUESTIONS = Questions(FakeBundle())


def test_repeating_questions_repeat_and_unseen_ones_do_not() -> None:
    repeating = QUESTIONS.repeating(2_000)
    assert repeating == QUESTIONS.repeating(2_000)
    assert 100 < len(set(repeating)) < 1_200
    most = max(repeating.count(one) for one in set(repeating))
    assert most > 20
    unseen = [body for number in (1, 2) for body in QUESTIONS.unseen(500, number)]
    assert len(set(unseen)) == 1_000


def test_every_question_is_answered(shop: Shop) -> None:
    for body in [*QUESTIONS.repeating(5), *QUESTIONS.unseen(10, 3)]:
        assert shop.post("/v1/promises", json=orjson.loads(body)).status_code == 200


def test_the_model_alone_is_measured() -> None:
    assert 0 < model_time(FakeBundle(), QUESTIONS).p50 < 1_000


class Answering(asyncio.Protocol):
    """Gives the same answer to everything, in two pieces."""

    def __init__(self, answer: bytes, asked: list[bytes]) -> None:
        self.answer = answer
        self.asked = asked

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.asked.append(data)
        self.transport.write(self.answer[:20])
        asyncio.get_running_loop().call_later(0.001, self.transport.write, self.answer[20:])


async def _measured(answer: bytes, **load: object) -> tuple[Measured, list[bytes]]:
    asked: list[bytes] = []
    listening = await asyncio.get_running_loop().create_server(lambda: Answering(answer, asked), HOST, 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        texts = tuple(request("POST", f"/{n}", HOST, "{}") for n in range(5))
        measured = await run(Load(HOST, port, requests=texts, **load))
    return measured, asked


def test_the_client_asks_each_question_once_or_for_as_long_as_told() -> None:
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    once, asked = asyncio.run(_measured(good, connections=2, seconds=5.0, repeat=False))
    assert (once.answers, once.failures) == (5, 0)
    assert sorted(one.split(b" ")[1] for one in asked) == [b"/0", b"/1", b"/2", b"/3", b"/4"]
    long, _ = asyncio.run(_measured(good, connections=2, seconds=0.2))
    assert long.answers > 5
    assert 0 < long.p50 <= long.p99
    assert long.per_second == pytest.approx(long.answers / long.seconds)


def test_the_client_counts_what_is_not_a_200() -> None:
    bad = b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno"
    assert asyncio.run(_measured(bad, connections=1, seconds=5.0, repeat=False))[0].failures == 5


def test_a_server_runs_for_the_block_and_the_load_comes_from_another_process(tmp_path: Path) -> None:
    (tmp_path / "hello").write_text("hello")
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", HOST, "--directory", str(tmp_path)]
    with server(command, {}, port, "/hello", patience=20):
        load = Load(
            HOST, port, 1, 5.0, (request("GET", "/hello", HOST, headers={"connection": "close"}),), repeat=False
        )
        assert (measured := measure(load)).answers == 1
        assert measured.failures == 0
    with pytest.raises(URLError):
        urllib.request.urlopen(f"http://{HOST}:{port}/hello", timeout=1)


def test_a_server_that_does_not_start_says_its_last_words() -> None:
    command = [sys.executable, "-c", "raise SystemExit('the port is haunted')"]
    with pytest.raises(ArtefactError, match="the port is haunted"), server(command, {}, free_port(), "/", patience=20):
        pass


def test_the_features_are_read_from_the_booster_and_a_missing_registry_is_named(tmp_path: Path) -> None:
    bundle = tmp_path / "data" / "bundle" / "v1"
    bundle.mkdir(parents=True)
    with pytest.raises(ArtefactError, match="no booster"):
        feature_names(bundle)
    (bundle / "hazard.txt").write_text("tree\nversion=v4\nfeature_names=day weekday\n")
    assert feature_names(bundle) == ["day", "weekday"]
    with pytest.raises(ArtefactError, match=r"no MLflow registry at .*tracking"), mlflow_server(bundle):
        pass


def test_the_report_holds_the_figures_against_the_goals() -> None:
    results = Results(ModelTime(2.5, 6.0))
    results.add("nothing", 1, Measured(2_000, 1.0, 0, 0.4, 0.9, 0.2))
    results.add("repeating", 1, Measured(1_500, 1.0, 3, 0.6, 1.4, 0.2))
    results.add("mlflow", 1, Measured(500, 1.0, 0, 11.0, 18.0, 0.1))
    text = report(results, (1, 16))
    assert "0.75 at 1 (goal 0.5: met)" in text
    assert "3.00 at 1 (goal 8: missed)" in text
    assert "p50 2.50 ms, p99 6.00 ms (goal 4: met)" in text
    assert results.ratio("repeating", "nothing", 16) is None
    results.missing = "no MLflow registry"
    assert "was not measured: no MLflow registry" in report(results, (1,))


def test_without_a_bundle_it_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no bundle at .*none; run \./run demo --prepare-only first"):
        bench(tmp_path / "none")
