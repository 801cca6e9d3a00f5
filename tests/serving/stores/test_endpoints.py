from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from parcelcast.errors import NotFound
from serving.stores.endpoints import (
    BUS,
    DISABLED,
    ENABLED,
    Endpoint,
    add_endpoint,
    change_secrets,
    change_wishes,
    count_endpoints,
    delete_endpoint,
    disable,
    enable,
    read_endpoints,
    read_webhook,
    read_webhooks,
)
from serving.stores.schema import deliveries, endpoints
from serving.webhooks.signing import new_secret, rotated
from tests.serving.stores.outbox import DELAY, NOON, event, tell

SECRET = new_secret(bytes(32))
HOOK = Endpoint("01A", "webhook", "https://hook.example/a", NOON, "kiosk", (DELAY,), (SECRET,))
OTHER = Endpoint("01B", "webhook", "https://hook.example/b", NOON)


@pytest.fixture
def hooks(database):
    with database.writing() as connection:
        for endpoint in (HOOK, OTHER, Endpoint("bus", BUS, "", NOON)):
            add_endpoint(connection, endpoint)
    return database


def _hook(database, endpoint_id="01A"):
    with database.reading() as connection:
        return read_webhook(connection, endpoint_id)


def _states(database):
    with database.reading() as connection:
        return connection.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state)).all()


def test_what_is_added_is_read(hooks):
    assert _hook(hooks) == HOOK
    with hooks.reading() as connection:
        assert read_webhooks(connection) == [HOOK, OTHER]
        assert set(read_endpoints(connection, ["01B", "bus", "none"])) == {"01B", "bus"}
        assert [count_endpoints(connection, merchant) for merchant in ("kiosk", None, "other")] == [1, 1, 0]


@pytest.mark.parametrize("endpoint_id", ["none", "bus", "x" * 1_000])
def test_what_is_no_webhook_is_not_found(hooks, endpoint_id):
    with pytest.raises(NotFound, match="no webhook") as caught:
        _hook(hooks, endpoint_id)

    assert len(str(caught.value)) < 200


def test_wishes_and_secrets_change(hooks):
    secrets = rotated([SECRET], b"n" * 32, NOON)
    with hooks.writing() as connection:
        change_wishes(connection, "01A", "https://new.example/", None)
        change_secrets(connection, "01A", secrets)

    assert _hook(hooks) == replace(HOOK, url="https://new.example/", types=None, secrets=secrets)
    assert _hook(hooks, "01B") == OTHER


def test_a_disabled_endpoint_gets_nothing_more_and_keeps_dead_letters(hooks):
    tell(hooks, [event(1)])
    with hooks.writing() as connection:
        disable(connection, "01A", "it said 410", NOON)
    tell(hooks, [event(2)])

    assert (_hook(hooks).state, _hook(hooks).state_reason) == (DISABLED, "it said 410")
    assert sorted(_states(hooks)) == [("dead", 1), ("pending", 4)]

    with hooks.writing() as connection:
        enable(connection, "01A")
    tell(hooks, [event(3)], NOON + timedelta(hours=1))

    assert (_hook(hooks).state, _hook(hooks).state_reason) == (ENABLED, None)
    assert sorted(_states(hooks)) == [("dead", 1), ("pending", 7)]


def test_a_deleted_endpoint_leaves_nothing(hooks):
    tell(hooks, [event(1)])
    with hooks.writing() as connection:
        delete_endpoint(connection, "01A")
    tell(hooks, [event(2)])

    with hooks.reading() as connection:
        assert read_webhooks(connection) == [OTHER]
        assert "whsec" not in str(connection.execute(select(endpoints)).all())
    assert _states(hooks) == [("pending", 4)]
