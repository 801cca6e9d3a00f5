import ipaddress
import socket

import pytest

from parcelcast.errors import InputError
from serving.webhooks.targets import RefusedTargetError, Targets, is_public, resolve

PUBLIC = [
    "93.184.215.14",
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "64:ff9b::808:808",
]
OURS = [
    "0.0.0.0",  # noqa: S104 - refused here
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.9",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


def _targets(*addresses, allowed=()):
    return Targets(allowed, lambda host, port: list(addresses))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_may_be_reached(text):
    assert is_public(ipaddress.ip_address(text))
    assert _targets(text).check("https://hook.example/x").addresses == (ipaddress.ip_address(text),)


@pytest.mark.parametrize("text", OURS)
def test_private_and_special_addresses_may_not(text):
    with pytest.raises(RefusedTargetError, match="webhook_targets_allowed"):
        _targets(text).check("https://hook.example/x")


def test_one_bad_address_among_good_ones_is_enough():
    with pytest.raises(RefusedTargetError):
        _targets("93.184.215.14", "10.0.0.1").check("https://hook.example/")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:7f00:1]", "localhost"]
)
def test_no_way_of_writing_it_leads_to_this_machine(host):
    with pytest.raises(RefusedTargetError):
        Targets().check(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook.example",
        "//hook.example/",
        "https://",
        "https:///path",
        "ftp://hook.example/",
        "file:///etc/passwd",
        "gopher://hook.example/",
        "https://user@hook.example/",
        "https://user:secret@hook.example/",
        "https://@hook.example/",
        "https://hook.example#@other.example/",
        "https://hook.example/#part",
        "https://hook.example\\@other.example/",
        "https://hook.example/ x",
        "https://hook.example/\r\nHost: other",
        "https://hook.example/\x00",
        "https://hook.example/ü",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://hook.example:0/",
        "https://hook.example:22/",
        "https://hook.example:1023/",
        "https://hook.example:65536/",
        "https://hook.example:x/",
        "https://hook.example/" + "a" * 2_048,
        "http://hook.example/",
    ],
)
def test_odd_urls_are_refused_without_being_repeated(url):
    with pytest.raises(RefusedTargetError, match="expected") as caught:
        _targets("93.184.215.14").check(url)

    assert "secret" not in str(caught.value)
    assert "hook.example" not in str(caught.value)


@pytest.mark.parametrize(("url", "port"), [("https://h.example/", 443), ("https://h.example:8443", 8443)])
def test_the_port_is_that_of_the_url(url, port):
    assert _targets("8.8.8.8").check(url).port == port


def test_allowed_networks_may_be_reached_also_by_plain_http():
    targets = _targets("10.1.2.3", allowed=["10.1.0.0/16", "fd00::/8"])

    assert targets.check("http://intern.example/").port == 80
    with pytest.raises(RefusedTargetError):
        _targets("10.2.0.1", allowed=["10.1.0.0/16"]).check("https://intern.example/")


@pytest.mark.parametrize("failure", [socket.gaierror(8, "not known"), UnicodeError("label too long"), None])
def test_a_host_without_address_is_refused(failure):
    def resolver(host, port):
        if failure is not None:
            raise failure
        return []

    with pytest.raises(RefusedTargetError, match="without an address"):
        Targets(resolver=resolver).check("https://hook.example/")


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.1/8", "here", ""])
def test_allowed_networks_must_be_networks(text):
    with pytest.raises(InputError, match="expected networks"):
        Targets([text])


def test_the_system_resolves_literals():
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]
