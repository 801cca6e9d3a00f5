"""Which broker an address means."""

import traceback

import pytest

from parcelcast.errors import InputError
from serving.bus.broker import kind_of


@pytest.mark.parametrize("url", ["amqp://user:secret@[bad/", "amqp://user:secret@\u2100.example/", "", "nonsense"])
def test_addresses_that_are_none_are_refused_without_being_repeated(url):
    with pytest.raises(InputError, match="expected nats://") as caught:
        kind_of(url)

    assert "secret" not in "".join(traceback.format_exception(caught.value))
