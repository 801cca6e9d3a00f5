import asyncio
import logging
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from serving.errors import StoreUnavailableError
from serving.stores.database import Database
from serving.stores.endpoints import change_wishes, read_endpoints
from serving.stores.schema import deliveries
from serving.webhooks.sender import LEASE
from tests.serving.stores.outbox import NOON, event, tell
from tests.serving.webhooks.receiver import HANG, SECRET, Receiver, answer, receiving, sender, subscribe

SECOND = timedelta(seconds=1)


def _states(database):
    with database.reading() as connection:
        return list(connection.execute(select(deliveries.c.state).order_by(deliveries.c.seq)).scalars())


def _row(database):
    with database.reading() as connection:
        return connection.execute(select(deliveries)).one()


def _endpoint(database, endpoint_id="a"):
    with database.reading() as connection:
        return read_endpoints(connection, [endpoint_id])[endpoint_id]


async def _until(happened):
    async with asyncio.timeout(20):
        while not happened():  # noqa: ASYNC110 - what happens in a thread or elsewhere sets no event
            await asyncio.sleep(0.01)


def _deliver(database, clock, receiver, *, rounds=1, step=timedelta(0), events=(), **options):
    """Tell events to a receiver, and send in rounds that are `step` apart."""

    async def main():
        async with receiving(receiver):
            subscribe(database, "a", receiver.url)
            tell(database, events or [event(1)], clock())
            for _ in range(rounds):
                await sender(database, clock, **options).deliver_due()
                clock.now += step

    asyncio.run(main())


def test_an_event_arrives_signed_and_is_delivered_once(database, clock):
    receiver = Receiver()
    clock.now = datetime.now(UTC)  # the reference library compares with the real clock
    _deliver(database, clock, receiver, rounds=3, step=LEASE)

    [request] = receiver.requests
    body = Webhook(SECRET.text).verify(request.body.decode(), dict(request.headers))
    assert body["id"] == request.event_id == event(1).event_id
    assert body["data"]["slip_days"] == 2
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert _states(database) == ["delivered"]


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_is_a_success(database, clock, status):
    _deliver(database, clock, Receiver(lambda _: answer(status)))

    assert _states(database) == ["delivered"]
    assert _endpoint(database).health.last_status == status


@pytest.mark.parametrize("status", [300, 301, 307, 400, 401, 404, 500, 503])
def test_every_other_status_is_a_failure_and_redirects_are_not_followed(database, clock, status):
    async def main():
        async with receiving(Receiver()) as elsewhere:
            receiver = Receiver(lambda _: answer(status, location=elsewhere.url))
            async with receiving(receiver):
                subscribe(database, "a", receiver.url)
                tell(database, [event(1)])
                await sender(database, clock).deliver_due()
        return receiver.requests, elsewhere.requests

    got, got_elsewhere = asyncio.run(main())

    assert (len(got), got_elsewhere) == (1, [])
    row = _row(database)
    assert (row.state, row.last_status, row.due_at >= NOON + 5 * SECOND) == ("pending", status, True)
    assert row.last_error.startswith(f"status {status}")


def test_a_receiver_that_never_accepts_is_tried_for_a_day_and_leaves_a_dead_letter(database, clock):
    receiver = Receiver(lambda _: answer(500))
    instants = []

    async def main():
        async with receiving(receiver):
            subscribe(database, "a", receiver.url)
            tell(database, [event(1)])
            while _states(database) == ["pending"]:
                clock.now = max(_row(database).due_at, clock.now)
                await sender(database, clock).deliver_due()
                instants.append((clock.now - NOON).total_seconds())

    asyncio.run(main())

    hours = [instant / 3600 for instant in instants]
    assert hours == [0, 5 / 3600, 5 / 60, 0.5, 2, 5, 10, 14, 20, 24]
    assert _states(database) == ["dead"]
    timestamps = [int(request.headers["webhook-timestamp"]) for request in receiver.requests]
    assert [stamp - timestamps[0] for stamp in timestamps] == instants
    assert set(receiver.event_ids) == {event(1).event_id}
    assert len({request.headers["webhook-signature"] for request in receiver.requests}) == 10
    health = _endpoint(database).health
    assert (health.failures, health.failing_since) == (10, NOON)


