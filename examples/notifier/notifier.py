"""A small notification engine: takes parcelcast's webhooks and sends the proposed mails, each once.

It needs nothing but Python 3.11. The request is answered as soon as the event is kept in a SQLite file; a thread sends
the mails, and tries again while the mail server does not answer. README.md tells how to try it.
"""

import argparse
import base64
import hashlib
import hmac
import json
import logging
import os
import smtplib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

TOLERANCE_S = 300
LONGEST_BODY = 65_536
RETRY_S = 5.0

logger = logging.getLogger("notifier")

FindRecipient = Callable[[str], str | None]
"""Returns the mail address for an order id, from the shop's own records: parcelcast has none."""


class AwayError(Exception):
    """The mail server cannot be reached."""


class RefusedError(Exception):
    """A request that did not come from parcelcast, or came too late."""


def verify(headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: float) -> str:
    """Check a signature of Standard Webhooks and return the event's id; RefusedError when it is none of ours."""
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(now - int(timestamp)) > TOLERANCE_S:
        raise RefusedError("the timestamp is missing, or too far from our clock")
    signed = f"{event_id}.{timestamp}.".encode() + body
    given = [part.encode() for part in headers.get("webhook-signature", "").split()]
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
        if any(hmac.compare_digest(expected, part) for part in given):
            return event_id
    raise RefusedError("no signature fits")


class Told(NamedTuple):
    """What a mail tells of an incident: an apology or a recovery, and the day by which the parcel comes."""

    alert_id: str
    kind: str
    day: str

    def is_news_after(self, last: "Told | None") -> bool:
        """Tell whether it is worth a mail: one apology, another for a later day, and a recovery of what was told."""
        if last is None:
            return self.kind == "apology"
        return last.kind == "apology" and (self.kind == "recovery" or self.day > last.day)


class Inbox:
    """Events in a SQLite file, each once, with what became of its mail."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(self._open()) as database, database:
            database.execute("pragma journal_mode = wal")
            database.execute("create table if not exists events (id text primary key, body blob not null, mail text)")
            database.execute("create table if not exists told (alert text primary key, kind text, day text)")

    def keep(self, event_id: str, body: bytes) -> bool:
        """Keep an event, and tell whether it is new; when this returns it survives a crash."""
        with closing(self._open()) as database, database:
            return database.execute("insert or ignore into events values (?, ?, null)", (event_id, body)).rowcount == 1

    def waiting(self) -> list[tuple[str, bytes]]:
        """Return the events whose mail is not sent, the oldest first."""
        with closing(self._open()) as database:
            return database.execute("select id, body from events where mail is null order by rowid").fetchall()

    def settle(self, event_id: str, outcome: str, told: Told | None = None) -> None:
        """Note what became of an event's mail, and what the shopper was told by it."""
        with closing(self._open()) as database, database:
            database.execute("update events set mail = ? where id = ?", (outcome, event_id))
            if told is not None:
                database.execute("insert or replace into told values (?, ?, ?)", told)

    def told(self, alert_id: str) -> Told | None:
        """Return what the shopper was told last of an incident."""
        with closing(self._open()) as database:
            row = database.execute("select alert, kind, day from told where alert = ?", (alert_id,)).fetchone()
            return None if row is None else Told(*row)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=10)


class Mailer:
    """Sends what waits in the inbox."""

    def __init__(self, inbox: Inbox, find_recipient: FindRecipient, smtp: tuple[str, int], sender: str) -> None:
        self._inbox = inbox
        self._find_recipient = find_recipient
        self._smtp = smtp
        self._sender = sender

    def send_waiting(self) -> bool:
        """Send all mails that wait; False when some still do, as the mail server is away or wants them later.

        A mail that can never be sent is given up, and no mail holds up those of other incidents. Killed between the
        mail server's answer and our note of it, we send that mail again: its Message-ID is the same.
        """
        held = set()
        for event_id, body in self._inbox.waiting():
            alert_id = event_id
            try:
                event = json.loads(body)
                alert_id = str(event["data"].get("alert_id") or event_id)
                if alert_id not in held:  # a recovery must not overtake its apology
                    self._send(event_id, alert_id, event)
            except AwayError:
                return False
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one mail, the next ones go on
                if not _is_for_good(error):
                    held.add(alert_id)
                    continue
                self._inbox.settle(event_id, "given up")
                # No more than this: what the error says may hold the address.
                reason = getattr(error, "smtp_code", type(error).__name__)
                logger.warning("the mail of event %s is given up (%s)", event_id, reason)
        return not held

    def _send(self, event_id: str, alert_id: str, event: Mapping[str, Any]) -> None:
        mail = compose(event, self._find_recipient, self._sender)
        told = _told_by(event, alert_id)
        if mail is None or told is None or not told.is_news_after(self._inbox.told(alert_id)):
            self._inbox.settle(event_id, "none needed")
            return
        try:
            server = smtplib.SMTP(*self._smtp, timeout=10)
        except (OSError, smtplib.SMTPException) as error:
            raise AwayError from error
        try:
            server.send_message(mail)
        finally:
            with suppress(OSError, smtplib.SMTPException):  # it was sent, or was not, before
                server.quit()
        self._inbox.settle(event_id, "sent", told)


