"""A small notification engine: takes parcelcast's webhooks and sends the proposed mail, once for each event.

It needs nothing but Python 3.11. The request is answered as soon as the event is kept in a SQLite file; a thread sends
the mails, and tries again while the mail server does not answer. README.md tells how to try it.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import smtplib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOLERANCE_S = 300
LONGEST_BODY = 65_536
RETRY_S = 5.0

FindRecipient = Callable[[str], str | None]
"""Returns the mail address for an order id, from the shop's own records: parcelcast has none."""


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


class Inbox:
    """Events in a SQLite file, each once, with what became of its mail."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(self._open()) as database, database:
            database.execute("pragma journal_mode = wal")
            database.execute("create table if not exists events (id text primary key, body blob not null, mail text)")

    def keep(self, event_id: str, body: bytes) -> bool:
        """Keep an event, and tell whether it is new; when this returns it survives a crash."""
        with closing(self._open()) as database, database:
            return database.execute("insert or ignore into events values (?, ?, null)", (event_id, body)).rowcount == 1

    def waiting(self) -> list[tuple[str, bytes]]:
        """Return the events whose mail is not sent, the oldest first."""
        with closing(self._open()) as database:
            return database.execute("select id, body from events where mail is null order by rowid").fetchall()

    def settle(self, event_id: str, outcome: str) -> None:
        """Note what became of an event's mail."""
        with closing(self._open()) as database, database:
            database.execute("update events set mail = ? where id = ?", (outcome, event_id))

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
        """Send all mails that wait; False when the mail server failed, so that some still do.

        Killed between the mail server's answer and our note of it, we send that mail again: its Message-ID is the same.
        """
        for event_id, body in self._inbox.waiting():
            mail = compose(json.loads(body), self._find_recipient, self._sender)
            if mail is None:
                self._inbox.settle(event_id, "none needed")
                continue
            try:
                with smtplib.SMTP(*self._smtp, timeout=10) as server:
                    server.send_message(mail)
            except smtplib.SMTPRecipientsRefused:
                self._inbox.settle(event_id, "address refused")
                continue
            except (OSError, smtplib.SMTPException):
                return False
            self._inbox.settle(event_id, "sent")
        return True


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
            is_done = self._mailer.send_waiting()
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