def test_a_receiver_that_fails_a_third_of_the_time_gets_everything(each_database, clock):
    draw = Random(7).random
    receiver = Receiver(lambda _: answer(500 if draw() < 1 / 3 else 204))
    told = [event(number) for number in range(30)]
    _deliver(each_database, clock, receiver, events=told, rounds=25, step=timedelta(hours=1))

    assert set(_states(each_database)) == {"delivered"}
    assert set(receiver.event_ids) == {one.event_id for one in told}
    assert len(receiver.event_ids) > len(told)


def test_a_hanging_receiver_does_not_hold_others_back(database, clock):
    hanging, healthy = Receiver(lambda _: HANG), Receiver()

    async def main():
        async with receiving(hanging), receiving(healthy):
            subscribe(database, "a", hanging.url)
            subscribe(database, "b", healthy.url)
            tell(database, [event(number) for number in range(40)])
            stop = asyncio.Event()
            running = asyncio.create_task(sender(database, clock, timeout_s=30).run(stop))
            await _until(lambda: len(healthy.requests) == 40)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())

    assert len(set(healthy.event_ids)) == 40
    assert len(hanging.requests) <= 8
    assert healthy.most_at_once <= 8


def test_a_receiver_that_hangs_is_given_up(database, clock):
    _deliver(database, clock, Receiver(lambda _: HANG), timeout_s=0.2)

    assert _row(database).last_error == "no answer within 0.2 s"
    assert _states(database) == ["pending"]


def test_a_trickling_answer_is_no_way_to_keep_the_sender(database, clock):
    endless = b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_000

    _deliver(database, clock, Receiver(lambda _: endless), timeout_s=0.3)

    assert _states(database) == ["pending"]


def test_a_large_answer_is_not_read(database, clock):
    large = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n" + b"x" * 200_000

    _deliver(database, clock, Receiver(lambda _: large))

    assert _states(database) == ["delivered"]


def test_an_answer_that_is_no_http_is_a_failure(database, clock):
    _deliver(database, clock, Receiver(lambda _: b"220 smtp.example ESMTP\r\n"))

    assert _row(database).last_error == "the connection broke (RemoteProtocolError)"


def test_nobody_listening_is_a_failure(database, clock):
    subscribe(database, "a", "http://127.0.0.1:1024/hook")
    tell(database, [event(1)])
    asyncio.run(sender(database, clock).deliver_due())

    assert _row(database).last_error == "no connection"


def test_410_disables_the_endpoint(each_database, clock):
    receiver = Receiver(lambda _: answer(410))
    _deliver(each_database, clock, receiver, rounds=3, step=LEASE)

    assert len(receiver.requests) == 1
    endpoint = _endpoint(each_database)
    assert (endpoint.state, endpoint.state_reason) == ("disabled", "status 410: the receiver wants no more")
    assert _states(each_database) == ["dead"]


@pytest.mark.parametrize("said", ["90", "Mon, 01 Mar 2027 12:01:30 GMT"])
def test_retry_after_pauses_the_endpoint(database, clock, said):
    receiver = Receiver(lambda _: answer(429, retry_after=said))
    _deliver(database, clock, receiver, rounds=9, step=10 * SECOND, events=[event(1)])

    assert len(receiver.requests) == 1
    assert _endpoint(database).health.paused_until == NOON + 90 * SECOND

    tell(database, [event(2)])
    receiver.say = lambda _: answer()
    asyncio.run(_again(database, clock, receiver))

    assert receiver.event_ids == [event(1).event_id, event(1).event_id, event(2).event_id]


