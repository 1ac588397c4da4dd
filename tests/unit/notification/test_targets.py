"""No subscription can make the axis call its own network."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lienthong.notification.channels import (
    Refused,
    TargetRefusedError,
    WebhookCall,
    WebhookChannel,
    forbidden,
    make_secret,
    parse_target,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - an address that must be refused
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.7",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
    "2001:0:53aa:64c::1",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused_behind_a_name(address: str) -> None:
    """A public name that resolves to a private address is refused, alone or among public ones."""
    for answer in ([address], ["8.8.8.8", address]):
        channel = WebhookChannel(resolver=lambda _host, _port, answer=answer: answer)  # type: ignore[misc]
        result = channel.send(WebhookCall("https://hooks.example/", "n", b"{}", (make_secret(b"k" * 32),)), NOW)
        assert isinstance(result, Refused), answer


@pytest.mark.parametrize("address", [a for a in PRIVATE if "%" not in a])
def test_private_addresses_are_refused_as_written(address: str) -> None:
    """An address in the URL itself is refused when somebody subscribes."""
    host = f"[{address}]" if ":" in address else address
    assert WebhookChannel().check(f"https://{host}/")


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "017700000001", "127.0.0x1", "1.2.3"],
)
def test_numbers_in_disguise_are_refused(host: str) -> None:
    """Decimal, octal, hexadecimal and shortened notations do not pass, whatever the resolver makes of them."""
    with pytest.raises(TargetRefusedError):
        parse_target(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "gopher://hooks.example/",
        "//hooks.example/",
        "hooks.example",
        "",
        "https://",
        "https:///path",
        "https://user:pass@hooks.example/",
        "https://user@127.0.0.1/",
        "https://hooks.example:99999/",
        "https://hooks.example:0/",
        "https://hooks.example/" + "a" * 3000,
        "https://hooks.example/\r\nx: y",
        "https://①②⑦.⓪.⓪.①/",
        "https://[::1/",
        "https://hooks example/",
        "https://127.0.0.1%2f.hooks.example/",
        "https://hooks..example/",
        "https://" + "a." * 130 + "example/",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    """Other schemes, credentials, malformed and oversized URLs are refused with a reason."""
    assert WebhookChannel().check(url)


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST"])
def test_localhost_is_refused_by_the_system_resolver(name: str) -> None:
    """The real resolver's answer is judged as well."""
    result = WebhookChannel().send(WebhookCall(f"https://{name}/", "n", b"{}", (make_secret(b"k" * 32),)), NOW)
    assert isinstance(result, Refused)


def test_public_targets_pass() -> None:
    """Ordinary targets pass, with the port of their scheme."""
    target = parse_target("https://Hooks.Example/a?b=c")
    assert (target.authority, target.allowed) == ("hooks.example:443", False)
    assert str(target.pinned("8.8.8.8")) == "https://8.8.8.8/a?b=c"
    for address in ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"):
        assert forbidden(address) == ""
    assert parse_target("https://hội-nghị.vn/").host.startswith("xn--")


def test_the_operator_allows_host_and_port_together() -> None:
    """An allowed host is allowed at that port only, and by that name only."""
    allow = frozenset({"intranet.test:8080", "127.0.0.1:9000", "[::1]:9000"})
    assert parse_target("http://intranet.test:8080/", allow).allowed
    assert parse_target("http://127.0.0.1:9000/", allow).allowed
    assert parse_target("http://[::1]:9000/", allow).allowed
    for url in ("http://intranet.test/", "http://intranet.test:8081/", "https://127.0.0.1:9001/"):
        with pytest.raises(TargetRefusedError):
            parse_target(url, allow)
