import asyncio
import threading

from parcelcast.settings import Settings
from serving.clock import system_clock
from serving.stores.database import Database
from serving.webhooks.dispatch import Dispatch
from tests.serving.stores.outbox import event, tell
from tests.serving.webhooks.receiver import LOCAL, Receiver, receiving, subscribe

SETTINGS = Settings(webhook_targets_allowed=LOCAL)


def _until(happened):
    async def wait():
        async with asyncio.timeout(20):
            while not happened():  # noqa: ASYNC110 - it happens in another thread
                await asyncio.sleep(0.01)

    return wait()


def test_events_are_delivered_while_it_runs(database):
    receiver = Receiver()
    dispatch = Dispatch(database, SETTINGS, system_clock)

    async def main():
        async with receiving(receiver):
            subscribe(database, "a", receiver.url)
            dispatch.start()
            for number in (1, 2):
                tell(database, [event(number)], system_clock())
                dispatch.wake()
                await _until(lambda expected=number: len(receiver.requests) == expected)
            await asyncio.to_thread(dispatch.stop)

    asyncio.run(main())

    assert receiver.event_ids == [event(1).event_id, event(2).event_id]
    assert not dispatch.state().running
    assert "dispatch" not in [thread.name for thread in threading.enumerate()]


def test_a_database_that_is_not_ready_yet_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("serving.webhooks.sender.STORE_BACKOFF_S", 0.02)
    database = Database(f"sqlite:///{tmp_path / 'parcels.sqlite'}")
    receiver = Receiver()
    dispatch = Dispatch(database, SETTINGS, system_clock)

    async def main():
        async with receiving(receiver):
            dispatch.start()
            await _until(lambda: dispatch.state().last_error is not None)
            database.migrate()
            subscribe(database, "a", receiver.url)
            tell(database, [event(1)], system_clock())
            await _until(lambda: receiver.requests)
            assert dispatch.state().last_error is None
            await asyncio.to_thread(dispatch.stop)

    asyncio.run(main())
    database.close()


def test_a_mistake_is_told_and_the_work_goes_on(database, monkeypatch, caplog):
    monkeypatch.setattr("serving.webhooks.dispatch.RESTART_S", 0.01)
    receiver = Receiver()
    dispatch = Dispatch(database, SETTINGS, system_clock)
    turn, mistakes = dispatch._sender._turn, iter([ZeroDivisionError()])

    async def turn_with_a_mistake():
        for mistake in mistakes:
            raise mistake
        return await turn()

    monkeypatch.setattr(dispatch._sender, "_turn", turn_with_a_mistake)

    async def main():
        async with receiving(receiver):
            subscribe(database, "a", receiver.url)
            tell(database, [event(1)], system_clock())
            dispatch.start()
            await _until(lambda: receiver.requests)
            await asyncio.to_thread(dispatch.stop)

    asyncio.run(main())

    assert "the sender failed by ZeroDivisionError and starts again" in caplog.text


def test_it_can_be_stopped_before_it_was_started(database):
    Dispatch(database, SETTINGS, system_clock).stop()
