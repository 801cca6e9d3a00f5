"""A receiver of webhooks that fails every third time, in one way or another, and remembers what it got."""

import base64
import hashlib
import hmac
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Lock, Thread

FAILING_SHARE = 1 / 3


class Receiver:
    """Listens on a port of 127.0.0.1 from `start` to `stop`."""

    def __init__(self, random: Random) -> None:
        self.secret = ""
        self.accepted: Counter[str] = Counter()
        self.bodies: dict[str, set[bytes]] = {}
        self.failed = 0
        self.forged = 0
        self._random = random
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, name="receiver", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, event_id: str, timestamp: str, signatures: str, body: bytes) -> int | None:
        """Return the status to answer with; None: hang up without an answer, though the event was read."""
        with self._lock:
            if self._expected(event_id, timestamp, body) not in signatures.split():
                self.forged += 1
            self.bodies.setdefault(event_id, set()).add(body)
            if self._random.random() < FAILING_SHARE:
                self.failed += 1
                return self._random.choice([500, 503, None])
            self.accepted[event_id] += 1
            return 204

    def _expected(self, event_id: str, timestamp: str, body: bytes) -> str:
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signed = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
        return f"v1,{base64.b64encode(signed.digest()).decode()}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                told, length = self.headers, int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:  # the sender was killed while it wrote
                    self.close_connection = True
                    return
                status = receiver.take(told["webhook-id"], told["webhook-timestamp"], told["webhook-signature"], body)
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