async def _again(database, clock, receiver):
    """Send once more to a receiver, which listens on another port now."""
    async with receiving(receiver):
        subscribe(database, "unused", receiver.url)
        with database.writing() as connection:
            change_wishes(connection, "a", receiver.url, None)
        await sender(database, clock).deliver_due()


def test_a_retry_after_without_throttling_is_not_heeded(database, clock):
    _deliver(database, clock, Receiver(lambda _: answer(500, retry_after="3000")))

    assert _endpoint(database).health.paused_until is None


def test_two_senders_send_nothing_twice(database_url, clock):
    one, two = Database(database_url), Database(database_url)
    one.migrate()
    receiver = Receiver(delay_s=0.01)

    async def main():
        async with receiving(receiver):
            subscribe(one, "a", receiver.url)
            tell(one, [event(number) for number in range(60)])
            return await asyncio.gather(*(sender(database, clock).deliver_due() for database in (one, two)))

    shares = asyncio.run(main())

    assert sorted(receiver.event_ids) == [event(number).event_id for number in range(60)]
    assert min(shares) > 0
    one.close()
    two.close()


def test_what_was_sent_but_not_settled_is_sent_again_with_the_same_id(each_database, clock):
    """As when a process is killed after the receiver got the event."""
    receiver = Receiver(lambda _: HANG)

    async def killed():
        running = asyncio.create_task(sender(each_database, clock).deliver_due())
        await _until(lambda: receiver.requests)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def main():
        async with receiving(receiver):
            subscribe(each_database, "a", receiver.url)
            tell(each_database, [event(1)])
            await killed()
            receiver.say = lambda _: answer()
            clock.now += LEASE - SECOND
            assert await sender(each_database, clock).deliver_due() == 0
            clock.now += SECOND
            assert await sender(each_database, clock).deliver_due() == 1

    asyncio.run(main())

    first, second = receiver.requests
    assert (first.event_id, first.body) == (second.event_id, second.body)
    assert _states(each_database) == ["delivered"]


def test_a_stopped_sender_settles_what_is_under_way(database, clock):
    receiver = Receiver(delay_s=0.2)

    async def main():
        async with receiving(receiver):
            subscribe(database, "a", receiver.url)
            tell(database, [event(1)])
            stop = asyncio.Event()
            running = asyncio.create_task(sender(database, clock).run(stop))
            await _until(lambda: receiver.requests)
            stop.set()
            await running

    asyncio.run(main())

    assert _states(database) == ["delivered"]


def test_a_database_that_fails_for_a_while_loses_no_outcome(each_database, clock, monkeypatch):
    monkeypatch.setattr("serving.webhooks.sender.STORE_BACKOFF_S", 0.01)
    receiver = Receiver()
    failing = iter([False] + [True] * 3)
    writing = each_database.writing

    def sometimes():
        if next(failing, False):
            raise StoreUnavailableError("the each_database failed; try again later")
        return writing()

    async def main():
        async with receiving(receiver):
            subscribe(each_database, "a", receiver.url)
            tell(each_database, [event(1)])
            monkeypatch.setattr(each_database, "writing", sometimes)
            stop = asyncio.Event()
            running = asyncio.create_task(sender(each_database, clock).run(stop))
            await _until(lambda: _states(each_database) == ["delivered"])
            stop.set()
            await running

    asyncio.run(main())

    assert len(receiver.requests) == 1


def test_logs_tell_ids_and_never_urls_or_secrets(database, clock, caplog):
    caplog.set_level(logging.DEBUG)
    _deliver(database, clock, Receiver(lambda _: answer(500)), rounds=2, step=6 * SECOND)

    told = "\n".join(record.getMessage() for record in caplog.records)
    assert f"{event(1).event_id} to endpoint a failed (pending): status 500" in told
    assert "query-secret" not in told
    assert SECRET.text not in told
    assert "slip_days" not in told
