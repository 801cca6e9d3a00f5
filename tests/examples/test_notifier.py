"""The example of a notification engine, from the outbox to a mail server."""

import asyncio
import importlib.util
import json
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from sqlalchemy import select

from serving.stores.database import Database
from serving.stores.schema import deliveries
from serving.webhooks.signing import headers, new_secret, rotated
from tests.serving.fakes import FakeClock
from tests.serving.stores.outbox import event, tell
from tests.serving.webhooks.receiver import SECRET, sender, subscribe

PROGRAM = Path(__file__).parents[2] / "examples" / "notifier" / "notifier.py"
_spec = importlib.util.spec_from_file_location("notifier", PROGRAM)
notifier = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(notifier)

ORDERS = {"o1": "kim@example.org", "o2": "sascha@example.org"}
TEXTS = {"apology": {"subject": "Ihr Paket verspätet sich", "body": "Es tut uns leid: Es kommt am Donnerstag.\n"}}


class Letters(Message):
    """Keeps the mails that it gets."""

    def __init__(self):
        super().__init__()
        self.got = []

    def handle_message(self, message):
        self.got.append(message)


def _free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def _mail_server(letters, port):
    controller = Controller(letters, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@contextmanager
def _notifying(inbox, smtp_port):
    mailer = notifier.Mailer(inbox, ORDERS.get, ("127.0.0.1", smtp_port), "service@shop.example")
    running = notifier.Notifier(inbox, mailer, [SECRET.text], 0)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server.server_port}/"
    finally:
        running.server.shutdown()
        thread.join()


@pytest.fixture
def database(tmp_path):
    found = Database(f"sqlite:///{tmp_path / 'parcels.sqlite'}")
    found.migrate()
    yield found
    found.close()


@pytest.fixture
def inbox(tmp_path):
    return notifier.Inbox(tmp_path / "inbox.sqlite")


@pytest.fixture
def clock():
    return FakeClock(datetime.now(UTC))  # the notifier compares timestamps with the real clock


def _told(number, **data):
    return event(number, data={"order_id": f"o{number}", "texts": TEXTS, **data})


def _until(happened):
    for _ in range(1_000):
        if happened():
            return
        threading.Event().wait(0.01)
    pytest.fail("it did not happen")


def test_an_apology_reaches_the_shopper_once_although_the_notifier_failed(database, inbox, clock, monkeypatch):
    """It fails after it kept the event: the sender must send again, and the notifier must not mail again."""
    letters, port = Letters(), _free_port()
    keep, failures = inbox.keep, iter([True])
    kept = []

    def keep_and_fail(event_id, body):
        kept.append(keep(event_id, body))
        if next(failures, False):
            raise ConnectionAbortedError
        return kept[-1]

    monkeypatch.setattr(inbox, "keep", keep_and_fail)
    with _mail_server(letters, port), _notifying(inbox, port) as url:
        monkeypatch.setattr("http.server.ThreadingHTTPServer.handle_error", lambda *_: None)
        subscribe(database, "a", url)
        tell(database, [_told(1)], clock())
        for _ in range(3):
            asyncio.run(sender(database, clock).deliver_due())
            clock.now += timedelta(seconds=6)
        _until(lambda: letters.got and not inbox.waiting())

    assert kept == [True, False]
    [mail] = letters.got
    assert (mail["to"], mail["message-id"]) == ("kim@example.org", f"<{event(1).event_id}@shop.example>")
    assert "Es tut uns leid" in mail.get_payload(decode=True).decode()
    with database.reading() as connection:
        assert connection.execute(select(deliveries.c.state, deliveries.c.attempts)).all() == [("delivered", 2)]


def test_mails_wait_for_a_mail_server_that_is_away(database, inbox, clock, monkeypatch):
    monkeypatch.setattr(notifier, "RETRY_S", 0.05)
    letters, port = Letters(), _free_port()
    with _notifying(inbox, port) as url:
        subscribe(database, "a", url)
        tell(database, [_told(1), _told(2)], clock())
        asyncio.run(sender(database, clock).deliver_due())
        assert len(inbox.waiting()) == 2
        with _mail_server(letters, port):
            _until(lambda: not inbox.waiting())

    # Either can be the first to be tried again.
    assert sorted(mail["to"] for mail in letters.got) == sorted(ORDERS.values())


@pytest.mark.parametrize("data", [{"texts": {}}, {"texts": None}, {"order_id": "o99"}, {"order_id": None}])
def test_without_a_text_or_an_address_nothing_is_mailed(data):
    body = {"id": "01EVENT", "data": {"order_id": "o1", "texts": TEXTS, **data}}

    assert notifier.compose(body, ORDERS.get, "service@shop.example") is None


def test_a_refused_address_does_not_hold_up_others(inbox):
    class Choosy(Letters):
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
            if address.startswith("kim"):
                return "550 no such user"
            envelope.rcpt_tos.append(address)
            return "250 OK"

    letters, port = Choosy(), _free_port()
    for number in (1, 2):
        inbox.keep(f"e{number}", json.dumps({"id": f"e{number}", "data": _told(number).data}).encode())
    with _mail_server(letters, port):
        mailer = notifier.Mailer(inbox, ORDERS.get, ("127.0.0.1", port), "service@shop.example")
        assert mailer.send_waiting()

    assert [mail["to"] for mail in letters.got] == ["sascha@example.org"]
    assert inbox.waiting() == []


