import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from serving.webhooks.post import NoAnswerError, Post, Reply
from serving.webhooks.targets import RefusedTargetError, Targets
from tests.serving.webhooks.receiver import LOCAL, Receiver, answer, receiving

HEADERS = {"webhook-id": "01EVENT"}


def _certificate(folder: Path, host: str) -> ssl.SSLContext:
    """Write a certificate for a host and return the context of its server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    kind = serialization.Encoding.PEM
    secret = key.private_bytes(kind, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "chain.pem").write_bytes(secret + made.public_bytes(kind))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem")
    return context


def _post(tmp_path, receiver, *, host, certified, resolver=lambda host, port: ["127.0.0.1"], trusted=True):
    server = _certificate(tmp_path, certified)
    client = ssl.create_default_context(cafile=str(tmp_path / "chain.pem") if trusted else None)

    async def main():
        async with receiving(receiver, server):
            post = Post(Targets(LOCAL, resolver), client, timeout_s=5)
            return await post.post(f"https://{host}:{receiver.port}/hook?x=1", HEADERS, b"{}")

    return asyncio.run(main())


def test_the_connection_goes_to_the_checked_address_with_the_name_of_the_host(tmp_path):
    receiver = Receiver(lambda _: answer(202, retry_after="5"))

    reply = _post(tmp_path, receiver, host="hook.example", certified="hook.example")

    assert reply == Reply(202, "5")
    [request] = receiver.requests
    assert (request.path, request.headers["host"]) == ("/hook?x=1", f"hook.example:{receiver.port}")
    assert request.headers["webhook-id"] == "01EVENT"


@pytest.mark.parametrize(("certified", "trusted"), [("other.example", True), ("hook.example", False)])
def test_a_certificate_of_another_host_or_of_nobody_we_trust_is_refused(tmp_path, certified, trusted):
    receiver = Receiver()

    with pytest.raises(NoAnswerError, match="TLS failed"):
        _post(tmp_path, receiver, host="hook.example", certified=certified, trusted=trusted)

    assert receiver.requests == []


def test_the_name_is_asked_once_for_each_attempt(tmp_path):
    """A second answer, which could be another address, is never asked for."""
    asked = []

    def resolver(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["93.184.215.14"]

    receiver = Receiver()
    _post(tmp_path, receiver, host="hook.example", certified="hook.example", resolver=resolver)

    assert (len(receiver.requests), asked) == (1, ["hook.example"])


def test_a_name_that_leads_home_later_is_refused_then():
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    targets = Targets(resolver=lambda host, port: next(answers))
    url = "https://hook.example/"
    targets.check(url)

    with pytest.raises(RefusedTargetError, match="private"):
        asyncio.run(Post(targets).post(url, HEADERS, b"{}"))


def test_another_address_of_the_host_is_tried_while_nothing_was_sent(tmp_path):
    receiver = Receiver()
    resolver = lambda host, port: ["127.0.0.9", "127.0.0.1"]  # noqa: E731

    _post(tmp_path, receiver, host="hook.example", certified="hook.example", resolver=resolver)

    assert len(receiver.requests) == 1


def test_a_name_server_that_hangs_is_given_up():
    async def main():
        waiting = asyncio.get_running_loop()
        name_is_free = asyncio.Event()

        def resolver(host, port):
            asyncio.run_coroutine_threadsafe(name_is_free.wait(), waiting).result(10)
            return ["93.184.215.14"]

        with pytest.raises(NoAnswerError, match="no answer within"):
            await Post(Targets(resolver=resolver), timeout_s=0.1).post("https://hook.example/", HEADERS, b"{}")
        name_is_free.set()
        await asyncio.sleep(0)

    asyncio.run(main())


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    receiver = Receiver()

    async def main():
        async with receiving(receiver):
            return await Post(Targets(LOCAL), timeout_s=5).post(receiver.url, HEADERS, b"{}")

    assert asyncio.run(main()).status == 204


def test_a_status_counts_even_when_the_rest_never_comes(monkeypatch):
    monkeypatch.setattr("serving.webhooks.post._READ_TIMEOUT_S", 0.05)
    unfinished = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"
    receiver = Receiver(lambda _: unfinished)

    async def main():
        async with receiving(receiver):
            return await Post(Targets(LOCAL), timeout_s=5).post(receiver.url, HEADERS, b"{}")

    assert asyncio.run(main()).status == 200