def _is_for_good(error: Exception) -> bool:
    """Tell whether a mail fails each time: the mail server says so, or it cannot be written."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError | smtplib.SMTPSenderRefused):
        return error.smtp_code >= 500
    # An event or an address of an unexpected form, such as one with a line break; a server without non-ASCII addresses.
    return isinstance(error, smtplib.SMTPNotSupportedError | ValueError | LookupError | TypeError | AttributeError)


def _told_by(event: Mapping[str, Any], alert_id: str) -> Told | None:
    data = event["data"]
    day = ((data.get("promise") or {}).get("now") or {}).get("by") or ""
    kind = next((kind for kind in ("apology", "recovery") if kind in (data.get("texts") or {})), None)
    return None if kind is None else Told(alert_id, kind, day)


def compose(event: Mapping[str, Any], find_recipient: FindRecipient, sender: str) -> EmailMessage | None:
    """Make the mail that an event proposes; None where it proposes none, or the shop knows no address."""
    texts = event["data"].get("texts") or {}
    text = texts.get("apology") or texts.get("recovery")
    to = find_recipient(str(event["data"].get("order_id")))
    if text is None or to is None:
        return None
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, text["subject"]
    mail["Message-ID"] = f"<{event['id']}@{sender.rpartition('@')[2]}>"
    mail.set_content(text["body"])
    return mail


class Notifier:
    """An HTTP server that takes webhooks, and a thread that mails."""

    def __init__(self, inbox: Inbox, mailer: Mailer, secrets: Iterable[str], port: int) -> None:
        self._mailer = mailer
        self._news = threading.Event()
        self._stopping = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", port), _handler(inbox, tuple(secrets), self._news))
        self.server.daemon_threads = True

    def run(self) -> None:
        """Serve until interrupted."""
        mailing = threading.Thread(target=self._mail, daemon=True)
        mailing.start()
        try:
            self.server.serve_forever()
        finally:
            self._stopping.set()
            self._news.set()
            mailing.join()
            self.server.server_close()

    def _mail(self) -> None:
        while not self._stopping.is_set():
            self._news.clear()
            try:
                is_done = self._mailer.send_waiting()
            except Exception as error:  # noqa: BLE001 - such as a full disk; the thread must live
                logger.error("mailing failed by %s and is tried again", type(error).__name__)  # noqa: TRY400 - no addresses
                is_done = False
            self._news.wait(None if is_done else RETRY_S)


def _handler(inbox: Inbox, secrets: tuple[str, ...], news: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isdigit() or int(length) > LONGEST_BODY:
                self._answer(413)
                return
            body = self.rfile.read(int(length))
            try:
                headers = {name.lower(): value for name, value in self.headers.items()}
                event_id = verify(headers, body, secrets, time.time())
            except RefusedError:
                self._answer(401)
                return
            inbox.keep(event_id, body)
            self._answer(204)  # the mail is sent after the answer: parcelcast does not wait for it
            news.set()

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: paths may hold secrets."""

    return Handler


def main() -> None:
    """Read the options and serve."""
    logging.basicConfig(format="%(message)s")
    parser = argparse.ArgumentParser(description="Send the mails that parcelcast proposes. See README.md beside this.")
    parser.add_argument("--orders", type=Path, required=True, help='JSON file: {"order id": "mail address"}')
    parser.add_argument("--inbox", type=Path, default=Path("notifier.sqlite"), help="file of events (SQLite)")
    parser.add_argument("--port", type=int, default=8099, help="where webhooks arrive")
    parser.add_argument("--smtp", default="127.0.0.1:1025", help="HOST:PORT of the mail server")
    parser.add_argument("--sender", default="service@shop.example", help="From address")
    options = parser.parse_args()
    # Several during a rotation, with spaces between them.
    secrets = os.environ.get("WEBHOOK_SECRET", "").split()
    if not secrets:
        parser.error("set WEBHOOK_SECRET to the secret that POST /v1/webhooks answered")
    orders = json.loads(options.orders.read_text(encoding="utf-8"))
    host, _, port = options.smtp.rpartition(":")
    inbox = Inbox(options.inbox)
    mailer = Mailer(inbox, orders.get, (host, int(port)), options.sender)
    notifier = Notifier(inbox, mailer, secrets, options.port)
    print(f"taking webhooks at http://127.0.0.1:{notifier.server.server_port}/")
    try:
        notifier.run()
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