class Strict(Letters):
    """Refuses what the first shopper gets, with an answer; it takes ASCII addresses alone."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        if envelope.rcpt_tos[0].startswith("kim"):
            return self.answer
        return await super().handle_DATA(server, session, envelope)


def _keep(inbox, number, order="o1", kind="apology", alert="a", by="2027-03-08"):
    texts = {kind: TEXTS["apology"]}
    data = {"alert_id": alert, "order_id": order, "texts": texts, "promise": {"now": {"by": by}}}
    inbox.keep(f"e{number}", json.dumps({"id": f"e{number}", "data": data}).encode())


def _mailer(inbox, port, orders=ORDERS):
    return notifier.Mailer(inbox, orders.get, ("127.0.0.1", port), "service@shop.example")


@pytest.mark.parametrize("address", ["kim@example.org", "kim@exämple.org", "kim@a.org\nBcc: eve@example.org"])
def test_a_mail_that_can_never_be_sent_is_given_up_and_holds_up_no_other(inbox, caplog, address):
    letters, port = Strict("554 5.7.1 rejected, kim@example.org"), _free_port()
    _keep(inbox, 1)
    _keep(inbox, 2, "o2", alert="b")
    with _mail_server(letters, port):
        assert _mailer(inbox, port, {**ORDERS, "o1": address}).send_waiting()

    assert [mail["to"] for mail in letters.got] == ["sascha@example.org"]
    assert inbox.waiting() == []
    assert "the mail of event e1 is given up" in caplog.text
    assert not {"kim", "example"} & set(caplog.text.replace("@", " ").replace(".", " ").split())


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b"{}", b'{"data": null}'])
def test_an_event_of_an_unexpected_form_holds_up_no_other(inbox, body):
    letters, port = Letters(), _free_port()
    inbox.keep("e1", body)
    _keep(inbox, 2)
    with _mail_server(letters, port):
        assert _mailer(inbox, port).send_waiting()

    assert (len(letters.got), inbox.waiting()) == (1, [])


def test_a_mail_that_is_wanted_later_waits_alone_and_before_its_recovery(inbox):
    letters, port = Strict("451 try again later"), _free_port()
    _keep(inbox, 1)
    _keep(inbox, 2, kind="recovery")
    _keep(inbox, 3, "o2", alert="b")
    with _mail_server(letters, port):
        mailer = _mailer(inbox, port)
        assert not mailer.send_waiting()
        assert [mail["to"] for mail in letters.got] == ["sascha@example.org"]
        assert [event_id for event_id, _ in inbox.waiting()] == ["e1", "e2"]
        letters.answer = "250 OK"
        assert mailer.send_waiting()

    assert inbox.waiting() == []


def test_the_thread_goes_on_after_a_failure_that_nobody_foresaw(inbox, monkeypatch):
    monkeypatch.setattr(notifier, "RETRY_S", 0.01)
    letters, port = Letters(), _free_port()
    _keep(inbox, 1)
    waiting, failures = inbox.waiting, iter([True, True])

    def fail_twice():
        if next(failures, False):
            raise notifier.sqlite3.OperationalError("disk is full")
        return waiting()

    monkeypatch.setattr(inbox, "waiting", fail_twice)
    with _mail_server(letters, port), _notifying(inbox, port):
        _until(lambda: letters.got)


def test_an_incident_has_one_apology_and_another_only_for_a_later_day(inbox):
    letters, port = Letters(), _free_port()
    for number, by in enumerate(("2027-03-08", "2027-03-08", "2027-03-06", "2027-03-11", "2027-03-10")):
        _keep(inbox, number, by=by)
    _keep(inbox, 9, alert="b")
    with _mail_server(letters, port):
        mailer = _mailer(inbox, port)
        assert mailer.send_waiting()
        assert mailer.send_waiting()

    sent = [mail["message-id"] for mail in letters.got]
    assert sent == ["<e0@shop.example>", "<e3@shop.example>", "<e9@shop.example>"]


def test_a_recovery_is_mailed_once_and_only_after_an_apology(inbox):
    letters, port = Letters(), _free_port()
    _keep(inbox, 1, kind="recovery", alert="never told")
    _keep(inbox, 2)
    _keep(inbox, 3, kind="recovery")
    _keep(inbox, 4, kind="recovery")
    _keep(inbox, 5, by="2027-03-20")
    with _mail_server(letters, port):
        assert _mailer(inbox, port).send_waiting()

    assert [mail["message-id"] for mail in letters.got] == ["<e2@shop.example>", "<e3@shop.example>"]


NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("secret", [SECRET, new_secret(b"n" * 32)])
def test_either_secret_is_good_during_a_rotation(secret):
    signed = headers("01EVENT", b"{}", rotated([SECRET], b"n" * 32, NOW), NOW)

    assert notifier.verify(signed, b"{}", [secret.text], NOW.timestamp()) == "01EVENT"


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "01OTHER"},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,ü"},
    ],
)
def test_other_requests_are_refused(change):
    signed = {**headers("01EVENT", b"{}", [SECRET], NOW), **change}

    with pytest.raises(notifier.RefusedError):
        notifier.verify(signed, b"{}", [SECRET.text], NOW.timestamp())


@pytest.mark.parametrize("seconds", [-301, 301])
def test_old_requests_and_those_of_the_future_are_refused(seconds):
    signed = headers("01EVENT", b"{}", [SECRET], NOW)

    with pytest.raises(notifier.RefusedError, match="clock"):
        notifier.verify(signed, b"{}", [SECRET.text], NOW.timestamp() + seconds)


def test_unsigned_requests_are_answered_401(database, inbox, clock):
    with _notifying(inbox, 1) as url:
        subscribe(database, "a", url, secrets=(new_secret(b"x" * 32),))
        tell(database, [_told(1)], clock())
        asyncio.run(sender(database, clock).deliver_due())

    with database.reading() as connection:
        assert connection.execute(select(deliveries.c.last_status)).scalar_one() == 401
    assert inbox.waiting() == []
